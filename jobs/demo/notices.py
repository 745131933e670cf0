"""Makes the demo's notices every two weeks; most are delivered in time, some late, and some never."""

from collections.abc import Callable
from datetime import date, timedelta

from sqlalchemy import select

from jobs.demo.plan import COUNTY
from jobs.demo.public_money import Staff
from ledger.dates import DAY
from ledger.operations.notices import delivery
from ledger.operations.notices.delivery import Delivered
from ledger.reports.notices.notices import Notice
from ledger.reports.notices.notices import notices as notices_on
from ledger.tables.borrowers import Member, Organisation
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit

EVERY = timedelta(days=14)

_WAYS = (
    ("直接送达", "本人"),
    ("直接送达", "本人"),
    ("直接送达", "配偶"),
    ("留置送达", "成年家属"),
    ("邮寄送达", "本人"),
)


def tell(staff: Staff, run: Callable[[], object], since: date, until: date) -> None:
    """Make the due notices every two weeks from `since` on, before `until`, and record the notices' deliveries."""
    day = since + EVERY
    while day < until:
        staff.clock.set(day)
        run()
        deliver(staff)
        day += EVERY


def deliver(staff: Staff) -> None:
    """Record the deliveries of notices so far, as an officer of each bank; leave some notices undelivered."""
    for bank, (officer, _checker) in staff.officers.items():
        staff.do(officer, _deliver_all, bank)


def _deliver_all(unit: Unit, bank: str) -> None:
    for notice in notices_on(unit.session, on=unit.today, bank=bank, county=COUNTY):
        if notice.status in ("pending", "late") and (on := _handed_over_on(notice)) is not None and on <= unit.today:
            channel, relation = _WAYS[on.day % len(_WAYS)]
            receiver = _borrower(unit, notice.loan_id) if relation == "本人" else "家属"
            delivery.deliver(unit, notice.id, Delivered(on, channel, receiver, relation))


def _handed_over_on(notice: Notice) -> date | None:
    chance = int(notice.contract_no[-4:]) % 10
    if chance in (0, 8):
        return None
    if chance == 1:
        return notice.deliver_by + 4 * DAY
    return notice.created_on + (1 + chance % 5) * DAY


def _borrower(unit: Unit, loan_id: int) -> str:
    query = (
        select(Member.name, Organisation.name)
        .select_from(Loan)
        .outerjoin(Member, Member.id == Loan.member_id)
        .outerjoin(Organisation, Organisation.id == Loan.organisation_id)
        .where(Loan.id == loan_id)
    )
    person, organisation = unit.session.execute(query).one()
    return str(person or organisation)
