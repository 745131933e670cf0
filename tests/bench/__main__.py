"""`python -m tests.bench`: run the benchmarks at one of three sizes and compare the results with the limits."""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

from ledger import collector
from tests.bench import aggregates, asof, entry, imported, memory, notices, quarter, subsidies
from tests.bench.bars import HEAD, Result, row_of
from tests.bench.sizes import SIZES, Size
from tests.bench.stores import Store, store_of
from tests.support.engines import ENGINES

BENCHES: dict[str, Callable[[Store, Size], Iterator[Result]]] = {
    "entry": entry.measure,
    "quarter": quarter.measure,
    "memory": memory.measure,
    "import": imported.measure,
    "asof": asof.measure,
    "subsidies": subsidies.measure,
    "aggregates": aggregates.measure,
    "notices": notices.measure,
}


def main() -> int:
    """Run the benchmarks chosen on the command line.

    The exit status is 0 if every computed figure is correct, however slow the run was.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--engine", choices=ENGINES)
    parser.add_argument("--only", choices=BENCHES, action="append")
    parser.add_argument("--rounds", type=int)
    told = parser.parse_args()
    size = SIZES[told.size]
    if told.rounds:
        size = replace(size, rounds=told.rounds)
    collector.tune()  # The garbage collector is tuned as in every process that works in bulk.
    print(HEAD)
    for engine in [told.engine] if told.engine else ENGINES:
        with store_of(engine) as store:
            for name in told.only or BENCHES:
                for result in BENCHES[name](store, size):
                    print(row_of(result, judged=told.size == "full"), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
