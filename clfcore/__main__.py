"""`python -m clfcore`."""

import sys

try:
    from clfcore.cli.main import main

    status = main()
except KeyboardInterrupt:  # while modules were still being imported
    status = 130
    sys.stderr.write("interrupted\n")
sys.exit(status)
