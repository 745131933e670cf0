"""The clock of the demo, which is set to an evening in the past and then advances in real time.

In the demo, as in real use, the business date of an entry differs from the moment at which the entry is recorded.
"""

import time
from datetime import UTC, date, datetime, timedelta

from ledger.dates import SHANGHAI


class DemoClock:
    """A clock that returns its current moment when called; `set` moves the clock to 18:00 of a day in Asia/Shanghai."""

    def __init__(self, day: date) -> None:
        self.set(day)

    def set(self, day: date) -> None:
        self.today = day
        self._evening = datetime(day.year, day.month, day.day, 18, tzinfo=SHANGHAI).astimezone(UTC)
        self._since = time.monotonic()

    def __call__(self) -> datetime:
        return self._evening + timedelta(seconds=time.monotonic() - self._since)
