"""One logger: a file in a run's folder, standard error with --verbose, and no harm where a file cannot be written."""

import logging
from pathlib import Path

import pytest

from clfcore.logs import log, logged_to, printed


def test_a_folder_gets_the_messages_of_its_block_alone(tmp_path: Path) -> None:
    log.info("before")
    with logged_to(tmp_path):
        log.info("epoch %d", 3)
        log.debug("too fine")
    log.info("after")
    assert (tmp_path / "log.txt").read_text(encoding="utf-8").endswith(" INFO epoch 3\n")
    assert len((tmp_path / "log.txt").read_text(encoding="utf-8").splitlines()) == 1
    assert log.handlers == []


def test_a_resumed_run_appends(tmp_path: Path) -> None:
    for number in (1, 2):
        with logged_to(tmp_path):
            log.info("part %d", number)
    assert len((tmp_path / "log.txt").read_text(encoding="utf-8").splitlines()) == 2


def test_a_file_that_cannot_be_written_costs_nothing_else(tmp_path: Path) -> None:
    with logged_to(tmp_path / "absent"):
        log.info("lost")
    assert not (tmp_path / "absent").exists()


def test_verbose_prints_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with printed():
        log.info("loaded")
    log.info("not shown")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith(" INFO loaded\n")
    assert err.count("\n") == 1
    assert log.level == logging.NOTSET
