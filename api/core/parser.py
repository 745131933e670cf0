"""Parses requests strictly: refuses unknown or repeated names, and numbers that JSON does not have, such as NaN."""

import json
from typing import Any, NoReturn

import marshmallow as ma
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy
from werkzeug.exceptions import UnsupportedMediaType

from api.core.errors import Malformed
from ledger.labels import Said, label


class NotJson(Malformed):
    """Raised for a body that is not valid JSON, or that repeats a name (400)."""

    code = "malformed"
    zh = "请求内容不是规范的 JSON：{found:text}"
    en = "the body is not proper JSON: {found:text}"


class StrictParser(FlaskParser):
    """A parser of requests that refuses unknown names in every part of a request, and a body that is not JSON."""

    DEFAULT_VALIDATION_STATUS = 400
    DEFAULT_UNKNOWN_BY_LOCATION = dict.fromkeys(
        ("json", "query", "files", "form", "headers", "cookies", "path", "view_args", "json_or_form", "querystring")
    )

    def load_json(self, req: Any, schema: ma.Schema) -> Any:
        data = req.get_data(cache=True)
        if not data:
            return ma.missing
        if not req.is_json:
            raise UnsupportedMediaType
        try:
            return json.loads(data, object_pairs_hook=_once_each, parse_constant=_no_number)
        except RecursionError:
            raise NotJson(found=Said("too deep", "嵌套过深")) from None
        except ValueError as fault:
            raise NotJson(found=_said(fault)) from None

    def load_querystring(self, req: Any, schema: ma.Schema) -> MultiDictProxy:
        for name, values in req.args.lists():
            if len(values) > 1:
                raise Malformed(
                    found=Said(f"{name} stands there twice", f"查询参数“{label('field', name, 'zh')}”出现多次")
                )
        return MultiDictProxy(req.args, schema)


_TWICE = Said("a name stands there twice", "同一名称出现两次")


def _said(fault: ValueError) -> Said:
    """Return the message for a JSON fault; the JSON reader's own message exists only in English."""
    message = fault.args[0]
    return message if isinstance(message, Said) else Said(str(fault).partition(":")[0], "语法有误")


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError(_TWICE)
    return values


def _no_number(name: str) -> NoReturn:
    raise ValueError(Said(f"{name} is no number", "数值无效"))
