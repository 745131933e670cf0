"""The clock of the demo: set to an evening of the past, from which it runs on in real time.

Business dates and moments of recording of the demo then differ, as they do in real use.
"""

import time
from datetime import UTC, date, datetime, timedelta

from ledger.dates import SHANGHAI


class DemoClock:
    """A clock that returns the moment when called; `set` moves it to 18:00 of a day in Asia/Shanghai."""

    def __init__(self, day: date) -> None:
        self.set(day)

    def set(self, day: date) -> None:
        self.today = day
        self._evening = datetime(day.year, day.month, day.day, 18, tzinfo=SHANGHAI).astimezone(UTC)
        self._since = time.monotonic()

    def __call__(self) -> datetime:
        return self._evening + timedelta(seconds=time.monotonic() - self._since)
