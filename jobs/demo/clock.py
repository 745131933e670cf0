"""The demo's clock: set to an evening of the past and running on, so that two clocks have something to tell."""

import time
from datetime import UTC, date, datetime, timedelta

from ledger.dates import SHANGHAI


class DemoClock:
    """Called, it answers the moment; `set` moves it to six in the evening of a day."""

    def __init__(self, day: date) -> None:
        self.set(day)

    def set(self, day: date) -> None:
        self.today = day
        self._evening = datetime(day.year, day.month, day.day, 18, tzinfo=SHANGHAI).astimezone(UTC)
        self._since = time.monotonic()

    def __call__(self) -> datetime:
        return self._evening + timedelta(seconds=time.monotonic() - self._since)
