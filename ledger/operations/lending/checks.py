"""The rules of scheme §2 that a loan must fulfil; single loans and loans on sheets are refused in one fixed order."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.errors import RuleViolation
from ledger.money import NIL, Fen
from ledger.operations.lending import breakers
from ledger.policy import eligibility, limits
from ledger.policy.eligibility import BankStatus
from ledger.policy.limits import Link
from ledger.policy.rates import RateTable, check_rate
from ledger.policy.schemes import Scheme
from ledger.queries import exposure, reference
from ledger.queries.exposure import Borrowing
from ledger.tables import borrowers
from ledger.tables import reference as t
from ledger.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class Contract:
    """The data of a loan contract that the scheme's rules check; `scheme` is the version under which it was signed.

    `principal` is an amount in whole fen, and `annual_rate` is a fraction.
    """

    scheme: Scheme
    bank: str
    county: str
    principal: Fen
    annual_rate: Decimal
    term_months: int
    signed_on: date
    security: str
    endorsements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReferenceSnapshot:
    """The reference data that contracts are checked against: published rate tables, and bank statuses by bank code."""

    tables: Mapping[str, RateTable]
    statuses: Mapping[str, Sequence[BankStatus]]


def reference_snapshot(session: Session) -> ReferenceSnapshot:
    """Return the published rate tables and the statuses of all banks."""
    statuses: dict[str, list[BankStatus]] = {}
    for row in session.execute(select(t.BankStatus).order_by(t.BankStatus.effective_on)).scalars():
        status: eligibility.Status = "pilot"
        if row.status in ("eliminated", "substituted"):
            status = "eliminated" if row.status == "eliminated" else "substituted"
        statuses.setdefault(row.bank, []).append(BankStatus(status, row.effective_on))
    return ReferenceSnapshot(reference.rate_tables(session), statuses)


def scheme_for(session: Session, code: str, signed_on: date) -> Scheme:
    """Return the version of a scheme under which contracts are signed on a day.

    Raise NotFound where no scheme has this code, SchemeNotInForce where no version allows signing on the day.
    """
    version = session.execute(
        select(t.SchemeVersion.version)
        .where(
            t.SchemeVersion.code == code,
            t.SchemeVersion.signed_from <= signed_on,
            t.SchemeVersion.signed_to >= signed_on,
        )
        .order_by(t.SchemeVersion.version.desc())
        .limit(1)
    ).scalar()
    if version is not None:
        return reference.scheme_of(session, code, version)
    scheme = reference.latest_scheme(session, code)
    eligibility.check_signing(scheme, signed_on)
    return scheme


def contract_refusals(contract: Contract, published: ReferenceSnapshot, *days: date) -> Iterator[RuleViolation]:
    """Return every refusal of a contract that does not depend on the borrower (2.6, 2.9, 3.1).

    `days` are the days on which the bank must be allowed to lend.
    """
    scheme = contract.scheme
    statuses = published.statuses.get(contract.bank, ())
    yield from _refused(
        partial(eligibility.check_signing, scheme, contract.signed_on),
        partial(eligibility.check_term, scheme, contract.term_months),
        partial(eligibility.check_security, scheme, contract.security),
        partial(check_rate, scheme, published.tables, contract.signed_on, contract.term_months, contract.annual_rate),
        *(partial(eligibility.check_bank, contract.bank, statuses, day) for day in sorted({*days})),
    )


def household_refusals(
    contract: Contract, registered_on: date, born_on: date, borrowing: Borrowing, day: date
) -> Iterator[RuleViolation]:
    """Return every refusal of a loan to a member of a household on a day (2.1, 2.2)."""
    yield from _refused(
        partial(eligibility.check_registration, contract.scheme, registered_on),
        partial(eligibility.check_age, contract.scheme, born_on, day),
        partial(eligibility.check_debt, borrowing.recourse, borrowing.written_off),
        partial(limits.check_household_cap, contract.scheme, borrowing.exposure, contract.principal),
    )


def organisation_refusals(
    contract: Contract, links: Sequence[Link], borrowing: Borrowing, linked_loans: Fen, day: date
) -> Iterator[RuleViolation]:
    """Return every refusal of a loan to an organisation on a day (2.1, 2.3 to 2.5)."""
    yield from _refused(
        partial(eligibility.check_debt, borrowing.recourse, borrowing.written_off),
        partial(
            limits.check_organisation,
            contract.scheme,
            links,
            day,
            borrowing.exposure,
            contract.principal,
            linked_loans,
        ),
    )


def _refused(*checks: Callable[[], None]) -> Iterator[RuleViolation]:
    for check in checks:
        try:
            check()
        except RuleViolation as refusal:
            yield refusal


def links_of(session: Session, organisation_id: int) -> list[Link]:
    """Return an organisation's links (带动关系) in the form that the limits of scheme 2.4 use."""
    rows = session.execute(
        select(borrowers.Link).where(borrowers.Link.organisation_id == organisation_id).order_by(borrowers.Link.id)
    ).scalars()
    return [link_of(row) for row in rows]


def link_of(row: borrowers.Link) -> Link:
    """Return a stored link (带动关系) in the form that the limits of scheme 2.4 use."""
    kind: limits.LinkKind = "investment"
    if row.kind != "investment":
        kind = "employment" if row.kind == "employment" else "agreement"
    return Link(kind, None if row.fen is None else Fen(row.fen), row.household_id, row.starts_on, row.ends_on)


def linked_loans(unit: Unit, scheme: Scheme, links: Sequence[Link], day: date) -> Fen:
    """Return the open principal lent to households linked to an organisation on a day, in fen.

    Loans count where the link is by employment or by agreement, but not where the link is by investment. The principal
    is zero where the scheme does not limit organisations by linked loans.
    """
    if scheme.organisation_limit_basis != "linked_loans":
        return NIL
    households = {link.household_id for link in limits.valid_links(scheme, links, day) if link.kind != "investment"}
    borrowings = exposure.household_borrowings(unit, households)
    return Fen(sum(each.exposure.open for each in borrowings.values()))


def warnings(unit: Unit, contract: Contract, *, to_household: bool) -> tuple[RuleViolation, ...]:
    """Return the warnings that a checker of a new loan should know (2.7 to 2.9, 6.9).

    Raise OverHeadRoom or BreakerTripped where the scheme makes the warning a refusal.
    """
    scheme, bank, county = contract.scheme, contract.bank, contract.county
    warned: list[RuleViolation | None] = [
        eligibility.missing_endorsements(scheme, contract.endorsements),
        limits.check_head_room(
            scheme,
            exposure.contributed(unit, bank, county),
            exposure.issued(unit, bank, county),
            contract.principal,
        ),
    ]
    warned += breakers.check(unit, scheme, bank, county)
    if not to_household:
        lent_by_county = exposure.lent(unit, bank)
        of_county = lent_by_county.get(county, (NIL, NIL))
        of_city = (
            Fen(sum(each[0] for each in lent_by_county.values())),
            Fen(sum(each[1] for each in lent_by_county.values())),
        )
        for scope, (households, amount) in ((county, of_county), ("city", of_city)):
            with_new = Fen(amount + contract.principal)
            warned.append(limits.low_household_share(scheme, households, with_new, "cumulative", scope))
    return tuple(warning for warning in warned if warning is not None)
