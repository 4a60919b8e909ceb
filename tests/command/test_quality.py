"""`quality`: the JSON that the contract names, refusals in one line."""

import json

import pytest

from clfcore.cli.main import main


def test_it_prints_suspects_and_outliers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quality", "shapes:count=24,side=16", "--most", "3", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report) >= {"name", "checks", "seconds"}
    assert set(report["checks"]["labels"][0]) == {"item", "split", "given", "suggested", "score"}
    assert set(report["checks"]["outliers"][0]) == {"item", "score"}
    assert len(report["checks"]["labels"]) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere"),
        (["digits", "--most", "0"], "most is 0"),
        (["digits", "--architecture", "lenet5"], "lenet5"),
    ],
)
def test_it_refuses_in_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quality", *arguments]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert not printed.out
    assert len(printed.err.strip().splitlines()) == 1
