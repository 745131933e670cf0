"""An upgrade in a process of its own that kills itself before one of its statements: `python -m tests.upgrade.cut_off`.

The release it upgrades to brings an account too, so that reference data is added after the schema.
"""

import os
import signal
import sys
from typing import Any

from sqlalchemy import Engine, event

from ledger import chart
from ledger.chart import Kind, Side
from ledger.setup import prepare


def upgrade(url: str, last: int) -> int:
    """Upgrade a database and return how many statements that took; killed before statement number `last`, 0 = never."""
    chart.ACCOUNTS = (
        *chart.ACCOUNTS,
        chart.Account(Kind.LOAN, "1304", "loan allowance", "准备", Side.CREDIT, "county"),
    )
    sent = 0

    def count(*_about: Any) -> None:
        nonlocal sent
        sent += 1
        if sent == last:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", count)
    prepare(url)
    return sent


if __name__ == "__main__":
    sys.stdout.write(str(upgrade(sys.argv[1], int(sys.argv[2]))))
