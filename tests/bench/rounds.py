"""Rounds in which the ledger and the bare driver run alternately, and the ratios of their times."""

import gc
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

Side = Callable[[], float]
"""One side of a benchmark: a function that does the work once and returns the seconds needed.

The work always starts from an equal state.
"""


@dataclass(frozen=True, slots=True)
class Spread:
    """The median and the quartiles of some figures."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        return cls(*statistics.quantiles(values, n=4, method="inclusive"))


def stopwatch(work: Callable[[], object]) -> float:
    """Return the seconds that the `with` block takes."""
    start = perf_counter()
    work()
    return perf_counter() - start


def runs(rounds: int) -> int:
    """Return how often each side of a benchmark runs: once per round, and one additional warm-up run.

    A benchmark with a single round has no warm-up run.
    """
    return rounds + 1 if rounds > 1 else rounds


def interleaved(sides: Mapping[str, Side], rounds: int) -> dict[str, list[float]]:
    """Return, for each side of a benchmark, the seconds of every round, without the warm-up round.

    The side that runs first alternates from round to round.
    """
    for side in sides.values() if runs(rounds) > rounds else ():
        side()
    # During the measurement, the garbage collector should not scan objects that were created earlier.
    gc.collect()
    gc.freeze()
    took: dict[str, list[float]] = {name: [] for name in sides}
    order = list(sides)
    for _ in range(rounds):
        for name in order:
            gc.collect()
            took[name].append(sides[name]())
        order = [*order[1:], order[0]]
    gc.unfreeze()
    return took


def ratios(over: Sequence[float], under: Sequence[float]) -> Spread:
    """Return, for each round, the ratio of the times of the two sides of the benchmark."""
    return Spread.of([a / b for a, b in zip(over, under, strict=True)])
