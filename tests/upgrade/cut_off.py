"""A process that upgrades a database and kills itself before one statement: `python -m tests.upgrade.cut_off`.

The upgrade also adds an account to the chart, so it writes new reference data after the schema changes.
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
    """Upgrade a database and return the number of statements sent.

    The process kills itself before statement number `last`; with `last` at 0 the upgrade runs to its end.
    """
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
