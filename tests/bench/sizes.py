"""The sizes of benchmarks: the full size, and a small size that only shows that both sides do the same work."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """The numbers of things built and done; `loans` is divisible by four and by the 100 pairs of bank and county."""

    loans: int
    entries: int  # single entries per round
    postings_each: int  # postings of one loan with a long history
    asked: int  # questions about one loan per round
    imported: int  # rows of the loan register
    rounds: int


SIZES = {
    "small": Size(loans=1_000, entries=20, postings_each=25, asked=50, imported=300, rounds=1),
    "middle": Size(loans=40_000, entries=100, postings_each=25, asked=500, imported=20_000, rounds=3),
    "full": Size(loans=160_000, entries=300, postings_each=25, asked=2_000, imported=100_000, rounds=9),
}
