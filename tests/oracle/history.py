"""The facts of a loan in the order of recording, and the check of further facts (scheme 3 "Back-dated")."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.oracle.book import Book
from tests.oracle.days import during
from tests.oracle.facts import Contract, Extended, Fact, Insured, Refused, Renewed, Repaid, Undone, WrittenOff

STANDING = (Extended, Insured, WrittenOff, Renewed)
FINAL = (WrittenOff, Renewed)


@dataclass
class History:
    """The unreversed facts of a loan; `closed_through` is the last day of the closed months."""

    contract: Contract
    facts: list[Fact] = field(default_factory=list)
    closed_through: date = date.min

    def at(self, day: date) -> Book:
        """Return the oracle's state of a loan on a day, after that day's facts and before the interest of the night."""
        return during(self.contract, [fact for fact in self.facts if fact.on <= day], day)

    def record(self, fact: Fact) -> None:
        """Record a fact, possibly late, with the effect of a record in time.

        Raise `Refused` where the fact would have been refused if recorded in time.
        """
        if fact.on <= self.closed_through:
            raise Refused("period_closed")
        if any(isinstance(other, STANDING) and other.on > fact.on for other in self.facts):
            raise Refused("rests_on_later")
        if fact.on < self.contract.disbursed_on:
            raise Refused("before_disbursement")
        self._stand([*self.facts, fact])

    def undo(self, fact: Repaid) -> None:
        """Remove a repayment, with the effect that the repayment was never recorded.

        A repayment in a closed month is reversed on the first open day instead.
        """
        place = self.facts.index(fact)
        later = [other for n, other in enumerate(self.facts) if (other.on, n) > (fact.on, place)]
        kinds = STANDING if fact.on > self.closed_through else FINAL
        first_open = self.closed_through + timedelta(days=1)
        if any(isinstance(other, kinds) or (isinstance(other, STANDING) and other.on >= first_open) for other in later):
            raise Refused("rests_on_later")
        if fact.on > self.closed_through:
            self._stand([other for other in self.facts if other is not fact])
        else:
            self._stand([*self.facts, Undone(first_open, fact)])

    def _stand(self, facts: list[Fact]) -> None:
        during(self.contract, facts, max([self.contract.disbursed_on, *(fact.on for fact in facts)]))
        self.facts = facts
