"""Words the facts in refusals: finds the table with the label of a fact, and gives the fact its form in a sentence."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ledger.labels import kinds as k
from ledger.labels.events import EVENTS
from ledger.labels.fields import FIELDS, THINGS
from ledger.labels.said import Said, Table
from ledger.labels.statuses import STATUSES

_CHOICES: Mapping[str, Table] = {
    "action": k.ACTIONS,
    "basis": k.BASES,
    "book_kind": k.BOOK_KINDS,
    "category": k.CATEGORIES,
    "cause": k.CAUSES,
    "channel": k.CHANNELS,
    "closing": k.CLOSINGS,
    "cycle": k.CYCLES,
    "day_kind": k.DAY_KINDS,
    "duty": k.DUTIES,
    "endorsement": k.ENDORSEMENTS,
    "format": k.FORMATS,
    "owner_kind": k.OWNER_KINDS,
    "fund_source": k.FUND_SOURCES,
    "grouping": k.GROUPINGS,
    "job": k.JOBS,
    "late_interest": k.LATE_INTEREST,
    "limit_basis": k.LIMIT_BASES,
    "line_kind": k.LINE_KINDS,
    "link_kind": k.LINK_KINDS,
    "measure": k.MEASURES,
    "media_type": k.MEDIA_TYPES,
    "notice_ending": k.NOTICE_ENDINGS,
    "notice_kind": k.NOTICE_KINDS,
    "notice_step": k.NOTICE_STEPS,
    "office": k.OFFICES,
    "organisation_kind": k.ORGANISATION_KINDS,
    "organisation_lending": k.ORGANISATION_LENDING,
    "payer": k.PAYERS,
    "plan_kind": k.PLAN_KINDS,
    "rate_rule": k.RATE_RULES,
    "rate_table": k.RATE_TABLES,
    "recoveries": k.RECOVERIES,
    "repricing": k.REPRICINGS,
    "request": k.REQUESTS,
    "role": k.ROLES,
    "roll": k.ROLLS,
    "security": k.SECURITIES,
    "sheet": k.SHEETS,
    "side": k.SIDES,
    "sub_ledger": k.SUB_LEDGERS,
    "surplus": k.SURPLUS,
    **{f"{thing}_status": table for thing, table in STATUSES.items()},
}
"""The label tables of all subjects whose codes a user can choose, by subject."""

SUBJECTS: Final[Mapping[str, Table]] = {
    **_CHOICES,
    "event": EVENTS,
    "field": FIELDS,
    "job_report": k.JOB_REPORTS,
    "sheet_unit": k.SHEET_UNITS,
    "step": k.STEPS,
    "taken": k.TAKEN,
    "thing": THINGS,
}
"""All label tables, by subject."""

FACTS: Final[Mapping[str, str]] = {
    "bank": "text",
    "book": "text",
    "causes": "cause",
    "contract_no": "text",
    "county": "text",
    "differing": "field",
    "event": "event",
    "field": "field",
    "holder": "text",
    "id": "text",
    "key": "text",
    "measure": "measure",
    "missing": "endorsement",
    "name": "text",
    "role": "role",
    "rule": "rule",
    "scheme": "text",
    "step": "step",
    "table": "rate_table",
    "user": "text",
    "what": "thing",
}
"""The wording of a fact by the fact's name, for a template that does not name the wording as `{found:role}` does.

A fact that is not listed has the wording `plain`.
"""

_RULE = re.compile(r"(books |schemes?\b|contacts|contract_no)?\s*§?\s*([0-9.]+(?:–[0-9.]+)?)?( back-dated)?")
_BOOKS = {
    "books ": Said("books", "账务规则"),
    "scheme": Said("scheme", "方案"),
    "schemes": Said("scheme document", "方案文件"),
    "contacts": Said("contacts", "联系方式"),
    "contract_no": Said("contract number", "合同编号"),
}
_RULES = Said("rule", "规则")
_BETWEEN_ROWS = Said("; ", "；")
_NONE, _YES, _NO = Said("none", "无"), Said("yes", "是"), Said("no", "否")


def worded(how: str, value: Any, language: str) -> str:
    """Return the value of a refusal's fact in words; return a code without a label unchanged.

    `how` names the wording: `plain`, `text`, `rule`, `one_of` or a key of `SUBJECTS`.
    """
    if value is None or isinstance(value, bool):
        return (_NONE if value is None else _YES if value else _NO).told(language)
    if isinstance(value, Said):
        return value.told(language)
    if isinstance(value, Mapping):
        return ("：" if language == "zh" else ": ").join(worded(how, each, language) for each in value.values())
    if isinstance(value, list | tuple):
        sign = (
            between(language) if not any(isinstance(each, Mapping) for each in value) else _BETWEEN_ROWS.told(language)
        )
        return sign.join(worded(how, each, language) for each in value)
    if not isinstance(value, str) or how in _AS_THEY_ARE:
        return str(value)
    return _BY_WORD.get(how, _from_table)(how, value, language)


def between(language: str) -> str:
    """Return the sign that separates the items of a list."""
    return "、" if language == "zh" else ", "


def label(subject: str, code: str, language: str) -> str:
    """Return the name of a code of a subject (`loan_status`, `role`, ...), or the code if the code has no name."""
    name = SUBJECTS[subject].get(code)
    if name is not None:
        return name.told(language)
    return label(_ELSE[subject], code, language) if subject in _ELSE else code


def statuses_of(codes: Iterable[str]) -> str:
    """Return the subject of the first table of statuses that has all given codes, or `loan_status` if no table has.

    One code may belong to several kinds of object: `closed` is the status of a loan that is paid off, and of a month
    that takes no further entries. All status codes in a refusal together show the kind of object.
    """
    wanted = set(codes)
    thing = next((thing for thing, table in STATUSES.items() if wanted <= table.keys()), "loan")
    return f"{thing}_status"


def table_of(codes: Iterable[str]) -> Table:
    """Return the label table of a subject that has all given codes; return an empty table if no subject has."""
    wanted = set(codes)
    return next((table for table in _CHOICES.values() if wanted <= table.keys()), {})


def named(field: str, value: str) -> Said:
    """Return the value of a field of a sheet in both languages; several codes are separated by commas."""
    subject = _VALUES.get(field)
    if subject is None:
        return Said(value, value)
    return Said(value, "、".join(label(subject, code, "zh") for code in value.split(",")))


def _from_table(how: str, value: str, language: str) -> str:
    """Return the names of a subject's codes that are separated by commas."""
    return between(language).join(label(how, code, language) for code in value.split(", "))


def _rule(how: str, value: str, language: str) -> str:
    """Return the name of a clause of the scheme (`4.9`) or the bookkeeping rules (`books 3`), or of a standard."""
    parts = _RULE.fullmatch(value)
    if parts is None:
        return value
    book, clause, late = parts.groups()
    said = _BOOKS.get(book, _RULES) if book else _RULES
    mark = Said(" (back-dated)", "（补记）").told(language) if late else ""
    return f"{said.told(language)} {clause or ''}".rstrip() + mark


def _one_of(how: str, value: str, language: str) -> str:
    """Return the names of the codes from which a user chooses a code, whatever the subject of the codes."""
    codes = value.split(", ")
    names = table_of(codes)
    return between(language).join(names[code].told(language) if code in names else code for code in codes)


_ELSE = {"thing": "event", "event": "request"}
"""The subject in which a code is looked up next, if the first subject has no name for the code.

A refusal may report an event as the thing that was not found. A refusal may also name, in place of an event, a
request that waits for a decision.
"""

_VALUES = {
    "category": "category",
    "endorsements": "endorsement",
    "kind": "organisation_kind",
    "link_kind": "link_kind",
    "security": "security",
    "status": "loan_status",
    "surplus": "surplus",
}
"""The subject of the codes in a sheet's field, by the name of the field."""

_AS_THEY_ARE = ("plain", "text")
_BY_WORD: Mapping[str, Callable[[str, str, str], str]] = {"rule": _rule, "one_of": _one_of}
