"""The process that waits, past its imports, for a run's folder on standard input, and executes it.

    python -m clfcore.runs.worker_process

It says `ready` when its imports are done, takes one line (the path of a run's folder), executes the run and ends. When
standard input closes, its parent is gone: it ends within a batch and leaves its checkpoint.
"""

import os
import sys
import threading
from pathlib import Path

from clfcore.errors import Failure, InputError
from clfcore.runs.folder import Run
from clfcore.runs.process_count import processes_of


def main() -> int:
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # huge pages: read by torch when it is imported
    if hasattr(os, "nice"):
        os.nice(10)  # the page stays quick beside a run
    from clfcore.runs.execute import execute
    from clfcore.runs.processes import Processes

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdout = sys.stderr  # nobody reads on
    line = sys.stdin.readline().strip()
    if not line:
        return 0
    parent_gone = threading.Event()

    def watch() -> None:
        sys.stdin.read()  # returns when the pipe closes
        parent_gone.set()

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()
    try:
        run = Run(Path(line))
        crew = Processes(run, processes_of(run))
        execute(run, orphaned=parent_gone.is_set, handed_over=True, crew=crew)
    except (InputError, Failure) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # the watching thread sits in a read that nothing else ends
