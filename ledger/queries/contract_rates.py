"""Queries of the contract rates of loans over time, and of the scheme versions of loans."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import BigInteger, Select, select, type_coerce

from ledger.cache import CacheKey
from ledger.database import RATE_SCALE, among, rate_of, table_of
from ledger.policy import rates
from ledger.policy.accrual import Uplifts
from ledger.policy.rates import RateTable
from ledger.policy.schemes import Scheme
from ledger.queries import reference
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit

_LOANS = table_of(Loan)
_RATES = ("annual_rate", "extended_rate")
_RATE_TABLES = CacheKey[Mapping[str, RateTable]]("published rate tables")
_VERSIONS = CacheKey[dict[tuple[str, int], tuple[Scheme, Uplifts]]]("scheme versions with their rate uplifts")


class Priced(Protocol):
    """The columns of a disbursed loan that decide its contract rates; rates are whole numbers in units of 1e-8."""

    @property
    def annual_rate(self) -> int: ...
    @property
    def signed_on(self) -> date: ...
    @property
    def disbursed_on(self) -> date: ...
    @property
    def term_months(self) -> int: ...
    @property
    def original_due_on(self) -> date: ...
    @property
    def extended_on(self) -> date | None: ...
    @property
    def extended_months(self) -> int: ...
    @property
    def extended_rate(self) -> int | None: ...


def loan_rows(names: Sequence[str]) -> Select[Any]:
    """Return a query for the named columns of loans, with rates as whole numbers in units of 1e-8."""
    return select(*(type_coerce(_LOANS.c[name], BigInteger) if name in _RATES else _LOANS.c[name] for name in names))


_ROWS = loan_rows(
    (
        "id",
        "scheme",
        "scheme_version",
        "annual_rate",
        "signed_on",
        "disbursed_on",
        "term_months",
        "original_due_on",
        "extended_on",
        "extended_months",
        "extended_rate",
    )
)


def rates_of(unit: Unit, loan_ids: Iterable[int], through: date) -> dict[int, tuple[tuple[date, int], ...]]:
    """Return each loan's contract rates up to `through`, in units of 1e-8, each with its first day; lock no rows."""
    query = _ROWS.where(among(unit.connection, _LOANS.c.id, loan_ids))
    return {
        row.id: rate_steps(unit, scheme_and_uplifts(unit, row.scheme, row.scheme_version)[0], row, through)
        for row in unit.connection.execute(query)
    }


def rate_steps(unit: Unit, scheme: Scheme, loan: Priced, through: date) -> tuple[tuple[date, int], ...]:
    """Return a loan's contract rates up to `through`, in units of 1e-8, each with its first day."""
    if scheme.repricing == "fixed":
        steps = ((loan.disbursed_on, loan.annual_rate),)
        return steps if loan.extended_rate is None else (*steps, (loan.original_due_on, loan.extended_rate))
    tables = unit.cache.get(_RATE_TABLES, lambda: reference.rate_tables(unit.session))
    priced = rates.Priced(rate_of(loan.annual_rate), loan.signed_on, loan.disbursed_on, loan.term_months)
    extended = None
    if loan.extended_on is not None:
        months = loan.term_months + loan.extended_months
        extended = rates.Extended(loan.extended_on, loan.original_due_on, months)
    found = rates.rate_steps(scheme, tables[scheme.rate_table], priced, through, extended)
    return tuple((on, _whole(rate)) for on, rate in found)


def scheme_and_uplifts(unit: Unit, code: str, version: int) -> tuple[Scheme, Uplifts]:
    """Return a scheme version and its interest surcharges, computed once per transaction. Raise NotFound."""
    versions = unit.cache.get(_VERSIONS, dict)
    if (found := versions.get((code, version))) is None:
        scheme = reference.scheme_of(unit.session, code, version)
        found = versions[code, version] = (scheme, Uplifts.of(scheme))
    return found


def _whole(rate: Decimal) -> int:
    return int(rate * RATE_SCALE)
