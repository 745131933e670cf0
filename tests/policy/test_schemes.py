"""Tests of scheme versions: the values of the presets, and the errors for which a scheme document is refused."""

import json
from dataclasses import FrozenInstanceError, fields
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ledger.policy import schemes
from ledger.policy.parameters import Parameter, retired
from ledger.policy.scheme import KINDS
from ledger.policy.schemes import Scheme, SchemeInvalid, load_preset, parse_scheme, presets, read_stored

ALL = ("ganzhou-2016", "national-2014", "national-2021", "yanjin-2016")

# The table repeats the programme's comparison of presets row by row, with the presets as columns in the order of `ALL`.
COMPARED: dict[str, tuple[Any, Any, Any, Any]] = {
    "signed_from": (date(2016, 1, 1), date(2014, 12, 10), date(2021, 3, 4), date(2016, 7, 1)),
    "signed_to": (date(2020, 12, 31), date(2020, 12, 31), date(2025, 12, 31), date(2020, 12, 31)),
    "household_cap": (50_000_00, 50_000_00, 50_000_00, 30_000_00),
    "organisation_lending": ("links", "none", "none", "absolute"),
    "organisation_cap": (None, None, None, 1_000_000_00),
    "term_months_min": (36, 1, 1, 1),
    "term_months_max": (60, 36, 36, 24),
    "age_min": (18, 18, 18, 18),
    "age_max": (60, 60, 65, 60),
    "rate_table": ("benchmark", "benchmark", "lpr", "benchmark"),
    "rate_rule": ("equal", "equal", "at_most", "at_most"),
    "repricing": ("fixed", "fixed", "fixed", "fixed"),
    "household_subsidy_share": (Decimal("1.00"), Decimal("1.00"), Decimal("0.50"), Decimal(0)),
    "household_subsidy_cycle": ("quarter", "quarter", "quarter", "quarter"),
    "organisation_subsidy_share": (Decimal("0.50"), Decimal(0), Decimal(0), Decimal(0)),
    "organisation_subsidy_cycle": ("year", "year", "year", "year"),
    "fund_rate": (Decimal("0.125"), Decimal("0.10"), Decimal("0.10"), Decimal("0.10")),
    "fund_multiple": (8, 10, 10, 10),
    "fund_source": ("city", "county", "county", "county"),
    "fund_share_of_loss": (1, Decimal("0.70"), Decimal("0.70"), Decimal("0.50")),
    "county_share_of_loss": (Decimal("0.5"), 1, 1, 1),
    "recoveries": ("all_to_fund", "pro_rata", "pro_rata", "pro_rata"),
}

# Every preset has the listed values, which are ordered by clause of the scheme.
SHARED: dict[str, Any] = {
    "registered_from": date(2014, 1, 1),
    "links_from": date(2016, 1, 1),
    "organisation_multiple": 2,
    "organisation_limit_basis": "households_x_cap",
    "household_share_min": Decimal("0.5"),
    "leverage_action": "warn",
    "due_date_roll": "following",
    "overdue_uplift": Decimal("0.5"),
    "misuse_uplift": 1,
    "compound_interest": True,
    "compound_grace_days": 0,
    "principal_first_over_days": 90,
    "extension_subsidised": False,
    "subsidy_months": 36,
    "subsidy_submit_day": 26,
    "subsidy_pay_working_days": 5,
    "late_interest": "next_batch",
    "claim_min_days_overdue": 90,
    "insurer_share": 0,
    "remittance_working_days": 5,
    "npl_rate_max": None,
    "fund_coverage_min": None,
    "loss_ratio_max": None,
    "notice_1_days": 30,
    "notice_2_days": 7,
}


def faults_of(text: str) -> dict[str, str]:
    with pytest.raises(SchemeInvalid) as refused:
        parse_scheme(text)
    return {each["parameter"]: each["fault"] for each in refused.value.facts["faults"]}


def changed(parameter: str, value: str) -> str:
    """Return a scheme that differs from the base scheme in one parameter."""
    return f"""
        code = "trial"
        version = 1
        name = "试行"
        inherits = "ganzhou-2016"
        signed_from = 2016-01-01
        signed_to = 2016-12-31
        [parameters.{parameter}]
        value = {value}
        clause = "1"
        source = "试行办法"
    """


def test_the_four_presets_come_with_the_product() -> None:
    assert presets() == ALL


@pytest.mark.parametrize("parameter", COMPARED)
def test_a_preset_says_what_the_table_of_comparison_says(parameter: str) -> None:
    assert tuple(getattr(load_preset(code), parameter) for code in ALL) == COMPARED[parameter]


@pytest.mark.parametrize("code", ALL)
def test_what_a_preset_does_not_name_is_inherited(code: str) -> None:
    scheme = load_preset(code)
    assert {name: getattr(scheme, name) for name in SHARED} == SHARED


@pytest.mark.parametrize("code", ALL)
def test_every_number_carries_its_clause_and_source(code: str) -> None:
    listed = load_preset(code).parameters()
    assert [each.name for each in listed] == list(KINDS)
    assert all(each.clause and each.source and each.zh for each in listed)


def test_unsourced_numbers_and_decisions_are_marked() -> None:
    def basis(code: str, name: str) -> str:
        return next(each.basis for each in load_preset(code).parameters() if each.name == name)

    assert basis("ganzhou-2016", "household_cap") == "text"
    assert basis("ganzhou-2016", "claim_min_days_overdue") == "decision"
    assert basis("national-2014", "fund_rate") == "unsourced"
    assert basis("yanjin-2016", "household_cap") == "unsourced"


def test_the_base_scheme_has_no_unsourced_number() -> None:
    assert [each for each in load_preset("ganzhou-2016").parameters() if each.basis == "unsourced"] == []


def test_a_scheme_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        load_preset("ganzhou-2016").household_cap = 1  # type: ignore[misc, assignment]


@pytest.mark.parametrize("code", ALL)
def test_the_resolved_document_gives_the_same_scheme_again(code: str) -> None:
    scheme = load_preset(code)
    again = parse_scheme(scheme.document, parents={})
    assert again == scheme
    assert again.parameters() == scheme.parameters()
    assert "inherits" not in json.loads(scheme.document)


@pytest.mark.parametrize("name", KINDS)
def test_the_hash_notices_every_parameter(name: str) -> None:
    document = json.loads(load_preset("ganzhou-2016").document)
    document["parameters"][name]["source"] += " (corrected)"
    assert parse_scheme(json.dumps(document)).content_hash != load_preset("ganzhou-2016").content_hash


def test_the_same_number_written_otherwise_has_the_same_hash() -> None:
    half, also_half = (parse_scheme(changed("fund_rate", f'"{text}"')) for text in ("0.5", "0.50"))
    assert half.content_hash == also_half.content_hash


def test_a_scheme_may_inherit_from_a_loaded_one() -> None:
    parent = parse_scheme(changed("household_cap", '"20000.00"'))
    child = parse_scheme(
        """
        code = "trial-child"
        version = 2
        name = "试行二"
        inherits = "trial"
        signed_from = 2017-01-01
        signed_to = 2017-12-31
        """,
        parents={"trial": parent},
    )
    assert child.household_cap == 20_000_00


@pytest.mark.parametrize("case, parameter, value, fault", [
    ("no such parameter",                     "household_limit",       '"50000.00"',   "unknown"),
    ("an amount as a number",                 "household_cap",         "50000",        "unfit"),
    ("an amount as a float",                  "household_cap",         "50000.00",     "unfit"),
    ("an amount with parts of a fen",         "household_cap",         '"50000.001"',  "unfit"),
    ("an amount of nothing",                  "household_cap",         '"0.00"',       "unfit"),
    ("an amount below nothing",               "household_cap",         '"-1.00"',      "unfit"),
    ("an amount in words",                    "household_cap",         '"五万元"',      "unfit"),
    ("a limit that must be there is missing", "household_cap",         '"none"',       "unfit"),
    ("a rate as a float",                     "fund_rate",             "0.125",        "unfit"),
    ("a rate in percent",                     "fund_rate",             '"12.5"',       "unfit"),
    ("a rate that is no number",              "fund_rate",             '"NaN"',        "unfit"),
    ("an uplift finer than interest reckons", "overdue_uplift",        '"0.33333"',    "unfit"),
    ("an uplift as fine as it reckons",       "overdue_uplift",        '"0.3333"',     None),
    ("a repriced rate finer than it is kept", "repriced_rate_places",  "9",            "unfit"),
    ("a count as text",                       "age_max",               '"60"',         "unfit"),
    ("a count that is true",                  "age_max",               "true",         "unfit"),
    ("a count too large",                     "age_max",               "121",          "unfit"),
    ("a term of no months",                   "term_months_min",       "0",            "unfit"),
    ("a word not known",                      "repricing",             '"monthly"',    "unfit"),
    ("a switch that is a word",               "compound_interest",     '"yes"',        "unfit"),
    ("a day that is a moment",                "registered_from",       "2014-01-01T00:00:00Z", "unfit"),
    ("a day in words",                        "registered_from",       '"2014"',       "unfit"),
    ("a list with a word twice",              "securities",            '["credit", "credit"]', "unfit"),
    ("a list with a word not known",          "securities",            '["pawn"]',     "unfit"),
    ("a rule kept in one way only",           "day_count",             "365",          "unfit"),
    ("more extensions than are supported",    "extensions_max",        "2",            "unfit"),
    ("the oldest below the youngest",         "age_max",               "17",           "unfit"),
    ("the longest term below the shortest",   "term_months_max",       "35",           "unfit"),
    ("an absolute cap that nothing asks for", "organisation_cap",      '"1.00"',       "unfit"),
    ("grades out of order",                   "doubtful_over_days",    "90",           None),
    ("grades out of order by a day",          "doubtful_over_days",    "89",           "unfit"),
])  # fmt: skip
def test_a_value_that_does_not_fit_is_named(case: str, parameter: str, value: str, fault: str | None) -> None:
    if fault is None:
        assert parse_scheme(changed(parameter, value)).code == "trial"
    else:
        assert faults_of(changed(parameter, value)) == {parameter: fault}


@pytest.mark.parametrize("case, parameter, value, kept", [
    ("both ends of an age",           "age_max",         "120",          120),
    ("the whole fund",                "fund_rate",       '"1"',          Decimal(1)),
    ("no day of registration",        "registered_from", '"none"',       None),
    ("a breaker switched on",         "npl_rate_max",    '"0.05"',       Decimal("0.05")),
    ("fen in a cap",                  "household_cap",   '"50000.01"',   50_000_01),
    ("endorsements of another place", "endorsements",    '["镇政府"]',    ("镇政府",)),
])  # fmt: skip
def test_a_value_that_fits_is_kept(case: str, parameter: str, value: str, kept: object) -> None:
    assert getattr(parse_scheme(changed(parameter, value)), parameter) == kept


def test_all_faults_are_told_at_once() -> None:
    text = """
        code = ""
        version = 0
        inherits = "nobody-1999"
        signed_from = 2016-01-01
        signed_to = 2016-12-31
        colour = "red"
        [parameters.age_max]
        value = "sixty"
        clause = "2.1"
        source = "?"
        [parameters.fund_rate]
        value = "0.125"
        clause = "5.1"
    """
    told = faults_of(text)
    assert told["code"] == told["version"] == told["age_max"] == told["fund_rate"] == "unfit"
    assert told["name"] == told["household_cap"] == "missing"
    assert told["inherits"] == told["colour"] == "unknown"
    assert len(told) == len(KINDS) + 5


def test_a_number_without_a_source_is_refused() -> None:
    assert faults_of(changed("age_max", "60").replace('"试行办法"', '" "')) == {"age_max": "unfit"}


@pytest.mark.parametrize(
    "case, text",
    [
        ("not TOML", "code = "),
        ("not JSON", "{"),
    ],
)
def test_a_text_that_cannot_be_read_is_refused(case: str, text: str) -> None:
    assert faults_of(text) == {"document": "unreadable"}


def test_an_interval_the_wrong_way_round_is_refused() -> None:
    assert faults_of(changed("age_max", "60").replace("2016-12-31", "2015-12-31")) == {"signed_to": "unfit"}


STORED = json.loads(load_preset("ganzhou-2016").document)


def stored(**rows: object) -> Scheme:
    """Return the base scheme as stored by a release, with some parameters replaced, or removed by the value None."""
    parameters = {**STORED["parameters"]}
    for name, value in rows.items():
        del parameters[name]
        if value is not None:
            parameters[name] = {"value": value, "clause": "1", "source": "旧版"}
    return read_stored(json.dumps({**STORED, "parameters": parameters}), "0" * 64)


def without(name: str) -> str:
    """Return the document of the base scheme without one parameter."""
    rows = {each: row for each, row in STORED["parameters"].items() if each != name}
    return json.dumps({**STORED, "parameters": rows})


def test_a_stored_version_is_the_scheme_it_was() -> None:
    preset = load_preset("ganzhou-2016")
    again = read_stored(preset.document, preset.content_hash)
    assert again == preset
    assert (again.document, again.parameters()) == (preset.document, preset.parameters())


@pytest.mark.parametrize("case, parameter, value, read", [
    ("an age above today's bound",          "age_max",            150,          150),
    ("a word that is no choice any more",   "repricing",          "monthly",    "monthly"),
    ("words not allowed any more",          "securities",         ["pawn"],     ("pawn",)),
    ("an amount that would be refused now", "household_cap",      "0.00",       0),
    ("grades out of today's order",         "doubtful_over_days", 1,            1),
])  # fmt: skip
def test_a_stored_version_is_not_held_to_bounds_of_today(
    case: str, parameter: str, value: object, read: object
) -> None:
    assert getattr(stored(**{parameter: value}), parameter) == read


def test_a_stored_version_that_does_not_name_a_parameter_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyError):  # A missing parameter without a default raises KeyError.
        stored(age_max=None)
    monkeypatch.setattr(schemes, "DEFAULTS", {"age_max": 60})
    assert stored(age_max=None).age_max == 60
    assert "age_max" not in {each.name for each in stored(age_max=None).parameters()}
    loaded = parse_scheme(without("age_max"))
    assert (loaded.age_max, "age_max" in loaded.document) == (60, False)


def test_a_row_that_no_code_knows_is_passed_over_in_what_is_stored_and_refused_in_what_is_loaded() -> None:
    document = json.loads(load_preset("ganzhou-2016").document)
    document["parameters"]["colour"] = {"value": "red", "clause": "1", "source": "旧版"}
    assert read_stored(json.dumps(document), "0" * 64).age_max == 60
    assert faults_of(json.dumps(document)) == {"colour": "unknown"}


def test_a_retired_parameter_is_shown_and_may_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemes, "KINDS", {**KINDS, "rounding": retired("舍入")})
    assert [each.value for each in stored(rounding="down").parameters() if each.name == "rounding"] == ["down"]
    assert "rounding" not in {each.name for each in parse_scheme(without("rounding")).parameters()}


def test_an_unknown_preset_is_not_found() -> None:
    with pytest.raises(KeyError):
        load_preset("../ganzhou-2016")


def test_every_field_of_a_scheme_is_a_parameter_or_its_heading() -> None:
    heading = {"code", "version", "name", "signed_from", "signed_to", "document", "content_hash", "listed"}
    of_documents = {name for name, kind in KINDS.items() if kind.document_only}
    assert {each.name for each in fields(Scheme)} == heading | KINDS.keys() - of_documents


def test_a_parameter_is_listed_in_words_of_json() -> None:
    listed = {each.name: each for each in load_preset("yanjin-2016").parameters()}
    cap = listed["household_cap"]
    assert cap == Parameter("household_cap", "每户贷款上限", "30000.00", "2.2", cap.source)
    assert listed["registered_from"].value == "2014-01-01"
    assert listed["npl_rate_max"].value == "none"
    assert listed["settlement_months"].value == [3, 6, 9, 12]
