"""The labels of the ledger: Chinese and English names of stored codes, for refusals, web pages and papers.

Each subject has a table of labels in statuses.py, events.py, fields.py or kinds.py. To change a label, change the
table of the label and nothing else.
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
