"""Quick forms of the benchmarks, as the table of benchmarks/README.md names them, one after the other.

Run by `make bench`. Goes on after one that fails, and ends with status 1 where any did.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "benchmarks" / "README.md"


def quick_forms(table: str) -> list[list[str]]:
    """Script and arguments of each row that has a quick form, in the order of the table."""
    return [shlex.split(form) for form in re.findall(r"^\| \[.*\| `(\w+\.py[^`|]*)` \|$", table, flags=re.MULTILINE)]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    failed = []
    for script, *arguments in quick_forms(TABLE.read_text(encoding="utf-8")):
        _say(f"\n== benchmarks/{shlex.join([script, *arguments])}")
        if subprocess.run([sys.executable, f"benchmarks/{script}", *arguments], cwd=ROOT).returncode:
            failed.append(script)
    _say(f"\nended with an error or below an aim: {', '.join(failed) or 'none'}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
