"""Tests of reading books in the API: as-of and known-at dates, finality, vouchers, and the limits of a user's scope."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from flask import Flask

from ledger.journal import record
from ledger.money import plain, total, yuan
from tests.api.ledger_books import contributed, disbursed, renewed, reverse, unit_of, write
from tests.support.clients import Client, Told
from tests.support.county_desk import BANK, COUNTY, OTHER_BANK, OTHER_COUNTY

SignIn = Callable[[str], Client]
BOOK = f"LOAN-{BANK}"


def test_a_trial_balance_has_every_account_and_balances(sign_in: SignIn, app: Flask) -> None:
    write(app, [disbursed(1, "50000.00", "2016-05-10"), disbursed(2, "30000.00", "2016-06-01")])
    told = sign_in("officer").get("/ledger/trial-balance", book=BOOK, as_of="2016-12-31", **{"from": "2016-06-01"}).json
    rows = {row["account"]: row for row in told["rows"]}
    assert len(rows) == 10
    assert rows["130301"] == {
        "account": "130301",
        "name": "loan principal",
        "name_zh": "贷款本金",
        "side": "debit",
        "opening": "50000.00",
        "debit": "30000.00",
        "credit": "0.00",
        "closing": "80000.00",
    }
    assert rows["1003"]["closing"] == "-80000.00"
    assert (told["debit_total"], told["credit_total"]) == ("0.00", "0.00")
    assert (told["book"], told["as_of"], told["final"]) == (BOOK, "2016-12-31", True)


def test_totals_are_of_closing_balances_by_side(sign_in: SignIn, app: Flask) -> None:
    write(app, [contributed("1000.00")])
    told = sign_in("city").get("/ledger/trial-balance", book=f"FUND-{COUNTY}").json
    assert (told["debit_total"], told["credit_total"]) == ("1000.00", "1000.00")


def test_figures_answer_as_of_and_known_at(sign_in: SignIn, app: Flask) -> None:
    # The entry is recorded two days after the entry's date.
    write(app, [disbursed(1, "50000.00", "2016-05-10")], at="2016-05-12T01:00:00")
    auditor = sign_in("auditor")

    def ask(**clocks: str) -> Told:
        return auditor.get("/ledger/balances", book=BOOK, account="130301", **clocks)

    assert [row["balance"] for row in ask(as_of="2016-05-10").json["items"]] == ["50000.00"]
    assert ask(as_of="2016-05-09").json["items"] == []
    before = ask(as_of="2016-05-10", known_at="2016-05-11T00:00:00Z").json
    assert (before["items"], before["known_at"]) == ([], "2016-05-11T08:00:00+08:00")
    assert ask(as_of="2016-05-10", known_at="2016-05-12T01:00:00Z").json["items"][0]["balance"] == "50000.00"


def test_the_future_is_not_known_yet(sign_in: SignIn) -> None:
    told = sign_in("auditor").get("/ledger/trial-balance", book=BOOK, known_at="2099-01-01T00:00:00Z")
    assert (told.status_code, told.json["code"]) == (422, "future_date")


def test_an_answer_is_not_final_while_a_writer_is_at_work(sign_in: SignIn, app: Flask) -> None:
    auditor = sign_in("auditor")
    ask = {"book": BOOK}
    with unit_of(app) as unit:
        record(unit, disbursed(1, "50000.00"))
        during = auditor.get("/ledger/trial-balance", **ask).json
        yesterday = auditor.get("/ledger/trial-balance", **ask, known_at="2016-05-11T00:00:00Z").json
    after = auditor.get("/ledger/trial-balance", **ask).json
    assert (during["final"], after["final"]) == (False, True)
    # Only PostgreSQL knows when each open transaction began, and hence whether a past day is final.
    assert yesterday["final"] is (app.extensions["ledger"].engine.dialect.name == "postgresql")
    assert [row["closing"] for row in during["rows"] if row["account"] == "130301"] == ["0.00"]


def test_a_final_answer_never_changes(sign_in: SignIn, app: Flask) -> None:
    write(app, [disbursed(1, "50000.00")])
    auditor = sign_in("auditor")
    first = auditor.get("/ledger/trial-balance", book=BOOK, as_of="2016-12-31").json
    assert first["final"] is True
    write(app, [disbursed(2, "30000.00")], at=datetime.now(UTC).replace(tzinfo=None).isoformat())
    again = auditor.get("/ledger/trial-balance", book=BOOK, as_of="2016-12-31", known_at=first["known_at"]).json
    assert again == first


def test_from_a_figure_one_walks_to_voucher_event_and_paper(sign_in: SignIn, app: Flask) -> None:
    (event_id,) = write(app, [disbursed(1, "50000.00")])
    auditor = sign_in("auditor")
    (row,) = auditor.get("/ledger/entries", book=BOOK, account="130301").json["items"]
    entry = auditor.get(f"/ledger/entries/{row['id']}").json
    assert [(line["account"], line["name_zh"], line["debit"], line["credit"]) for line in entry["lines"]] == [
        ("130301", "贷款本金", "50000.00", None),
        ("1003", "结算资金", None, "50000.00"),
    ]
    assert (entry["number"], entry["print_number"], entry["total"]) == (None, "未编号", "50000.00")
    assert (entry["made_by"], entry["checked_by"], entry["document"]) == ("officer", "checker", "借据 1")
    assert entry["event_id"] == str(event_id)
    event = auditor.get(f"/ledger/events/{event_id}").json
    assert (event["kind"], event["loan_id"], event["content"]) == ("LoanDisbursed", "1", {"principal": "50000.00"})
    assert [each["id"] for each in event["entries"]] == [entry["id"]]


def test_rows_of_one_account_and_side_add_up_on_a_voucher(sign_in: SignIn, app: Flask) -> None:
    write(app, [renewed(1, 2, "50000.00")])
    (row,) = sign_in("officer").get("/ledger/entries").json["items"]
    entry = sign_in("officer").get(f"/ledger/entries/{row['id']}").json
    assert {(line["account"], line["debit"], line["credit"]) for line in entry["lines"]} == {
        ("130301", "50000.00", None),
        ("1003", "50000.00", None),
        ("1003", None, "50000.00"),
        ("130301", None, "50000.00"),
    }
    assert [posting["loan_id"] for posting in entry["postings"]] == ["2", "1"]


def test_a_red_letter_shows_what_it_reverses_and_is_shown_by_it(sign_in: SignIn, app: Flask) -> None:
    (event_id,) = write(app, [disbursed(1, "50000.00")])
    reverse(app, event_id, "2016-05-13T01:00:00")
    auditor = sign_in("auditor")
    first, red = auditor.get("/ledger/entries").json["items"]
    assert (first["red"], red["red"], red["reverses_id"], red["total"]) == (False, True, str(event_id), "-50000.00")
    lines = auditor.get(f"/ledger/entries/{red['id']}").json["lines"]
    assert [(line["account"], line["debit"], line["credit"]) for line in lines] == [
        ("130301", "-50000.00", None),
        ("1003", None, "-50000.00"),
    ]
    assert auditor.get(f"/ledger/events/{event_id}").json["reversed_by_id"] == red["event_id"]
    earlier = auditor.get(f"/ledger/events/{event_id}", known_at="2016-05-12T23:00:00Z").json
    assert earlier["reversed_by_id"] is None
    assert auditor.get(f"/ledger/events/{red['event_id']}", known_at="2016-05-12T23:00:00Z").status_code == 404


@pytest.mark.parametrize(
    "case, asked, loans",
    [
        ("all", {}, ["1", "2", "3", "4"]),
        ("one day on", {"from": "2016-05-11"}, ["2", "3", "4"]),
        ("up to a day", {"to": "2016-05-10"}, ["1"]),
        ("a single day", {"from": "2016-05-11", "to": "2016-05-11"}, ["2"]),
        ("as of", {"as_of": "2016-05-12"}, ["1", "2", "3"]),
        ("a county", {"county": OTHER_COUNTY}, ["3"]),
        ("a county by its retired code", {"county": "360782"}, []),
        ("a bank", {"bank": OTHER_BANK}, ["4"]),
        ("a book", {"book": f"LOAN-{OTHER_BANK}"}, ["4"]),
        ("an account nobody used", {"account": "2241"}, []),
    ],
)
def test_vouchers_are_found_by(case: str, asked: dict[str, str], loans: list[str], sign_in: SignIn, app: Flask) -> None:
    write(
        app,
        [
            disbursed(1, "1.00", "2016-05-10"),
            disbursed(2, "1.00", "2016-05-11"),
            disbursed(3, "1.00", "2016-05-12", county=OTHER_COUNTY),
            disbursed(4, "1.00", "2016-05-13", bank=OTHER_BANK),
        ],
    )
    told = sign_in("auditor").get("/ledger/entries", **asked)
    assert [row["loan_id"] for row in told.json["items"]] == loans


@pytest.mark.parametrize(
    "case, who, entries, balances",
    [
        ("the bank's, everywhere", "officer", ["1", "3"], "80000.00"),
        ("the bank's, in its county", "local", ["1"], "50000.00"),
        ("another bank's", "stranger", ["2"], "20000.00"),
        ("the county's, of all banks", "finance", ["1", "2"], "70000.00"),
        ("another county's", "elsewhere", ["3"], "30000.00"),
        ("everything", "city", ["1", "2", "3"], "100000.00"),
    ],
)
def test_everybody_sees_their_own_part_of_the_books(
    case: str, who: str, entries: list[str], balances: str, sign_in: SignIn, app: Flask
) -> None:
    write(
        app,
        [
            disbursed(1, "50000.00"),
            disbursed(2, "20000.00", bank=OTHER_BANK),
            disbursed(3, "30000.00", county=OTHER_COUNTY),
        ],
    )
    client = sign_in(who)
    assert [row["loan_id"] for row in client.get("/ledger/entries").json["items"]] == entries
    rows = client.get("/ledger/balances", account="130301").json["items"]
    assert plain(total(yuan(row["balance"]) for row in rows)) == balances


def test_what_is_out_of_scope_is_as_unknown_as_what_is_not_there(sign_in: SignIn, app: Flask) -> None:
    (event_id,) = write(app, [disbursed(1, "50000.00")])
    (row,) = sign_in("officer").get("/ledger/entries").json["items"]
    stranger = sign_in("stranger")
    for path, unknown in [
        (f"/ledger/entries/{row['id']}", "/ledger/entries/1"),
        (f"/ledger/events/{event_id}", "/ledger/events/1"),
        (f"/ledger/trial-balance?book={BOOK}", "/ledger/trial-balance?book=LOAN-NONE"),
        (f"/ledger/entries?bank={BANK}", "/ledger/entries?bank=NONE"),
        (f"/ledger/balances?book={BOOK}", "/ledger/balances?book=NONE"),
    ]:
        told, other = stranger.get(path), stranger.get(unknown)
        assert (told.status_code, other.status_code) == (404, 404), path
        assert {**told.json, "facts": 0, "detail": 0} == {**other.json, "facts": 0, "detail": 0}
    assert sign_in("elsewhere").get("/ledger/entries", county=COUNTY).status_code == 404


def test_a_county_office_sees_its_part_of_a_banks_book_and_it_balances(sign_in: SignIn, app: Flask) -> None:
    write(app, [disbursed(1, "50000.00"), disbursed(2, "30000.00", county=OTHER_COUNTY)])
    rows = sign_in("finance").get("/ledger/trial-balance", book=BOOK).json["rows"]
    closing = {row["account"]: row["closing"] for row in rows}
    assert (closing["130301"], closing["1003"]) == ("50000.00", "-50000.00")


def test_the_chart_of_a_book_is_its_kinds(sign_in: SignIn) -> None:
    auditor = sign_in("auditor")
    everything = auditor.get("/ledger/accounts").json["items"]
    assert len(everything) == 26
    subsidy = auditor.get("/ledger/accounts", book=f"SUBSIDY-{COUNTY}").json["items"]
    assert [row["account"] for row in subsidy] == ["1001", "1221", "2202", "5101", "5102"]
    assert subsidy[0] == {
        "kind": "SUBSIDY",
        "account": "1001",
        "name": "treasury account",
        "name_zh": "国库（零余额）存款",
        "side": "debit",
        "sub_ledger": "none",
    }


def test_a_day_is_a_day_of_shanghai(sign_in: SignIn) -> None:
    from freezegun import freeze_time

    with freeze_time("2016-05-10 16:30:00"):  # In Shanghai the frozen moment is already on the 11th.
        assert sign_in("auditor").get("/ledger/trial-balance", book=BOOK).json["as_of"] == date(2016, 5, 11).isoformat()
