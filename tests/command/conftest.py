"""A command, run in this process."""

import pytest

from clfcore.cli.main import main


@pytest.fixture
def call(capsys: pytest.CaptureFixture) -> object:
    """Run a command in this process: (exit status, standard output, standard error)."""

    def run(*words: object) -> tuple[int, str, str]:
        status = main([str(word) for word in words])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run
