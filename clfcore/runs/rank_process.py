"""The process that waits, past its imports, for its place in a run on standard input, and takes part in it.

    python -m clfcore.runs.rank_process

One line: a JSON object of run, store, rank, size and threads. When standard input closes, the first process is gone or
has ended: this one ends at once. It writes nothing but an error's line.
"""

import json
import os
import signal
import sys
import threading

from clfcore.errors import Failure, InputError


def main() -> int:
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # huge pages: read by torch when it is imported
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from clfcore.runs.take_part import take_part  # its imports take the time that the first process decodes in

    line = sys.stdin.readline().strip()
    if not line:
        return 0

    def watch() -> None:
        sys.stdin.read()  # returns when the pipe closes
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()
    try:
        take_part(**json.loads(line))
    except (InputError, Failure) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except MemoryError:
        sys.stderr.write("memory ran out: try a smaller recipe.batch_size\n")
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # the watching thread sits in a read that nothing else ends
