"""The required ratios of the benchmarks (bars), the measured results, and the table of ratios and results."""

from dataclasses import dataclass

from tests.bench.rounds import Spread


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: for each engine, the lowest ratio allowed (`>=`) or the highest ratio allowed (`<=`)."""

    name: str
    what: str
    sense: str
    limits: dict[str, float]

    def met(self, engine: str, value: float) -> bool:
        limit = self.limits[engine]
        return value >= limit if self.sense == ">=" else value <= limit


def _both(limit: float) -> dict[str, float]:
    return {"sqlite": limit, "postgresql": limit}


BARS = {
    bar.name: bar
    for bar in (
        Bar("entry", "one durable entry, throughput / floor", ">=", {"sqlite": 0.30, "postgresql": 0.40}),
        Bar("quarter", "a quarter's interest, time / floor", "<=", _both(2.0)),
        Bar("scale", "the same, 160,000 / 40,000 loans, time", "<=", _both(4.5)),
        Bar("memory", "the same, peak MB above the started process", "<=", _both(150)),
        Bar("import", "loan register, csv to last commit, time / floor", "<=", _both(3)),
        Bar("sheet", "the same from xlsx, added time / its bare read", "<=", _both(1.2)),
        Bar("balance", "as-of balance, time / bare covering sum", "<=", _both(1.0)),
        Bar("loan", "one loan's figure, time / the same SQL, kept connection", "<=", _both(1.3)),
        Bar("trial", "trial balance as of a day, time / bare grouped sum", "<=", _both(0.05)),
        Bar("drafts", "a quarter's subsidy batches drafted, time / floor", "<=", _both(3.0)),
        Bar("settled", "the same approved, verified and paid, time / floor", "<=", _both(2.0)),
        Bar("plan", "a quarter's fund plan, time / bare aggregate", "<=", _both(3.0)),
        Bar("letters", "1,000 notices as one PDF, time / bare compile of the same pages", "<=", _both(1.5)),
        Bar("paper", "the same, peak MB above the started process", "<=", _both(250)),
        Bar("portfolio", "the city's portfolio as of a day, time / bare query", "<=", _both(2.0)),
    )
}


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one benchmark on one engine.

    The field `absolute` is a text with the measured result in seconds, entries or bytes.
    """

    bar: str
    engine: str
    value: Spread
    absolute: str


HEAD = "| what | engine | median | quartiles | bar | met | absolute |\n|---|---|---|---|---|---|---|"


def row_of(result: Result, *, judged: bool) -> str:
    """Return a result as a row of docs/benchmarks.md.

    The required ratios apply only to the full size, so a result of another size is not `judged`.
    """
    bar, value = BARS[result.bar], result.value
    met = ("yes" if bar.met(result.engine, value.median) else "**no**") if judged else "too small to say"
    quartiles = f"{value.low:.3g} to {value.high:.3g}"
    limit = f"{bar.sense} {bar.limits[result.engine]:g}"
    return f"| {bar.what} | {result.engine} | {value.median:.3g} | {quartiles} | {limit} | {met} | {result.absolute} |"
