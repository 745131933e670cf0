"""How much is measured: all of it by hand, or just enough to see that both sides do the same."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """Counts of what is built and done; `loans` is divisible by the hundred pairs of bank and county, and by four."""

    loans: int
    entries: int  # single entries a round
    postings_each: int  # of a loan with a long history
    asked: int  # questions a round about one loan
    imported: int  # rows of the register
    rounds: int


SIZES = {
    "small": Size(loans=1_000, entries=20, postings_each=25, asked=50, imported=300, rounds=1),
    "full": Size(loans=160_000, entries=300, postings_each=25, asked=2_000, imported=100_000, rounds=9),
}
