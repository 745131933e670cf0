"""Tests that API responses are in Chinese unless a request asks for English, and name wrong fields by their labels."""

from dataclasses import replace
from typing import Any

import marshmallow as ma
import pytest
from flask import Flask
from flask_smorest.fields import Upload

from api.app import create_app
from api.core.messages import _ZH, TITLES
from ledger import labels
from ledger.settings import Settings
from tests.support.clients import Client
from tests.support.county_desk import PASSWORD
from tests.support.refusals import strange_words

CHINESE, ENGLISH = "请先登录", "Sign in first"


@pytest.mark.parametrize(
    "case, of_the_settings, asked, title",
    [
        ("nothing asked", "zh", None, CHINESE),
        ("English", "zh", "en", ENGLISH),
        ("English of America before Chinese", "zh", "en-US,en;q=0.9,zh-CN;q=0.5", ENGLISH),
        ("Chinese before English", "zh", "zh-CN,zh;q=0.9,en;q=0.5", CHINESE),
        ("neither", "zh", "fr", CHINESE),
        ("anything", "zh", "*", CHINESE),
        ("nothing asked of an English service", "en", None, ENGLISH),
        ("Chinese of an English service", "en", "zh-CN", CHINESE),
        ("neither of an English service", "en", "fr", ENGLISH),
    ],
)
def test_the_reader_chooses_the_language(
    case: str, of_the_settings: labels.Language, asked: str | None, title: str, sqlite_settings: Settings
) -> None:
    app = create_app(replace(sqlite_settings, language=of_the_settings))
    headers = {} if asked is None else {"Accept-Language": asked}
    assert app.test_client().get("/api/v1/users", headers=headers).get_json()["title"] == title


def test_what_is_wrong_with_a_request_is_told_in_chinese(sqlite_app: Flask) -> None:
    admin = Client.signed_in(sqlite_app, "admin")
    body = {"username": 5, "name": None, "password": PASSWORD, "role": "king", "colour": "red", "counties": "360781"}
    told = admin.post("/users", body).json
    assert {row["field"]: row["message"] for row in told["errors"]} == {
        "username": "应为文本",
        "name": "不能为空",
        "role": "须为其中之一：银行经办员、银行复核员、县扶贫和移民办、县财政局经办、县财政局复核、"
        "市财政局、市扶贫和移民办、审计人员、系统管理员",
        "colour": "没有这个字段",
        "counties": "应为列表",
    }


def test_every_title_and_every_word_of_the_libraries_is_chinese() -> None:
    kinds = (ma.fields.String, ma.fields.List, ma.fields.Nested, ma.fields.Dict, ma.fields.Boolean, Upload)
    words = {text for kind in kinds for text in _messages(kind)} | {*ma.Schema.error_messages.values()}
    words |= {"Unknown field.", "Invalid input type."}
    words -= {"Not a valid utf-8 string."}  # Every text that can be decoded from JSON is accepted as valid.
    assert words - _ZH.keys() == set()
    assert [text for text in (*_ZH.values(), *(said.zh for said in TITLES.values())) if strange_words(text)] == []


def _messages(kind: type[Any]) -> set[str]:
    return {text for each in kind.__mro__ for text in getattr(each, "default_error_messages", {}).values()}


def test_every_field_and_every_choice_of_the_api_has_a_name(sqlite_app: Flask) -> None:
    document = sqlite_app.test_client().get("/api/v1/openapi.json").get_json()
    sent, choices = _sent(document), set(_choices(document))
    assert (len(sent) > 100, len(choices) > 25) == (True, True)
    assert sent - labels.FIELDS.keys() == set()
    assert [words for words in choices if not labels.table_of(words)] == []


def _sent(document: dict[str, Any]) -> set[str]:
    """Return the names of all parameters, and the names of the fields of all request bodies and their parts."""
    found: set[str] = set()
    schemas, waiting, seen = document["components"]["schemas"], [], set[str]()
    for operation in _operations(document):
        found |= {each["name"] for each in operation.get("parameters", []) if "name" in each}
        waiting += [*_named(operation.get("requestBody", {}))]
    while waiting:
        if (name := waiting.pop()) not in seen:
            seen.add(name)
            found |= schemas[name].get("properties", {}).keys()
            waiting += [*_named(schemas[name])]
    return found


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for path in document["paths"].values() for each in path.values() if isinstance(each, dict)]


def _named(part: Any) -> list[str]:
    """Return the schemas to which a part of the OpenAPI document refers."""
    if isinstance(part, dict):
        own = [part["$ref"].rpartition("/")[2]] if "$ref" in part else []
        return own + [name for each in part.values() for name in _named(each)]
    return [name for each in part for name in _named(each)] if isinstance(part, list) else []


def _choices(part: Any) -> list[tuple[str, ...]]:
    """Return, for each field of the OpenAPI document that accepts only certain words, the list of the words."""
    if isinstance(part, dict):
        own = [tuple(word for word in part["enum"] if word is not None)] if "enum" in part else []
        return own + [words for each in part.values() for words in _choices(each)]
    return [words for each in part for words in _choices(each)] if isinstance(part, list) else []
