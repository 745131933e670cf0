"""The sums of a year's events by day and kind of money flow.

The sums of flows are computed from the stored event rows, without the ledger's own sums.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Connection, text

from ledger import dates

Payload = Mapping[str, Any]
"""The payload of an event, with amounts in whole fen."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the tested year.

    A reversal event has the fields of the event that it reverses, and the sign -1.
    """

    kind: str
    on: date
    known_on: date
    bank: str
    sign: int
    payload: Payload


def events(connection: Connection) -> list[Event]:
    """Return every event of the tested year, ordered by day."""
    query = text(
        "SELECT coalesce(o.kind, e.kind), e.effective_on, e.recorded_at, e.bank, e.red, coalesce(o.payload, e.payload) "
        "FROM events e LEFT JOIN events o ON o.id = e.reverses_id ORDER BY e.effective_on, e.id"
    )
    return [
        Event(
            kind,
            date.fromisoformat(str(on)),
            dates.business_day(dates.moment(at)),
            bank or "",
            -1 if red else 1,
            _read(payload),
        )
        for kind, on, at, bank, red, payload in connection.execute(query)
    ]


def as_known_then(happened: list[Event]) -> list[Event]:
    """Return the events with each event's day of recording as its date.

    With recording days as dates, the sums of a day are the sums known on the evening of that day.
    """
    return [replace(event, on=event.known_on) for event in sorted(happened, key=lambda event: event.known_on)]


def _read(payload: Any) -> Payload:
    fields: Payload = orjson.loads(payload) if isinstance(payload, str | bytes) else payload
    return fields


def _of(*names: str) -> Callable[[Payload], int]:
    return lambda payload: sum(payload[name] for name in names)


_PLANNED = _of("city_funded", "county_funded")
_BORNE = _of("fund_share", "county_share")
_LINES = _of("households", "organisations")
_AMOUNT = _of("amount")


FLOWS: Mapping[str, Mapping[str, tuple[int, Callable[[Payload], int]]]] = {
    # The flow `held` is the sum of all changes of the fund's deposits, appropriations receivable and money in transit.
    "held": {
        "FundPlanApproved": (1, _PLANNED),
        "CountyFundContributed": (1, _AMOUNT),
        "FundInterestCredited": (1, _AMOUNT),
        "CountyShareReceived": (1, _AMOUNT),
        "CountyShareReturned": (-1, _AMOUNT),
        "RecoveryRemitted": (1, _AMOUNT),
        "SuspenseRecorded": (1, _AMOUNT),
        "SuspenseReleased": (-1, _AMOUNT),
        "ClaimPaid": (-1, _of("paid")),
        "FundReturned": (-1, _of("to_city", "to_county")),
    },
    "to appropriate": {"FundPlanApproved": (1, _of("city_funded")), "FundAppropriated": (-1, _AMOUNT)},
    "in transit": {
        "FundPlanApproved": (1, _of("county_funded")),
        "FundAppropriated": (1, _AMOUNT),
        "FundDeposited": (-1, _AMOUNT),
    },
    "suspense": {"SuspenseRecorded": (1, _AMOUNT), "SuspenseReleased": (-1, _AMOUNT)},
    "recourse": {
        "ClaimPaid": (1, _of("paid")),
        "RecoveryRemitted": (-1, _AMOUNT),
        "RecourseClosed": (-1, _AMOUNT),
    },
    "net loss": {"ClaimPaid": (1, _of("paid")), "RecoveryRemitted": (-1, _AMOUNT)},
    "halves": {"ClaimPaid": (1, _BORNE), "RecoveryRemitted": (-1, _BORNE)},
    "shares": {"CountyShareReceived": (1, _AMOUNT), "CountyShareReturned": (-1, _AMOUNT)},
    "to remit": {
        "RecoveryReceived": (1, _AMOUNT),
        "RecoveryRemitted": (-1, _AMOUNT),
        "RecoveryRetained": (-1, _of("interest", "charges", "principal", "overdue_principal", "loss")),
    },
    "interest of borrowers": {"RepaymentReceived": (1, _of("interest")), "CreditApplied": (1, _of("interest"))},
    "subsidy approved": {"SubsidyApproved": (1, _LINES)},
    "subsidy paid": {"SubsidyPaid": (1, _AMOUNT)},
    "clawed back": {"ClawbackRaised": (1, _LINES)},
    "clawback received": {"ClawbackReceived": (1, _AMOUNT)},
}


def sums(happened: list[Event], banks: tuple[str, ...]) -> Iterator[tuple[date, Mapping[tuple[str, str], int]]]:
    """Yield each day with an event, together with each bank's total of each money flow up to and including that day."""
    stood = {(flow, bank): 0 for flow in FLOWS for bank in banks}
    for place, event in enumerate(happened):
        for flow, parts in FLOWS.items():
            if event.kind in parts:
                sign, amount = parts[event.kind]
                stood[flow, event.bank] += event.sign * sign * amount(event.payload)
        if place + 1 == len(happened) or happened[place + 1].on != event.on:
            yield event.on, stood
