"""Interleaved rounds of two sides, and what their ratios come to."""

import gc
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

Side = Callable[[], float]
"""Does its work once, from the same state each time, and answers the seconds it took."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A median and its quartiles."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        return cls(*statistics.quantiles(values, n=4, method="inclusive"))


def stopwatch(work: Callable[[], object]) -> float:
    """Seconds it takes."""
    start = perf_counter()
    work()
    return perf_counter() - start


def runs(rounds: int) -> int:
    """How often a side is run: once to warm up, but not for a single round, which is run for its figures."""
    return rounds + 1 if rounds > 1 else rounds


def interleaved(sides: Mapping[str, Side], rounds: int) -> dict[str, list[float]]:
    """Seconds of every side in every round after one that only warms up; who begins changes with the round."""
    for side in sides.values() if runs(rounds) > rounds else ():
        side()
    # What was built beforehand is not to be walked through by the collector while either side runs.
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
    """Per-round quotients of the two sides."""
    return Spread.of([a / b for a, b in zip(over, under, strict=True)])
