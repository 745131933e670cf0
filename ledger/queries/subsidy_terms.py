"""The subsidy terms of recorded scheme versions, and conditions on the loans whose subsidy is settled in a cycle."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select, tuple_
from sqlalchemy.orm import Session

from ledger.cache import CacheKey, cache_of
from ledger.database import table_of
from ledger.policy.scheme import Cycle
from ledger.policy.schemes import Scheme
from ledger.policy.subsidy import SubsidyTerms
from ledger.queries import reference
from ledger.tables.loans import Loan
from ledger.tables.reference import SchemeVersion

_LOANS = table_of(Loan)

OF_OFFICE = (_LOANS.c.bank == bindparam("bank"), _LOANS.c.county == bindparam("county"))
"""The conditions on loans of one bank in one county, whose codes are sent with the statement."""

TermsByVersion = Mapping[tuple[str, int, bool], SubsidyTerms]
"""Subsidy terms by code and version of the scheme, and by whether the borrower is a household."""

_terms_by_hash: dict[tuple[str, bool], SubsidyTerms] = {}
"""Subsidy terms by the content hash of a scheme version, which identifies a content across databases."""

_GRANTED = CacheKey[TermsByVersion]("granted subsidy terms")


def granted_terms(session: Session) -> TermsByVersion:
    """Return the subsidy terms of every recorded scheme version, except versions that grant no subsidy.

    Scheme versions are read from the database once per transaction.
    """
    return cache_of(session).get(_GRANTED, lambda: _read_granted(session))


def _read_granted(session: Session) -> TermsByVersion:
    v = SchemeVersion
    granted: dict[tuple[str, int, bool], SubsidyTerms] = {}
    for code, version, content_hash in session.execute(select(v.code, v.version, v.hash).order_by(v.code, v.version)):
        for household in (True, False):
            if (terms := _terms_by_hash.get((content_hash, household))) is None:
                made = SubsidyTerms.of(reference.scheme_of(session, code, version), household=household)
                terms = _terms_by_hash.setdefault((content_hash, household), made)
            if terms.share > 0:
                granted[code, version, household] = terms
    return granted


def settled_in(terms: TermsByVersion, cycle: Cycle) -> ColumnElement[bool]:
    """Return the SQL condition that selects loans whose subsidy is settled in a cycle."""
    return settled_by(*versions_of(terms, cycle))


def schemes_of_office(session: Session, bank: str, county: str, cycle: Cycle) -> list[Scheme]:
    """Return the scheme versions of a bank's loans in a county settled in a cycle; all versions if no loan exists."""
    terms = granted_terms(session)
    rows = session.connection().execute(_schemes(*versions_of(terms, cycle)), {"bank": bank, "county": county})
    schemes = [terms[code, version, bool(household)].scheme for code, version, household in rows]
    return schemes or [of_version.scheme for of_version in terms.values()]


Versions = tuple[tuple[str, int], ...]
"""Scheme versions by code and number."""


def versions_of(terms: TermsByVersion, cycle: Cycle) -> tuple[Versions, Versions]:
    """Return the scheme versions that settle households in a cycle, and the versions that settle organisations."""
    households, organisations = (
        tuple((code, version) for (code, version, of), t in terms.items() if of is household and t.cycle == cycle)
        for household in (True, False)
    )
    return households, organisations


@cache
def settled_by(households: Versions, organisations: Versions) -> ColumnElement[bool]:
    """Return the SQL condition that selects loans to households and to organisations under given scheme versions."""
    c = _LOANS.c
    scheme = tuple_(c.scheme, c.scheme_version)
    return or_(
        and_(c.household_id.is_not(None), scheme.in_(households)),
        and_(c.organisation_id.is_not(None), scheme.in_(organisations)),
    )


@cache
def _schemes(households: Versions, organisations: Versions) -> Select[Any]:
    c = _LOANS.c
    borrowed = select(c.scheme, c.scheme_version, c.household_id.is_not(None)).distinct()
    return borrowed.where(*OF_OFFICE, settled_by(households, organisations))
