"""Rounds in which two sides of a benchmark take turns, and the ratios of their times."""

import gc
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

Side = Callable[[], float]
"""One side of a benchmark: does the work once, always from the same state, and returns the seconds needed."""


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
    """Return the seconds that the block takes."""
    start = perf_counter()
    work()
    return perf_counter() - start


def runs(rounds: int) -> int:
    """Return how often a side runs: once more than the rounds, for warming up, but a single round has no warm-up."""
    return rounds + 1 if rounds > 1 else rounds


def interleaved(sides: Mapping[str, Side], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of every side in every round after a warm-up round; the sides take turns in running first."""
    for side in sides.values() if runs(rounds) > rounds else ():
        side()
    # The garbage collector should not search the objects built before while a side is running.
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
    """Return the ratio of the two sides' times for each round."""
    return Spread.of([a / b for a, b in zip(over, under, strict=True)])
