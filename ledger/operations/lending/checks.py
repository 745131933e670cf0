"""The rules of scheme §2 asked of one loan: every refusal, in one order, for the desk and for sheets."""

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
    """What the rules ask of a contract; `scheme` is the version it was signed under."""

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
class Grounds:
    """What contracts are judged on: published rates, and the banks' statuses by code."""

    tables: Mapping[str, RateTable]
    statuses: Mapping[str, Sequence[BankStatus]]


def grounds(session: Session) -> Grounds:
    """The published rates and all banks' statuses."""
    statuses: dict[str, list[BankStatus]] = {}
    for row in session.execute(select(t.BankStatus).order_by(t.BankStatus.effective_on)).scalars():
        status: eligibility.Status = "pilot"
        if row.status in ("eliminated", "substituted"):
            status = "eliminated" if row.status == "eliminated" else "substituted"
        statuses.setdefault(row.bank, []).append(BankStatus(status, row.effective_on))
    return Grounds(reference.rate_tables(session), statuses)


def scheme_for(session: Session, code: str, signed_on: date) -> Scheme:
    """The version of a scheme for contracts signed on a day; raises NotFound, SchemeNotInForce."""
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


def contract_refusals(contract: Contract, on: Grounds, *days: date) -> Iterator[RuleViolation]:
    """Everything that forbids a contract whoever borrows (2.6, 2.9, 3.1); the bank lends on all `days`."""
    scheme = contract.scheme
    statuses = on.statuses.get(contract.bank, ())
    yield from _refused(
        partial(eligibility.check_signing, scheme, contract.signed_on),
        partial(eligibility.check_term, scheme, contract.term_months),
        partial(eligibility.check_security, scheme, contract.security),
        partial(check_rate, scheme, on.tables, contract.signed_on, contract.term_months, contract.annual_rate),
        *(partial(eligibility.check_bank, contract.bank, statuses, day) for day in sorted({*days})),
    )


def household_refusals(
    contract: Contract, registered_on: date, born_on: date, borrowing: Borrowing, day: date
) -> Iterator[RuleViolation]:
    """Everything that forbids a loan to a household's member on a day (2.1, 2.2)."""
    yield from _refused(
        partial(eligibility.check_registration, contract.scheme, registered_on),
        partial(eligibility.check_age, contract.scheme, born_on, day),
        partial(eligibility.check_debt, borrowing.recourse, borrowing.written_off),
        partial(limits.check_household_cap, contract.scheme, borrowing.exposure, contract.principal),
    )


def organisation_refusals(
    contract: Contract, links: Sequence[Link], borrowing: Borrowing, linked_loans: Fen, day: date
) -> Iterator[RuleViolation]:
    """Everything that forbids a loan to an organisation on a day (2.1, 2.3 to 2.5)."""
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
    """An organisation's links as the limits ask for them."""
    rows = session.execute(
        select(borrowers.Link).where(borrowers.Link.organisation_id == organisation_id).order_by(borrowers.Link.id)
    ).scalars()
    return [link_of(row) for row in rows]


def link_of(row: borrowers.Link) -> Link:
    """A recorded link as the limits ask for it."""
    kind: limits.LinkKind = "investment"
    if row.kind != "investment":
        kind = "employment" if row.kind == "employment" else "agreement"
    return Link(kind, None if row.fen is None else Fen(row.fen), row.household_id, row.starts_on, row.ends_on)


def linked_loans(unit: Unit, scheme: Scheme, links: Sequence[Link], day: date) -> Fen:
    """Principal lent to the households employed or under agreement on a day, where the scheme asks for it."""
    if scheme.organisation_limit_basis != "linked_loans":
        return NIL
    households = {link.household_id for link in limits.valid_links(scheme, links, day) if link.kind != "investment"}
    found = exposure.household_borrowings(unit, households)
    return Fen(sum(each.exposure.open for each in found.values()))


def warnings(unit: Unit, contract: Contract, *, to_household: bool) -> tuple[RuleViolation, ...]:
    """What a checker should know (2.7 to 2.9, 6.9); raises OverHeadRoom, BreakerTripped where the scheme refuses."""
    scheme, bank, county = contract.scheme, contract.bank, contract.county
    found: list[RuleViolation | None] = [
        eligibility.missing_endorsements(scheme, contract.endorsements),
        limits.check_head_room(
            scheme,
            exposure.contributed(unit, bank, county),
            exposure.issued(unit, bank, county),
            contract.principal,
        ),
    ]
    found += breakers.check(unit, scheme, bank, county)
    if not to_household:
        lent = exposure.lent(unit, bank)
        of_county = lent.get(county, (NIL, NIL))
        whole = (Fen(sum(each[0] for each in lent.values())), Fen(sum(each[1] for each in lent.values())))
        for scope, (households, amount) in ((county, of_county), ("city", whole)):
            with_new = Fen(amount + contract.principal)
            found.append(limits.low_household_share(scheme, households, with_new, "cumulative", scope))
    return tuple(warning for warning in found if warning is not None)
