"""Messages in Chinese and English for requests that the API refuses, without calling the ledger."""

from collections.abc import Mapping
from http import HTTPStatus

from flask import current_app, has_request_context, request

from ledger.labels import LANGUAGES, Said
from ledger.settings import DEFAULT_LANGUAGE


def language() -> str:
    """Return the language that the request accepts, `zh` or `en`; by default, return the language of the settings."""
    if not has_request_context():
        return DEFAULT_LANGUAGE
    settings = current_app.extensions["ledger"].settings
    others = [each for each in LANGUAGES if each != settings.language]
    return request.accept_languages.best_match([settings.language, *others], default=settings.language)


def said(message: object) -> str:
    """Return a message in the language of the request."""
    if isinstance(message, Said):
        return message.told(language())
    text = str(message)
    return text if language() == "en" else _ZH.get(text, text)


# Translations of the messages of marshmallow's own checks.
_ZH: Mapping[str, str] = {
    "Missing data for required field.": "必填",
    "Field may not be null.": "不能为空",
    "Unknown field.": "没有这个字段",
    "Not a valid string.": "应为文本",
    "Not a valid list.": "应为列表",
    "Not a valid boolean.": "须为是或否",
    "Not a valid mapping type.": "应为对象",
    "Invalid input type.": "应为 JSON 对象",
    "Invalid type.": "类型不对",
    "Invalid value.": "值无效",
}

# The titles of problem responses, by HTTP status.
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


def title_of(status: int) -> Said:
    """Return the title of a problem with an HTTP status; a status not in `TITLES` has HTTP's English phrase."""
    return TITLES.get(status) or Said(HTTPStatus(status).phrase, "请求未被接受")


# The codes of problem responses that are not refusals of the ledger, by HTTP status.
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
