"""Tests that each notice is sent once by e-mail or SMS, and is sent again only after a failure (scheme 7)."""

from datetime import UTC, date, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import Engine, select

from jobs.job import Step
from jobs.lease import Lease
from jobs.notices import NOTICES
from jobs.sending import Sent, channels_of, send_waiting
from ledger.channels.channel import Channel
from ledger.channels.mail import Mail
from ledger.channels.sms import Sms
from ledger.errors import WrongStatus
from ledger.operations.job_runs import Scope
from ledger.operations.notices import delivery, sending
from ledger.operations.notices.delivery import Delivered
from ledger.operations.registry import contacts
from ledger.settings import read_settings
from ledger.tables.notices import Notice, NoticeSending
from tests.notices.servers import Gateway, MailServer, mail_server, sms_gateway
from tests.support.county_desk import BANK, COUNTY, at_desk, household
from tests.support.processes import ended, started
from tests.support.serviced import lend, loan_of
from tests.support.small_portfolio import repay

WORKED = loan_of("4.75", "2016-05-10", "2019-05-10")
PHONE, EMAIL = "13812345678", "liufu@example.com"
FIRST, SECOND = date(2019, 4, 10), date(2019, 5, 3)


def told(engine: Engine, on: date = FIRST, **where: str | None) -> int:
    """Record the worked example's loan with contact data of its borrower, and issue its notices.

    Return the id of the loan.
    """
    with at_desk(engine) as unit:
        home = household(unit)
        contacts.set_contact(unit, household_id=home, phone=where.get("phone", PHONE), email=EMAIL)
    loan_id = lend(engine, WORKED, household_id=home)
    make(engine, on)
    return loan_id


def make(engine: Engine, on: date) -> None:
    with at_desk(engine, "job:notices", on) as unit:
        step = Step(on, Scope(BANK, COUNTY))
        NOTICES.work(unit, step, NOTICES.items(unit.session, step, 0, 5000))


def turn(engine: Engine, on: date = FIRST, minutes: int = 0) -> Lease:
    noon = datetime(on.year, on.month, on.day, 4, tzinfo=UTC) + timedelta(minutes=minutes)
    return Lease(engine, by="test", clock=lambda: noon)


def attempts(engine: Engine) -> list[tuple[int, str]]:
    query = select(NoticeSending.attempt, NoticeSending.status).order_by(NoticeSending.attempt)
    with engine.connect() as connection:
        return [(attempt, status) for attempt, status in connection.execute(query)]


def mails(server: MailServer) -> tuple[Channel]:
    return (Mail.of(server.url),)


def texts(gateway: Gateway) -> tuple[Channel]:
    return (Sms.of(gateway.url),)


def test_a_notice_reaches_mail_server_and_gateway_once(engine: Engine) -> None:
    told(engine)
    with mail_server() as server, sms_gateway() as gateway:
        channels = channels_of(read_settings({"LEDGER_SMTP_URL": server.url, "LEDGER_SMS_URL": gateway.url}))
        assert send_waiting(turn(engine), channels) == Sent(sent=2)
        assert send_waiting(turn(engine), channels) == Sent()
        (mail,), ((body, key),) = server.mails, gateway.got
    assert (mail["To"], mail["From"]) == (EMAIL, "bank@example.com")
    assert "还款催收通知书" in mail["Subject"]
    for text in (mail.get_content(), body["text"]):
        assert "50000.00 元" in text
        assert "2019年05月10日" in text
        assert "刘福" not in text
    assert (body["to"], body["id"]) == (PHONE, key)
    assert mail["Message-ID"] == f"<{key.removesuffix('sms')}email@example.com>"


def test_what_the_server_would_not_have_now_is_tried_again_later_with_the_same_id(engine: Engine) -> None:
    told(engine)
    with mail_server() as server:
        server.at_rcpt, server.at_data = ["451 later", "451 later"], ["452 no room"]
        seen = [send_waiting(turn(engine, minutes=minutes), mails(server)) for minutes in (0, 0, 1, 5, 6, 36, 40)]
        assert seen == [Sent(failed=1), Sent(), Sent(failed=1), Sent(), Sent(failed=1), Sent(sent=1), Sent()]
        assert len(server.mails) == 1
    assert attempts(engine) == [(1, "failed"), (2, "failed"), (3, "failed"), (4, "sent")]


def test_nobody_listening_is_a_failure_that_is_shown_and_tried_again(engine: Engine, database_url: str) -> None:
    told(engine)
    with sms_gateway() as gateway:
        channels = texts(gateway)
    assert send_waiting(turn(engine), channels) == Sent(failed=1)
    assert "sending: 1 failed" in ended(database_url, "jobs", "status").stdout
    assert send_waiting(turn(engine, minutes=2), channels) == Sent(failed=1)


def test_after_the_last_try_a_person_has_to_look(engine: Engine) -> None:
    told(engine)
    with sms_gateway() as gateway:
        gateway.answers = [503] * 6
        for day in range(6):
            assert send_waiting(turn(engine, FIRST + timedelta(days=day)), texts(gateway)) == Sent(failed=1)
        assert send_waiting(turn(engine, FIRST + timedelta(days=9)), texts(gateway)) == Sent()
    assert attempts(engine)[-1] == (6, "refused")


@pytest.mark.parametrize(
    ("case", "status", "kept"),
    [
        ("no such number", 400, "refused"),
        ("not signed in", 401, "refused"),
        ("moved away", 302, "refused"),
        ("busy", 429, "failed"),
        ("down for now", 503, "failed"),
        ("failed while at it", 500, "unknown"),
        ("its own gateway is silent", 504, "unknown"),
    ],
)
def test_what_a_gateway_answers(engine: Engine, case: str, status: int, kept: str) -> None:
    told(engine)
    with sms_gateway() as gateway:
        gateway.answers = [status]
        send_waiting(turn(engine), texts(gateway))
    assert attempts(engine) == [(1, kept)], case


@pytest.mark.parametrize(
    ("case", "at_rcpt", "at_data", "kept"),
    [
        ("no such mailbox", ["550 unknown"], [], "refused"),
        ("full for now", ["452 full"], [], "failed"),
        ("will not have the text", [], ["554 spam"], "refused"),
        ("taken, and the line dropped", [], ["taken, then silence"], "unknown"),
    ],
)
def test_what_a_mail_server_answers(
    engine: Engine, case: str, at_rcpt: list[str], at_data: list[str], kept: str
) -> None:
    told(engine)
    with mail_server() as server:
        server.at_rcpt, server.at_data = list(at_rcpt), list(at_data)
        send_waiting(turn(engine), mails(server))
    assert attempts(engine) == [(1, kept)], case


@pytest.mark.parametrize(("arrived", "more"), [(True, []), (False, [(2, "sent")])])
def test_an_unknown_outcome_waits_for_a_person(engine: Engine, arrived: bool, more: list[Any]) -> None:
    told(engine)
    with sms_gateway() as gateway:
        gateway.answers = [500]
        send_waiting(turn(engine), texts(gateway))
        assert send_waiting(turn(engine, minutes=9999), texts(gateway)) == Sent(), "never by itself"
        with at_desk(engine, today=FIRST) as unit:
            sending_id = unit.session.execute(select(NoticeSending.id)).scalar_one()
            row = sending.resolve(unit, sending_id, sent=arrived)
            assert (row.status, row.resolved_by) == ("sent" if arrived else "not_sent", "officer")
        send_waiting(turn(engine, minutes=5), texts(gateway))
        with at_desk(engine) as unit, pytest.raises(WrongStatus):
            sending.resolve(unit, sending_id, sent=True)
    assert attempts(engine)[1:] == more


def test_killed_between_handing_over_and_writing_it_down_nothing_is_sent_again(
    engine: Engine, database_url: str
) -> None:
    today = Lease(engine, by="test").today()
    with at_desk(engine) as unit:
        home = household(unit)
        contacts.set_contact(unit, household_id=home, phone=PHONE)
    due = today + timedelta(days=20)
    first = date(due.year - 3, due.month, min(due.day, 28))
    lend(engine, loan_of("4.75", first.isoformat(), due.isoformat()), household_id=home)
    make(engine, today)
    with sms_gateway() as gateway:
        gateway.held.clear()
        with started(database_url, "jobs", "send", LEDGER_SMS_URL=gateway.url) as process:
            assert gateway.came.wait(60)
            process.kill()
        gateway.held.set()
        again = ended(database_url, "jobs", "send", LEDGER_SMS_URL=gateway.url)
        assert "0 sent" in again.stdout, again.stderr
        much_later = Lease(engine, by="test", clock=lambda: datetime.now(UTC) + timedelta(minutes=11))
        assert send_waiting(much_later, texts(gateway)) == Sent()
        assert len(gateway.got) == 1
    assert attempts(engine) == [(1, "unknown")]


def test_many_senders_at_once_send_each_notice_once(engine: Engine) -> None:
    for _ in range(12):
        told(engine)
    with sms_gateway() as gateway:
        senders = [Thread(target=send_waiting, args=(turn(engine), texts(gateway))) for _ in range(4)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        assert len({key for _, key in gateway.got}) == len(gateway.got) == 12


@pytest.mark.parametrize(
    ("case", "on", "texts_sent"),
    [
        ("the day before the first", date(2019, 4, 9), 0),
        ("the first one's day", FIRST, 1),
        ("both called for: only the nearer", SECOND, 1),
        ("the due date", date(2019, 5, 10), 1),
        ("the due date is past", date(2019, 5, 11), 0),
    ],
)
def test_only_a_notice_of_today_is_sent(engine: Engine, case: str, on: date, texts_sent: int) -> None:
    told(engine, max(on, SECOND))
    with sms_gateway() as gateway:
        assert send_waiting(turn(engine, on), texts(gateway)) == Sent(sent=texts_sent), case


def test_who_paid_or_was_reached_already_or_nowhere_is_left_alone(engine: Engine) -> None:
    paid, reached = told(engine), told(engine)
    told(engine, phone=None)
    repay(engine, paid, "60000.00", FIRST + timedelta(days=1))
    with at_desk(engine, today=FIRST + timedelta(days=1)) as unit:
        notice_id = unit.session.execute(select(Notice.id).where(Notice.loan_id == reached)).scalar_one()
        delivery.deliver(unit, notice_id, Delivered(FIRST, "in_person", "刘福"))
    with sms_gateway() as gateway:
        assert send_waiting(turn(engine, FIRST + timedelta(days=1)), texts(gateway)) == Sent()


@pytest.mark.parametrize("url", ["http://mail", "smtp://", "127.0.0.1:25"])
def test_an_address_that_is_no_mail_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="LEDGER_SMTP_URL"):
        Mail.of(url)


@pytest.mark.parametrize("url", ["smtp://gateway", "https://", "gateway:80"])
def test_an_address_that_is_no_gateway_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="LEDGER_SMS_URL"):
        Sms.of(url)
