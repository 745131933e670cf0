"""Functions that write a bank's loan request into a loan's row, and that read the row as a request or a contract."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from moneyed import Money
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from ledger.errors import NotFound, RuleViolation
from ledger.money import Fen, of_fen, to_fen
from ledger.operations.lending import checks
from ledger.operations.lending.checks import Contract
from ledger.policy.identifiers import identifier
from ledger.policy.rates import benchmark_at_signing
from ledger.queries import reference
from ledger.queries.identifiers import stored_form
from ledger.tables import borrowers as t
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit


class ContractNoTaken(RuleViolation):
    code = "contract_no_taken"
    zh = "{bank} 的合同编号 {found:text} 已登记"
    en = "contract {found:text} of {bank} is recorded already"


class BorrowerUnclear(RuleViolation):
    code = "borrower_unclear"
    zh = "一笔贷款须且只能有一个借款主体：户或市场主体"
    en = "a loan has one borrower: a household or an organisation"


class BorrowerNotMember(RuleViolation):
    code = "borrower_not_member"
    zh = "借款人不是该户成员"
    en = "the borrower is no member of the household"


class CountyMismatch(RuleViolation):
    code = "county_mismatch"
    zh = "贷款的县 {found:text} 与借款主体的县 {limit:text} 不一致"
    en = "the loan's county {found:text} is not the borrower's, {limit:text}"


class PrincipalNotPositive(RuleViolation):
    code = "principal_not_positive"
    zh = "贷款本金须大于零：{found}"
    en = "the principal is above zero, not {found}"


@dataclass(frozen=True, slots=True)
class LoanRequest:
    """A loan as a bank requests the loan; `annual_rate` is a fraction.

    Without `borrower_id_card`, the borrower is the head of the household.
    """

    contract_no: str
    scheme: str
    bank: str
    county: str
    principal: Money
    annual_rate: Decimal
    term_months: int
    signed_on: date
    purpose: str
    household_id: int | None = None
    organisation_id: int | None = None
    borrower_id_card: str | None = None
    security: str = "credit"
    policy_no: str | None = None
    endorsements: tuple[str, ...] = ()


AMENDABLE = (
    "contract_no",
    "scheme",
    "principal",
    "annual_rate",
    "term_months",
    "signed_on",
    "purpose",
    "borrower_id_card",
    "security",
    "policy_no",
    "endorsements",
)
"""The fields that may be changed while a loan is returned.

Borrower, bank and county of a loan never change, because a change would make a different loan.
"""


def fill(unit: Unit, loan: Loan, request: LoanRequest) -> Contract:
    """Set the fields of a loan's row from a request, and return the contract.

    `fill` does not check the rules of scheme §2.

    Raise NotFound, SchemeNotInForce, RateNotCovered, BorrowerUnclear, BorrowerNotMember, CountyMismatch,
    PrincipalNotPositive.
    """
    principal = to_fen(request.principal)
    if principal <= 0:
        raise PrincipalNotPositive(rule="2.2", limit="0.01", found=request.principal)
    scheme = checks.scheme_for(unit.session, request.scheme, request.signed_on)
    _set_borrower(unit, loan, request)
    tables = reference.rate_tables(unit.session)
    loan.scheme, loan.scheme_version = scheme.code, scheme.version
    loan.contract_no, loan.purpose, loan.policy_no = request.contract_no, request.purpose, request.policy_no
    loan.principal_fen, loan.annual_rate = principal, request.annual_rate
    loan.term_months, loan.signed_on = request.term_months, request.signed_on
    loan.benchmark_rate = benchmark_at_signing(scheme, tables, request.signed_on, request.term_months)
    loan.security, loan.endorsements = request.security, ",".join(request.endorsements)
    return contract_of(unit, loan)


def _set_borrower(unit: Unit, loan: Loan, request: LoanRequest) -> None:
    if (request.household_id is None) == (request.organisation_id is None):
        raise BorrowerUnclear(rule="2.1")
    county: str | None
    if request.household_id is not None:
        household = unit.session.get(t.Household, request.household_id)
        county = None if household is None else household.county
        loan.household_id = request.household_id
    else:
        organisation = unit.session.get(t.Organisation, request.organisation_id)
        county = None if organisation is None else organisation.county
        loan.organisation_id = request.organisation_id
    if county is None:
        what, named = (
            ("household", request.household_id)
            if request.household_id is not None
            else ("organisation", request.organisation_id)
        )
        raise NotFound(what=what, id=str(named))
    if county != loan.county:
        raise CountyMismatch(rule="1", limit=county, found=loan.county)
    if request.household_id is not None:
        loan.member_id = _borrower(unit, request.household_id, request.borrower_id_card)


def _borrower(unit: Unit, household_id: int, id_card: str | None) -> int:
    """Return the id of the household member who borrows.

    The borrower (借款人) is the holder of the identity card, or the head of household (户主) where no card is named.
    Raise BorrowerNotMember where no member of the household has the card, or no member is the head.
    """
    member = t.Member
    chosen = member.is_head if id_card is None else member.id_card == id_card.upper()
    member_id = unit.session.execute(select(member.id).where(member.household_id == household_id, chosen)).scalar()
    if member_id is None:
        raise BorrowerNotMember(rule="2.1")
    return member_id


def contract_of(unit: Unit, loan: Loan) -> Contract:
    """Return a loan as a contract under the scheme version that the loan was signed under."""
    return Contract(
        reference.scheme_of(unit.session, loan.scheme, loan.scheme_version),
        loan.bank,
        loan.county,
        Fen(loan.principal_fen),
        loan.annual_rate,
        loan.term_months,
        loan.signed_on,
        loan.security,
        endorsements_of(loan),
    )


def endorsements_of(loan: Loan) -> tuple[str, ...]:
    """Return the names of the opinions (论证意见) attached to a loan."""
    return tuple(name for name in loan.endorsements.split(",") if name)


def request_of(unit: Unit, loan: Loan) -> LoanRequest:
    """Return a loan request made from the present data of a loan's row."""
    member = None if loan.member_id is None else unit.session.get_one(t.Member, loan.member_id)
    return LoanRequest(
        contract_no=loan.contract_no,
        scheme=loan.scheme,
        bank=loan.bank,
        county=loan.county,
        principal=of_fen(loan.principal_fen),
        annual_rate=loan.annual_rate,
        term_months=loan.term_months,
        signed_on=loan.signed_on,
        purpose=loan.purpose,
        household_id=loan.household_id,
        organisation_id=loan.organisation_id,
        borrower_id_card=None if member is None else member.id_card,
        security=loan.security,
        policy_no=loan.policy_no,
        endorsements=endorsements_of(loan),
    )


def put(unit: Unit, loan: Loan) -> None:
    """Write a loan's row.

    Raise ContractNoTaken where the bank has used the contract number for another loan, even in a concurrent
    transaction.
    """
    taken = select(Loan.id).where(
        Loan.bank == loan.bank, stored_form(Loan.contract_no) == identifier(loan.contract_no), Loan.id != loan.id
    )
    refusal = ContractNoTaken(rule="contract_no", bank=loan.bank, found=loan.contract_no)
    with unit.session.no_autoflush:
        if unit.session.execute(taken).first():
            raise refusal
    unit.session.add(loan)
    try:
        unit.session.flush()
    except IntegrityError:
        raise refusal from None
