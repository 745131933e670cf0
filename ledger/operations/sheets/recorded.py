"""The records that a sheet of loans is compared with: registered borrowers, their debts, and the bank's loans."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select

from ledger.database import among, table_of
from ledger.errors import Refusal, RuleViolation
from ledger.imports.cells import CellEmpty
from ledger.imports.columns import AsRead, LoanRow
from ledger.money import Fen, plain
from ledger.operations.lending import checks
from ledger.operations.lending.contracts import BorrowerNotMember, BorrowerUnclear
from ledger.operations.servicing.run import LENT
from ledger.operations.sheets.import_run import CountyNotYours, Importer, RowDiffers, differing
from ledger.policy.identifiers import person_name
from ledger.policy.identity import check_id_card, mask_id_card
from ledger.policy.limits import Exposure, Link
from ledger.queries import exposure
from ledger.queries.exposure import NOTHING, Borrowing
from ledger.queries.identifiers import stored_form
from ledger.statuses import LoanStatus, SheetStatus
from ledger.tables import borrowers as t
from ledger.tables.loans import Loan
from ledger.tables.work import Import
from ledger.unit_of_work import Unit

_LOANS = table_of(Loan)
_MEMBERS = table_of(t.Member)
_HOUSEHOLDS = table_of(t.Household)
_ORGANISATIONS = table_of(t.Organisation)

_UNDONE = (SheetStatus.REJECTED, SheetStatus.FAILED)
"""The statuses of imports whose rows were reversed; a later sheet may book reversed rows again."""


class HouseholdUnknown(RuleViolation):
    code = "household_unknown"
    zh = "户编号 {found:text} 未登记；请先导入贫困户名册"
    en = "no household {found:text} is registered; import the register of households first"


class OrganisationUnknown(RuleViolation):
    code = "organisation_unknown"
    zh = "市场主体 {found:text} 未登记；请先导入市场主体名册"
    en = "no organisation {found:text} is registered; import the register of organisations first"


class BorrowerNameDiffers(RuleViolation):
    code = "borrower_name_differs"
    zh = "借款人名称与登记的不一致"
    en = "the borrower's name is not the registered one"


class IdCardNotExpected(RuleViolation):
    code = "id_card_not_expected"
    zh = "借款人是市场主体，身份证号须留空"
    en = "the borrower is an organisation; the identity card stays empty"


class Borrower(NamedTuple):
    """A registered borrower: a member of a household, or an organisation.

    `code` is the household's registry number or the organisation's credit code. `key` is the household's id, or the
    negative of the organisation's id, so that households and organisations never share a key. An organisation has no
    `member_id`.
    """

    key: int
    id: int
    member_id: int | None
    name: str
    code: str
    county: str
    registered_on: date
    born_on: date


@dataclass(frozen=True, slots=True)
class Debts:
    """The debts of a borrower to all banks together, and the links of an organisation to households."""

    borrowing: Borrowing = NOTHING
    links: Sequence[Link] = ()

    def with_promised(self, fen: int) -> "Debts":
        """Return the borrower's debts plus a further `fen` promised to the borrower."""
        if not fen:
            return self
        owed = self.borrowing.exposure
        promised = Exposure(owed.open, Fen(owed.pending + fen))
        return replace(self, borrowing=replace(self.borrowing, exposure=promised))


NO_DEBTS = Debts()
"""The debts of a household without a loan."""


def borrowers_of(unit: Unit, rows: Iterable[AsRead]) -> dict[str, Borrower]:
    """Return the registered borrowers of rows by identity card or credit code, with two queries for all rows."""
    cards, codes = set[str](), set[str]()
    for row in rows:
        if row.uscc is not None:
            codes.add(row.uscc)
        elif row.id_card is not None:
            cards.add(row.id_card)
    m, h, o = _MEMBERS.c, _HOUSEHOLDS.c, _ORGANISATIONS.c
    members = (
        select(m.id_card, h.id, h.id, m.id, m.name, stored_form(h.registry_no), h.county, h.registered_on, m.born_on)
        .join(_HOUSEHOLDS, h.id == m.household_id)
        .where(among(unit.connection, m.id_card, cards))
    )
    borrowers = {row[0]: Borrower._make(row[1:]) for row in unit.connection.execute(members)} if cards else {}
    if codes:
        organisations = select(o.uscc, o.id, o.name, o.county).where(among(unit.connection, o.uscc, codes))
        for uscc, id_, name, county in unit.connection.execute(organisations):
            borrowers[uscc] = Borrower(-id_, id_, None, name, uscc, county, date.min, date.min)
    return borrowers


def known_registry_nos(unit: Unit, registry_nos: Iterable[str]) -> set[str]:
    """Return the given registry numbers that belong to a registered household."""
    h = _HOUSEHOLDS.c
    number = stored_form(h.registry_no)
    query = select(number).where(among(unit.connection, number, registry_nos))
    return set(unit.connection.execute(query).scalars())


def debts_of(unit: Unit, borrowers: Iterable[Borrower], *, lock: bool = False) -> dict[int, Debts]:
    """Return the debts of borrowers by their keys; a household without a loan is left out.

    With `lock`, the borrowers' rows are locked first, until the end of the transaction.
    """
    keys = {borrower.key for borrower in borrowers}
    households = sorted(key for key in keys if key > 0)
    organisations = sorted(-key for key in keys if key < 0)
    if lock:
        for table, ids in ((_HOUSEHOLDS, households), (_ORGANISATIONS, organisations)):
            _lock(unit, table, ids)
    debts = {key: Debts(owed) for key, owed in exposure.household_borrowings(unit, households).items()}
    if organisations:
        owed = exposure.organisation_borrowings(unit, organisations)
        links = _links(unit, organisations)
        debts |= {-id_: Debts(owed.get(id_, NOTHING), links.get(id_, ())) for id_ in organisations}
    return debts


def _lock(unit: Unit, table: Any, ids: Sequence[int]) -> None:
    """Lock borrowers' rows in the order of their ids, so that nobody else can lend to the borrowers meanwhile (2.2)."""
    if ids:
        chosen = select(table.c.id).where(among(unit.connection, table.c.id, ids)).order_by(table.c.id)
        unit.connection.execute(chosen.with_for_update()).all()


def _links(unit: Unit, organisation_ids: Sequence[int]) -> dict[int, list[Link]]:
    links: dict[int, list[Link]] = {}
    chosen = among(unit.connection, t.Link.__table__.c.organisation_id, organisation_ids)
    for row in unit.session.execute(select(t.Link).where(chosen).order_by(t.Link.id)).scalars():
        links.setdefault(row.organisation_id, []).append(checks.link_of(row))
    return links


def borrower_faults(
    importer: Importer, row: AsRead, borrower: Borrower | None, registry_nos: set[str], *, broken: bool
) -> list[tuple[str, Refusal]]:
    """Return the refusals of a row whose borrower is not registered as the row says, by column.

    `borrower` is the registered borrower with the row's card or credit code. `registry_nos` are the registry numbers of
    registered households. `broken` is true where a cell of the row could not be read.
    """
    if (
        borrower is not None
        and person_name(borrower.name) == row.borrower_name
        and importer.has(borrower.county)
        and (
            (row.uscc is None and row.registry_no == borrower.code)
            or (row.uscc is not None and row.registry_no is None and row.id_card is None)
        )
    ):
        return []  # Most rows have no fault, so rows without a fault return early.
    return list(_borrower_faults(importer, row, borrower, registry_nos, broken))


def _borrower_faults(
    importer: Importer, row: AsRead, borrower: Borrower | None, registry_nos: set[str], broken: bool
) -> Iterator[tuple[str, Refusal]]:
    if (row.registry_no is None) == (row.uscc is None):
        if row.uscc is not None or not broken:
            yield "registry_no", BorrowerUnclear(rule="2.1")
        return
    if row.uscc is None:
        yield from _member_faults(row, borrower, registry_nos, broken)
    elif row.id_card is not None:
        yield "id_card", IdCardNotExpected(rule="2.3")
    if row.uscc is not None and borrower is None:
        yield "uscc", OrganisationUnknown(rule="2.3", found=row.uscc)
    if borrower is None or borrower.code != (row.registry_no or row.uscc):
        return
    if row.borrower_name is not None and person_name(borrower.name) != row.borrower_name:
        yield "borrower_name", BorrowerNameDiffers(rule="2.1")
    if not importer.has(borrower.county):
        yield "registry_no" if row.uscc is None else "uscc", CountyNotYours(found=borrower.county)


def _member_faults(
    row: AsRead, borrower: Borrower | None, registry_nos: set[str], broken: bool
) -> Iterator[tuple[str, Refusal]]:
    if row.id_card is None:
        if not broken:
            yield "id_card", CellEmpty()
        return
    if borrower is not None and borrower.code == row.registry_no:
        return
    try:
        check_id_card(row.id_card)
    except RuleViolation as refusal:
        yield "id_card", refusal
        return
    if row.registry_no in registry_nos:
        yield "id_card", BorrowerNotMember(rule="2.1", found=mask_id_card(row.id_card))
    else:
        yield "registry_no", HouseholdUnknown(rule="2.1", found=row.registry_no)


class RecordedLoans(NamedTuple):
    """The bank's loans by contract number: `present` loans exist, and `undone` loans may be booked again.

    A loan is undone if the sheet that booked the loan was rejected or failed, and the loan has not been paid out again.
    """

    present: dict[str, Any]
    undone: dict[str, Any]


_COMPARED = (
    "principal",
    "annual_rate",
    "term_months",
    "signed_on",
    "disbursed_on",
    "purpose",
    "scheme",
    "security",
    "policy_no",
    "endorsements",
)
"""Columns of a sheet of loans that are compared with a recorded loan, beside the borrower."""

_FACTS = [_LOANS.c.principal_fen if name == "principal" else _LOANS.c[name] for name in _COMPARED]


def loans_of(unit: Unit, bank: str | None, contract_nos: Iterable[str]) -> RecordedLoans:
    """Return the loans that a bank has recorded under contract numbers."""
    c = _LOANS.c
    borrower = (c.household_id, c.member_id, c.organisation_id)
    number = stored_form(c.contract_no)
    query = (
        select(number.label("contract_no"), *_FACTS, *borrower, c.id, c.status, c.import_id, c.generation)
        .add_columns(Import.status.label("import_status"))
        .outerjoin(Import, Import.id == c.import_id)
        .where(c.bank == bank, among(unit.connection, number, contract_nos))
    )
    unit.session.flush()
    loans = RecordedLoans({}, {})
    for row in unit.connection.execute(query):
        undone = row.status == LoanStatus.RETURNED and row.disbursed_on is None and row.import_status in _UNDONE
        (loans.undone if undone else loans.present)[row.contract_no] = row
    return loans


def loan_differs(row: LoanRow, recorded: Any, borrower: Borrower | None, given: frozenset[str]) -> RowDiffers | None:
    """Return the refusal that names the columns in which a row and its recorded loan differ, or None if all agree.

    Only the columns in `given`, which are the columns of the sheet, are compared.
    """
    in_row = {
        "borrower": None if borrower is None else (borrower.id, borrower.member_id),
        "status": "disbursed",
        **{name: getattr(row, name) for name in _COMPARED if name in given},
    }
    in_books = {
        "borrower": (recorded.household_id or recorded.organisation_id, recorded.member_id),
        "status": "disbursed" if recorded.status in LENT else recorded.status,
        **{name: getattr(recorded, name, None) for name in _COMPARED},
        "principal": plain(recorded.principal_fen),
    }
    if "principal" in in_row:
        in_row["principal"] = plain(row.principal)
    if "endorsements" in in_row:
        in_row["endorsements"] = ",".join(row.endorsements)
    return differing(in_row, in_books)
