"""The child process that loads a workbook under limits: `python -m ledger.imports.child BYTES SECONDS`.

The workbook comes on standard input; the pages, or the refusal, go to standard output as a pickle.
"""

import pickle
import resource
import sys

from ledger.errors import Refusal
from ledger.imports.workbooks import pages_of_workbook


def main() -> None:
    """Read the workbook; the system stops the process when it exceeds its memory or its processor time."""
    memory, seconds = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    try:
        pages, refusal = pages_of_workbook(sys.stdin.buffer.read()), None
    except Refusal as found:
        pages, refusal = [], found
    plain = [(page.name, page.rows, page.hidden, page.percent, page.merged) for page in pages]
    sys.stdout.buffer.write(pickle.dumps((plain, refusal)))


if __name__ == "__main__":
    main()
