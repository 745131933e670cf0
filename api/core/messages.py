"""Words for people, in Chinese and English: what is wrong with a request that never reached the ledger."""

from collections.abc import Mapping
from typing import Any

from flask import has_request_context, request

LANGUAGES = ("en", "zh")


class Said(str):
    """A text in English that carries its Chinese."""

    __slots__ = ("zh",)

    zh: str

    def __new__(cls, en: str, zh: str) -> "Said":
        said = super().__new__(cls, en)
        said.zh = zh
        return said

    def format(self, *args: Any, **kwargs: Any) -> "Said":
        return Said(super().format(*args, **kwargs), self.zh.format(*args, **kwargs))


def language() -> str:
    """`zh` for who asks for Chinese, else `en`."""
    if not has_request_context():
        return "en"
    return request.accept_languages.best_match(LANGUAGES, default="en") or "en"


def said(message: object) -> str:
    """A message in the language of the request."""
    text = str(message)
    if language() == "en":
        return text
    return message.zh if isinstance(message, Said) else _ZH.get(text, text)


# Marshmallow's own words, for the checks that are not ours.
_ZH: Mapping[str, str] = {
    "Missing data for required field.": "必填",
    "Field may not be null.": "不能为 null",
    "Unknown field.": "没有这个字段",
    "Not a valid string.": "应为文本",
    "Not a valid list.": "应为列表",
    "Not a valid boolean.": "应为 true 或 false",
    "Not a valid mapping type.": "应为对象",
    "Invalid input type.": "应为 JSON 对象",
    "Invalid type.": "类型不对",
    "Invalid value.": "值无效",
}

# Titles of answers by status, in the words of the one who reads them.
TITLES: Mapping[int, Said] = {
    400: Said("The request is malformed", "请求格式有误"),
    401: Said("Sign in first", "请先登录"),
    403: Said("This function is not yours", "无权使用此功能"),
    404: Said("Not found", "找不到"),
    405: Said("This method is not for this address", "此地址不支持该方法"),
    406: Said("Not available in this form", "没有这种格式"),
    409: Said("Not as things stand now", "与当前状态冲突"),
    413: Said("The request is too large", "请求内容过大"),
    415: Said("Send JSON", "请发送 JSON"),
    422: Said("Refused by a rule", "不符合规定"),
    429: Said("Too many attempts", "尝试过于频繁"),
    500: Said("The service failed", "服务内部错误"),
    503: Said("Not available for the moment", "服务暂不可用"),
}

# Codes of what never reached a rule, where the status has no name of its own in the ledger.
CODES: Mapping[int, str] = {
    400: "malformed",
    401: "not_signed_in",
    403: "not_yours",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "body_too_large",
    415: "not_json",
    429: "too_many_attempts",
    500: "internal_error",
    503: "unavailable",
}
