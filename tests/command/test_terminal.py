"""What reaches a terminal: names of others, other encodings, readers that go away, faults of our own."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore import api
from clfcore.cli.main import main
from clfcore.cli.terminal import json_line
from clfcore.files import crashes_folder
from clfcore.printable import printable

ROOT = Path(__file__).parents[2]
HOSTILE = "\x1b[31mred\x07\u202egpj.\x9b2J\u2066x\x7f"


def hostile_folder(tmp_path: Path, *names: str) -> Path:
    folder = tmp_path / "photos"
    for name in names:
        (folder / name).mkdir(parents=True)
        for i in range(4):
            pixels = np.full((12, 12, 3), 20 * i + len(name), np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder


def run(*words: object, **more: object) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more.pop("environment", {})}
    line = [sys.executable, "-m", "clfcore", *map(str, words)]
    return subprocess.run(line, capture_output=True, check=False, env=environment, timeout=100, **more)


def steers(text: str) -> list[str]:
    return [sign for sign in text if not sign.isprintable() and sign not in "\n\u200c\u200d"]


@pytest.mark.parametrize(
    "text", ["Straße", "图书", "كتاب", "नमस्ते", "می\u200cخواهم", "👩\u200d🔬", "a\u00a0b", "\u3000"]
)
def test_letters_of_every_script_stay(text: str) -> None:
    assert printable(text) == text
    assert json.loads(json_line(text)) == text


@pytest.mark.parametrize(
    "sign",
    [
        chr(n)
        for n in (
            *range(32),
            *range(127, 160),
            0x061C,
            0x200E,
            0x200F,
            *range(0x2028, 0x202F),
            *range(0x2066, 0x206A),
            0xFEFF,
            0xDC80,
            0xE0041,
        )
    ],
)
def test_whatever_steers_a_terminal_is_escaped_and_json_keeps_it(sign: str) -> None:
    assert steers(printable(f"a{sign}b")) == []
    assert printable(f"a{sign}b").startswith("a\\")
    line = json_line({f"a{sign}": f"{sign}b"})
    assert steers(line) == []
    assert "\n" not in line
    assert json.loads(line) == {f"a{sign}": f"{sign}b"}


def test_names_of_files_and_classes_never_steer_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = hostile_folder(tmp_path, HOSTILE, "b\nno problems found")
    (folder / HOSTILE / f"bad\r{HOSTILE}.png").write_bytes(b"no picture")
    assert main(["datasets", "check", str(folder)]) == 0
    shown = capsys.readouterr()
    assert steers(shown.out + shown.err) == []
    assert "\\x1b[31mred" in shown.out
    assert "no problems found" not in shown.out.splitlines()
    assert main(["datasets", "check", str(folder), "--json"]) == 0
    out = capsys.readouterr().out
    assert steers(out) == []
    assert set(json.loads(out)["classes"]) == {HOSTILE, "b\nno problems found"}
    assert main(["predict", "lenet5", str(folder / HOSTILE)]) == 2
    assert steers(capsys.readouterr().err) == []


@pytest.mark.parametrize(("encoding", "shown"), [("ascii", "\\u56fe"), ("cp1252", "\\u56fe"), ("utf-8", "图")])
def test_a_terminal_of_another_encoding_shows_every_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, shown: str
) -> None:
    folder = hostile_folder(tmp_path, "图", "é")
    for flags in ([], ["--json"]):
        out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
        monkeypatch.setattr(sys, "stdout", out)
        assert main(["datasets", "check", str(folder), *flags]) == 0
        text = out.buffer.getvalue().decode(encoding)
        assert shown in text
        if flags:
            assert json.loads(text)["classes"] == ["é", "图"]


def test_a_refusal_is_one_line_of_bounded_length(capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("x\n" * 50, "y" * 200_000, HOSTILE, "\ud800\udcff"):
        assert main(["runs", "show", word]) == 2
        text = capsys.readouterr().err
        assert len(text.splitlines()) == 1
        assert len(text) < 2100
        assert steers(text.rstrip("\n")) == []


def test_a_fault_of_our_own_is_one_line_and_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fault() -> None:
        raise ZeroDivisionError("by zero\nof course")

    monkeypatch.setattr(api, "doctor", fault)
    for _ in range(22):
        assert main(["doctor", "--json"]) == 1
        shown = capsys.readouterr()
        assert shown.out == ""
        assert shown.err.startswith("this is a fault of clflab (ZeroDivisionError: by zero of course); details in ")
        assert len(shown.err.splitlines()) == 1
    kept = sorted(crashes_folder().glob("*"))
    assert len(kept) == 20
    assert "Traceback" in kept[-1].read_text()
    assert "clfcore doctor --json" in kept[-1].read_text()
    monkeypatch.setenv("CLFLAB_CRASHES", str(kept[0] / "below a file"))
    assert main(["doctor"]) == 1
    assert "could not be written" in capsys.readouterr().err


def test_memory_that_is_not_enough_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def hungry() -> None:
        raise MemoryError

    monkeypatch.setattr(api, "doctor", hungry)
    assert main(["doctor"]) == 1
    assert "memory is not enough" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_fault() -> None:
    line = f"{sys.executable} -m clfcore architectures --json | head -c 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], capture_output=True, cwd=ROOT, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), ConnectionResetError()])
def test_a_connection_that_breaks_inside_a_command_is_one_line(
    error: OSError, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only a closed standard output ends a command in silence."""

    def fault() -> None:
        raise error

    monkeypatch.setattr(api, "doctor", fault)
    assert main(["doctor", "--json"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"a connection ended early ({error.strerror or type(error).__name__}): ")
    assert len(shown.err.splitlines()) == 1


def test_a_full_output_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "clfcore", "datasets"], stdout=full, stderr=subprocess.PIPE, cwd=ROOT, check=False
        )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


def test_interrupted_from_the_keyboard_is_one_line(tmp_path: Path) -> None:
    fifo = tmp_path / "ready"
    os.mkfifo(fifo)
    script = (
        "import clfcore.api as c, clfcore.cli.main as cli, sys, time\n"
        f"c.doctor = lambda: (open({str(fifo)!r}, 'w').close(), time.sleep(60))\n"
        "sys.exit(cli.main(['doctor']))\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    fifo.open().close()
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert len(err.splitlines()) == 1
