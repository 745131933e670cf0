"""The sizes of benchmarks: a full size, and a small size that only shows that both sides write equal rows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """The amounts of work in a benchmark.

    The field `loans` must be divisible by four and by the 100 pairs of bank and county.
    """

    loans: int
    entries: int  # The number of single entries per round.
    postings_each: int  # The number of postings of each loan with a long history.
    asked: int  # The number of queries about one loan per round.
    imported: int  # The number of rows in the imported loan register.
    rounds: int


SIZES = {
    "small": Size(loans=1_000, entries=20, postings_each=25, asked=50, imported=300, rounds=1),
    "middle": Size(loans=40_000, entries=100, postings_each=25, asked=500, imported=20_000, rounds=3),
    "full": Size(loans=160_000, entries=300, postings_each=25, asked=2_000, imported=100_000, rounds=9),
}
