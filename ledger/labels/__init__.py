"""The names, in Chinese and English, of what is stored or sent by a code: refusals, pages and papers use them.

A table a subject: statuses.py, events.py, fields.py, kinds.py. A label is changed here and nowhere else.
"""

from ledger.labels.events import EVENTS
from ledger.labels.fields import FIELDS, THINGS
from ledger.labels.said import LANGUAGES, Language, Said, Table
from ledger.labels.statuses import STATUSES
from ledger.labels.wording import FACTS, SUBJECTS, between, label, named, statuses_of, table_of, worded

__all__ = [
    "EVENTS",
    "FACTS",
    "FIELDS",
    "LANGUAGES",
    "STATUSES",
    "SUBJECTS",
    "THINGS",
    "Language",
    "Said",
    "Table",
    "between",
    "label",
    "named",
    "statuses_of",
    "table_of",
    "worded",
]
