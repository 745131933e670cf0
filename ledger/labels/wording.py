"""The wording of facts in sentences: the label table in which a fact is looked up, and the form that it takes."""

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
"""The label tables of the subjects of which a user chooses a value."""

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
"""All tables of labels, by subject."""

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
"""The wording of a fact by its name, for templates that name none (`{found:role}` names one).

Facts that are not listed are `plain`.
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
    """Return the value of a refusal's fact in words. `how` is `plain`, `text`, `rule`, `one_of` or a key of `SUBJECTS`.

    A code without a label is returned unchanged.
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
    """Return the name of a code of a subject (`loan_status`, `role`, ...), or the code where it has no name."""
    name = SUBJECTS[subject].get(code)
    if name is not None:
        return name.told(language)
    return label(_ELSE[subject], code, language) if subject in _ELSE else code


def statuses_of(codes: Iterable[str]) -> str:
    """Return the subject of the first table of statuses that has all these codes, `loan_status` where none has.

    One code may belong to several kinds of object: `closed` is a loan that is paid off, or a month that takes no more
    entries. All codes of a refusal together tell the kind of object.
    """
    wanted = set(codes)
    thing = next((thing for thing, table in STATUSES.items() if wanted <= table.keys()), "loan")
    return f"{thing}_status"


def table_of(codes: Iterable[str]) -> Table:
    """Return the labels of the codes from which a user chooses one; empty where no subject has all of the codes."""
    wanted = set(codes)
    return next((table for table in _CHOICES.values() if wanted <= table.keys()), {})


def named(field: str, value: str) -> Said:
    """Return the value of a field of a sheet in both languages; several codes are separated by commas."""
    subject = _VALUES.get(field)
    if subject is None:
        return Said(value, value)
    return Said(value, "、".join(label(subject, code, "zh") for code in value.split(",")))


def _from_table(how: str, value: str, language: str) -> str:
    """Return the names of one or several codes of a subject; several codes are separated by commas."""
    return between(language).join(label(how, code, language) for code in value.split(", "))


def _rule(how: str, value: str, language: str) -> str:
    """Return the name of a clause: `4.9` of the scheme, `books 3` of the bookkeeping rules, `GB 11643`."""
    parts = _RULE.fullmatch(value)
    if parts is None:
        return value
    book, clause, late = parts.groups()
    said = _BOOKS.get(book, _RULES) if book else _RULES
    mark = Said(" (back-dated)", "（补记）").told(language) if late else ""
    return f"{said.told(language)} {clause or ''}".rstrip() + mark


def _one_of(how: str, value: str, language: str) -> str:
    """Return the names of codes from which one is chosen, whatever their subject."""
    codes = value.split(", ")
    names = table_of(codes)
    return between(language).join(names[code].told(language) if code in names else code for code in codes)


_ELSE = {"thing": "event", "event": "request"}
"""The subject in which a code is looked up next, where its own subject has no name for the code.

A thing that is not found may be an event; an event named by a refusal may be a request that waits for a decision.
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
"""The subject of the codes that a field of a sheet holds."""

_AS_THEY_ARE = ("plain", "text")
_BY_WORD: Mapping[str, Callable[[str, str, str], str]] = {"rule": _rule, "one_of": _one_of}
