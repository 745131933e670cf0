"""The benchmark of the memory that billing a quarter's interest needs, measured in a separate process.

Run the benchmark as `python -m tests.bench.memory ADDRESS`.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ledger.database import open_engine
from tests.bench.bars import Result
from tests.bench.portfolio import fill
from tests.bench.quarter import bill
from tests.bench.rounds import Spread
from tests.bench.sizes import Size
from tests.bench.stores import Store

_STATUS = Path("/proc/self/status")
"""The file in which Linux shows the present memory size (VmRSS) and the peak memory size (VmHWM) of a process."""

_MEASURED_MAX = 3  # Three runs are enough, since every run needs nearly equal memory.


def measure(store: Store, size: Size) -> Iterator[Result]:
    """Measure the peak memory of a process that bills the quarter.

    The result is the additional memory, in megabytes, since the process connected to the database.
    """
    store.template("city", partial(fill, count=size.loans))
    found = [_measured(store) for _ in range(min(size.rounds, _MEASURED_MAX))]
    started, above = (Spread.of([pair[place] for pair in found]) for place in (0, 1))
    yield Result("memory", store.name, above, f"{started.median:.0f} MB started, {above.median:.0f} MB more")


def _measured(store: Store) -> tuple[float, float]:
    url = store.copy("city")
    try:
        told = subprocess.run(
            [sys.executable, "-m", "tests.bench.memory"],
            env={**os.environ, "BENCH_DATABASE_URL": url},
            check=True,
            capture_output=True,
            text=True,
        )
    finally:
        store.drop(url)
    started, peak = map(int, told.stdout.split())
    return started / 1024, (peak - started) / 1024


def kilobytes(name: str) -> int:
    """Return a memory figure of the current process, in kilobytes, by its name in the process's status file."""
    found = re.search(rf"^{name}:\s+(\d+) kB$", _STATUS.read_text(encoding="ascii"), re.MULTILINE)
    assert found is not None
    return int(found[1])


def main() -> None:
    """Bill the quarter, and print the memory used before the billing and the peak memory."""
    engine = open_engine(os.environ["BENCH_DATABASE_URL"])
    engine.connect().close()
    started = kilobytes("VmRSS")
    bill(engine)
    print(started, kilobytes("VmHWM"))
    engine.dispose()


if __name__ == "__main__":
    main()
