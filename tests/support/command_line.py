"""A command's refusal: one line, exit status 2."""


def refused(answer: tuple[int, str, str], *parts: str) -> None:
    status, out, err = answer
    assert status == 2, err
    assert out == ""
    assert len(err.strip().splitlines()) == 1, err
    assert "Traceback" not in err
    for part in parts:
        assert part in err
