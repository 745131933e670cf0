"""Tests of notices as the offices handle them (scheme 7).

A job issues notices; people deliver notices, record the signed slips, and withdraw notices.
"""

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, date, datetime
from hashlib import sha256
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from freezegun import freeze_time
from sqlalchemy import Engine

from jobs import runner
from jobs.lease import Lease
from jobs.sending import send_waiting
from ledger.channels.sms import Sms
from ledger.operations.registry import contacts
from tests.notices.servers import sms_gateway
from tests.support.clients import BASE, Client
from tests.support.county_desk import at_desk, household
from tests.support.serviced import lend, loan_of
from tests.support.small_portfolio import repay

SignIn = Callable[[str], Client]

WORKED = loan_of("4.75", "2016-05-10", "2019-05-10")
PNG = b"\x89PNG\r\n\x1a\n" + b"a picture of a slip"
TOO_LARGE = b64encode(PNG.ljust(4 * 1024 * 1024 + 1, b"x")).decode()
HANDED_OVER = {"channel": "in_person", "receiver": "刘福", "relation": "本人"}


@pytest.fixture
def books(app: Flask) -> Engine:
    found: Engine = app.extensions["ledger"].engine
    return found


def at_noon(day: str) -> Any:
    return freeze_time(datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).replace(hour=4))


def daily(engine: Engine, on: str) -> None:
    day = date.fromisoformat(on)
    noon = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
    assert runner.run(Lease(engine, by="test", clock=lambda: noon), "notices", day).status == "done"


def only(found: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (notice,) = [each for each in found if each["kind"] == kind]
    return notice


def test_the_worked_example_day_by_day(books: Engine, sign_in: SignIn) -> None:
    loan = str(lend(books, WORKED))
    seen = {}
    for day in ("2019-04-09", "2019-04-10", "2019-05-02", "2019-05-03"):
        daily(books, day)
        with at_noon(day):
            seen[day] = sign_in("officer").get("/notices", loan=loan).json["items"]
    assert [len(found) for found in seen.values()] == [0, 1, 1, 2]
    first, second = seen["2019-05-03"]
    told = ("kind", "due_on", "created_on", "deliver_by", "delivered_on", "cancelled_on")
    assert [first[name] for name in told] == ["D30", "2019-05-10", "2019-04-10", "2019-04-17", None, None]
    assert [second[name] for name in told] == ["D7", "2019-05-10", "2019-05-03", "2019-05-10", None, None]
    assert (first["status"], first["late"]) == ("late", True)
    assert (second["status"], second["late"]) == ("pending", False)


def test_one_run_after_the_machine_was_off_makes_what_daily_runs_would_have_made(
    books: Engine, sign_in: SignIn
) -> None:
    lend(books, WORKED)
    daily(books, "2019-05-06")
    with at_noon("2019-05-06"):
        found = sign_in("auditor").get("/notices").json["items"]
    assert [(each["kind"], each["created_on"], each["made_on"]) for each in found] == [
        ("D30", "2019-04-10", "2019-05-06"),
        ("D7", "2019-05-03", "2019-05-06"),
    ]


def test_a_delivery_is_recorded_with_its_slip_and_who_recorded_it(books: Engine, sign_in: SignIn) -> None:
    lend(books, WORKED)
    daily(books, "2019-04-10")
    with at_noon("2019-04-16"):
        officer = sign_in("officer")
        (notice,) = officer.get("/notices", status="pending").json["items"]
        slip = {"file_name": "回执.png", "content": b64encode(PNG).decode()}
        sent = HANDED_OVER | {"delivered_on": "2019-04-15", "note": "指印", "attachment": slip}
        told = officer.post(f"/notices/{notice['id']}/delivery", sent)
        assert told.status_code == 201, told.text
        assert (told.json["status"], told.json["late"]) == ("delivered", False)
        (delivery,) = told.json["deliveries"]
        assert (delivery["recorded_by"], delivery["recorded_on"]) == ("officer", "2019-04-16")
        (receipt,) = delivery["receipts"]
        assert (receipt["sha256"], receipt["media_type"]) == (sha256(PNG).hexdigest(), "image/png")
        again = sign_in("poverty").get(f"/notices/{notice['id']}/receipts/{receipt['id']}")
        assert (again.data, again.mimetype) == (PNG, "image/png")
        assert [step["step"] for step in told.json["steps"]] == ["delivered"]


def test_a_slip_may_follow_later_and_the_same_twice_is_kept_once(books: Engine, sign_in: SignIn) -> None:
    lend(books, WORKED)
    daily(books, "2019-04-10")
    with at_noon("2019-04-12"):
        officer = sign_in("officer")
        (notice,) = officer.get("/notices").json["items"]
        path = f"/notices/{notice['id']}/receipts"
        assert _upload(officer, path, PNG).json["code"] == "notice_not_delivered"
        officer.post(f"/notices/{notice['id']}/delivery", HANDED_OVER)
        for content in (PNG, PNG, b"%PDF-1.7 a second page"):
            assert _upload(officer, path, content).status_code == 201
        (delivery,) = officer.get(f"/notices/{notice['id']}").json["deliveries"]
        assert [receipt["media_type"] for receipt in delivery["receipts"]] == ["image/png", "application/pdf"]


def _upload(client: Client, path: str, content: bytes) -> Any:
    headers = {**client.headers, "Idempotency-Key": f"k{hash(content)}{datetime.now(UTC)}"}
    data = {"file": (BytesIO(content), "slip")}
    return client.app.test_client().post(BASE + path, data=data, headers=headers)


@pytest.mark.parametrize(
    ("case", "sent", "status", "code"),
    [
        ("a day to come", {"delivered_on": "2019-04-13"}, 422, "future_date"),
        ("before it was made", {"delivered_on": "2019-04-09"}, 422, "before_notice"),
        (
            "a text instead of a scan",
            {"attachment": {"file_name": "a.png", "content": "aGVsbG8="}},
            422,
            "receipt_unfit",
        ),
        ("an empty scan", {"attachment": {"file_name": "a.png", "content": ""}}, 422, "receipt_too_large"),
        ("a scan that is no base64", {"attachment": {"file_name": "a.png", "content": "***"}}, 400, "malformed"),
        ("too large a scan", {"attachment": {"file_name": "a.png", "content": TOO_LARGE}}, 422, "receipt_too_large"),
        ("two days", {"delivered_on": "2019-04-11", "on": "2019-04-12"}, 400, "malformed"),
    ],
)
def test_what_is_refused_writes_nothing(
    books: Engine, sign_in: SignIn, case: str, sent: dict[str, Any], status: int, code: str
) -> None:
    lend(books, WORKED)
    daily(books, "2019-04-10")
    with at_noon("2019-04-12"):
        officer = sign_in("officer")
        (notice,) = officer.get("/notices").json["items"]
        told = officer.post(f"/notices/{notice['id']}/delivery", HANDED_OVER | sent)
        assert (told.status_code, told.json["code"]) == (status, code), case
        assert officer.get(f"/notices/{notice['id']}").json["deliveries"] == []


def test_delivered_twice_is_refused_with_rule_limit_and_figure_in_both_languages(
    books: Engine, sign_in: SignIn
) -> None:
    lend(books, WORKED)
    daily(books, "2019-04-10")
    with at_noon("2019-04-12"):
        officer = sign_in("officer")
        (notice,) = officer.get("/notices").json["items"]
        officer.post(f"/notices/{notice['id']}/delivery", HANDED_OVER)
        told = officer.post(f"/notices/{notice['id']}/delivery", HANDED_OVER)
        assert (told.status_code, told.json["code"]) == (409, "notice_delivered")
        assert told.json["facts"] == {"rule": "7", "limit": 1, "found": "2019-04-12"}
        zh = officer.in_chinese().post(f"/notices/{notice['id']}/delivery", HANDED_OVER)
        assert "已于 2019-04-12 登记送达" in zh.json["detail"]


def test_a_payoff_cancels_at_once_and_its_reversal_brings_the_notice_back(books: Engine, sign_in: SignIn) -> None:
    loan = lend(books, WORKED)
    daily(books, "2019-04-10")
    with at_noon("2019-04-20"):
        repay(books, loan, "60000.00", date(2019, 4, 20))
        officer = sign_in("officer")
        (notice,) = officer.get("/notices").json["items"]
        assert [notice[name] for name in ("cancelled_on", "cancel_reason", "status")] == [
            "2019-04-20",
            "closed",
            "cancelled",
        ]
        told = officer.post(f"/notices/{notice['id']}/delivery", HANDED_OVER)
        assert (told.status_code, told.json["code"]) == (409, "notice_cancelled")
        (event,) = officer.get(f"/loans/{loan}/repayments").json["items"]
        asked = officer.post(f"/ledger/events/{event['event_id']}/reversal", {"reason": "记错"})
        assert asked.status_code == 202, asked.text
        assert sign_in("checker").post(f"/approvals/{asked.json['id']}").status_code == 200
        back = officer.get(f"/notices/{notice['id']}").json
        assert (back["cancelled_on"], [step["step"] for step in back["steps"]]) == (None, ["cancelled", "revived"])


def test_a_slip_from_before_the_payoff_counts_though_it_comes_in_after(books: Engine, sign_in: SignIn) -> None:
    loan = lend(books, WORKED)
    daily(books, "2019-04-10")
    repay(books, loan, "60000.00", date(2019, 4, 20))
    with at_noon("2019-04-22"):
        officer = sign_in("officer")
        (notice,) = officer.get("/notices").json["items"]
        told = officer.post(f"/notices/{notice['id']}/delivery", HANDED_OVER | {"on": "2019-04-15"})
        assert (told.json["status"], told.json["cancelled_on"]) == ("delivered", None)
        daily(books, "2019-04-22")
        assert officer.get(f"/notices/{notice['id']}").json["status"] == "delivered"


def test_a_wrong_delivery_is_withdrawn_by_a_checker_and_stays_in_the_history(books: Engine, sign_in: SignIn) -> None:
    lend(books, WORKED)
    daily(books, "2019-04-10")
    with at_noon("2019-04-19"):
        officer, checker = sign_in("officer"), sign_in("checker")
        (notice,) = officer.get("/notices").json["items"]
        path = f"/notices/{notice['id']}/delivery"
        officer.post(path, HANDED_OVER | {"receiver": "别人", "delivered_on": "2019-04-12"})
        assert officer.post(f"{path}/withdrawal", {"reason": "记错"}).status_code == 403
        told = checker.post(f"{path}/withdrawal", {"reason": "收件人记错"})
        assert (told.status_code, told.json["status"]) == (200, "late")
        officer.post(path, HANDED_OVER)
        found = officer.get(f"/notices/{notice['id']}").json
        told_of = [(each["receiver"], each["withdrawn"]) for each in found["deliveries"]]
        assert told_of == [("别人", True), ("刘福", False)]
        assert [step["step"] for step in found["steps"]] == ["delivered", "withdrawn", "delivered"]
        assert found["late"], "handed over two days after it had to be"


def test_another_bank_and_another_county_find_nothing(books: Engine, sign_in: SignIn) -> None:
    lend(books, WORKED)
    daily(books, "2019-04-10")
    with at_noon("2019-04-12"):
        (notice,) = sign_in("poverty").get("/notices").json["items"]
        for who in ("stranger", "elsewhere"):
            other = sign_in(who)
            assert other.get("/notices").json["items"] == []
            assert other.get(f"/notices/{notice['id']}").status_code == 404
        told = sign_in("stranger").post(f"/notices/{notice['id']}/delivery", HANDED_OVER)
        assert told.status_code == 404
        assert sign_in("poverty").post(f"/notices/{notice['id']}/delivery", HANDED_OVER).status_code == 403


def test_where_a_household_is_reached_is_for_those_who_register_it(books: Engine, sign_in: SignIn) -> None:
    with at_desk(books) as unit:
        home = household(unit)
    path, told = f"/households/{home}/contact", {"phone": "138 1234-5678", "email": None}
    assert sign_in("officer").post(path, told).json == {"phone": "13812345678", "email": None}
    assert sign_in("poverty").get(path).json == {"phone": "13812345678", "email": None}
    assert sign_in("auditor").get(path).status_code == 403
    assert sign_in("officer").post(path, {"email": "a@example.com"}).json == {"phone": None, "email": "a@example.com"}
    for unfit in ({"phone": "call me"}, {"email": "nobody at home"}):
        refused = sign_in("officer").post(path, unfit)
        assert refused.status_code == 422
        assert "home" not in refused.text, "what is private is not repeated"


def test_attempts_are_listed_within_the_scope_and_resolved_by_a_person(books: Engine, sign_in: SignIn) -> None:
    with at_desk(books) as unit:
        home = household(unit)
        contacts.set_contact(unit, household_id=home, phone="13812345678")
    lend(books, WORKED, household_id=home)
    daily(books, "2019-04-10")
    noon = datetime(2019, 4, 10, 4, tzinfo=UTC)
    with sms_gateway() as gateway:
        gateway.answers = [500]
        send_waiting(Lease(books, by="test", clock=lambda: noon), (Sms.of(gateway.url),))
    with at_noon("2019-04-11"):
        officer = sign_in("officer")
        (attempt,) = officer.get("/notices/sendings", status="unknown").json["items"]
        assert (attempt["address"], attempt["reason"]) == ("138****5678", "500 Internal Server Error")
        path = f"/notices/sendings/{attempt['id']}/resolution"
        assert sign_in("stranger").get("/notices/sendings").json["items"] == []
        assert sign_in("stranger").post(path, {"sent": True}).status_code == 404
        told = officer.post(path, {"sent": True}).json
        assert (told["status"], told["resolved_by"]) == ("sent", "officer")
        assert officer.post(path, {"sent": True}).status_code == 409


def test_letters_are_printed_one_by_one_and_a_day_at_once_cancelled_ones_left_out(
    books: Engine, sign_in: SignIn
) -> None:
    with at_desk(books) as unit:
        home = household(unit)
    made = [lend(books, WORKED, household_id=home) for _ in range(3)]
    daily(books, "2019-04-12")
    repay(books, made[0], "60000.00", date(2019, 4, 12))
    asked = {"bank": "GZRCB", "county": "360781"}
    with at_noon("2019-04-12"):
        officer = sign_in("officer")
        first, *_ = officer.get("/notices", loan=str(made[1])).json["items"]
        one = officer.get(f"/notices/{first['id']}.pdf")
        assert (one.status_code, one.mimetype, one.data[:5]) == (200, "application/pdf", b"%PDF-")
        assert officer.get(f"/notices/{first['id']}.pdf").data == one.data
        days = {on: officer.get("/notices.pdf", **asked, on=on) for on in ("2019-04-10", "2019-04-11", "2019-04-12")}
        assert [told.status_code for told in days.values()] == [200, 404, 200]
        assert days["2019-04-12"].data == days["2019-04-10"].data, "a missed day's letters are in the file of the run"
        assert len(days["2019-04-12"].data) > len(one.data)
        assert sign_in("stranger").get("/notices.pdf", **asked, on="2019-04-12").status_code == 404
        assert sign_in("elsewhere").get(f"/notices/{first['id']}.pdf").status_code == 404
