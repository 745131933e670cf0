"""Reading scheme documents: presets, texts to be loaded, and stored versions.

A scheme text to be loaded is checked against every bound of `scheme.KINDS`, and all faults are reported together. A
stored scheme version is not checked again, and a missing parameter gets its default.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from ledger.errors import RuleViolation
from ledger.labels import Said
from ledger.policy.parameters import Parameter, Unfit, read_date
from ledger.policy.scheme import DEFAULTS, KINDS, Scheme

__all__ = ["Scheme", "SchemeInvalid", "load_preset", "parse_scheme", "presets", "read_stored"]

HEADING = ("code", "version", "name", "signed_from", "signed_to")

_HEADS = {
    "document": "方案文件",
    "inherits": "继承",
    "parameters": "参数",
    "code": "代码",
    "version": "版本",
    "name": "名称",
    "signed_from": "签约起始日",
    "signed_to": "签约截止日",
    "clause": "条款",
    "source": "来源",
}
_FAULTS = {
    "unreadable": Said("unreadable", "无法读取"),
    "unknown": Said("unknown", "未知"),
    "missing": Said("missing", "缺少"),
    "unfit": Said("unfit", "不符"),
}
_ROW = Said("a row with value, clause and source", "含取值、条款、来源的一行")


class SchemeInvalid(RuleViolation):
    """The refusal of a faulty scheme document; each of `faults` has a parameter, a fault and the values that fit."""

    code = "scheme_invalid"
    zh = "方案文件有 {count} 处错误：{faults:text}"
    en = "the scheme document has {count} faults: {faults:text}"


def presets() -> tuple[str, ...]:
    """Return the codes of the schemes that come with the product."""
    names = (entry.name for entry in (files("ledger.policy") / "presets").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


@cache
def load_preset(code: str) -> Scheme:
    """Return the preset scheme with a code; raise KeyError for an unknown code."""
    if code not in presets():
        raise KeyError(code)
    return parse_scheme((files("ledger.policy") / "presets" / f"{code}.toml").read_text("utf-8"))


def read_stored(document: str, content_hash: str) -> Scheme:
    """Return the scheme version of a stored document: the JSON of `Scheme.document`, perhaps from an earlier release.

    The bounds of the parameters are not checked. A row of an unknown parameter is ignored; a parameter missing from the
    document gets its default. The document and its hash are returned unchanged. Raise KeyError if a parameter without a
    default is missing, which is a mistake of the release that added the parameter.
    """
    content = json.loads(document)
    heading: dict[str, Any] = {name: _head(name, content[name]) for name in HEADING}
    rows = {name: content["parameters"][name] for name in KINDS if name in content["parameters"]}
    values: dict[str, Any] = {
        name: KINDS[name].parse(row["value"]) for name, row in rows.items() if not KINDS[name].document_only
    }
    without = {name for name, kind in KINDS.items() if not kind.document_only} - values.keys()
    values |= {name: DEFAULTS[name] for name in without}
    listed = tuple(
        Parameter(name, KINDS[name].zh, row["value"], row["clause"], row["source"]) for name, row in rows.items()
    )
    return Scheme(**heading, **values, document=document, content_hash=content_hash, listed=listed)


def parse_scheme(text: str, parents: Mapping[str, Scheme] | None = None) -> Scheme:
    """Return the scheme of a document to be loaded, written in TOML or in the JSON of `Scheme.document`.

    The entry `inherits` names a scheme of `parents`, or of the presets where no parents are given; parameters missing
    from the document are taken from that scheme. Raise SchemeInvalid with every fault.
    """
    try:
        content = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except ValueError as fault:
        raise _invalid([_fault("document", "unreadable", Said(str(fault), "语法有误"))]) from None
    faults: list[dict[str, str]] = []
    inherited = _inherited(content, parents, faults)
    heading = _heading(content, faults)
    listed, values = _values(content.get("parameters", {}), inherited, faults)
    if not faults:
        _check_together(heading | values, faults)
    if faults:
        raise _invalid(faults)
    return _resolved(heading, listed, values)


def _resolved(heading: dict[str, Any], listed: tuple[Parameter, ...], values: dict[str, Any]) -> Scheme:
    """Return the scheme with its document, written in one fixed form so that equal contents have equal hashes."""
    content = {
        **heading,
        "signed_from": heading["signed_from"].isoformat(),
        "signed_to": heading["signed_to"].isoformat(),
        "parameters": {parameter.name: _row(parameter) for parameter in listed},
    }
    document = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    content_hash = hashlib.sha256(document.encode()).hexdigest()
    return Scheme(**heading, **values, document=document, content_hash=content_hash, listed=listed)


def _row(parameter: Parameter) -> dict[str, Any]:
    return {"value": parameter.value, "clause": parameter.clause, "source": parameter.source}


def _inherited(
    told: Mapping[str, Any], parents: Mapping[str, Scheme] | None, faults: list[dict[str, str]]
) -> dict[str, dict[str, Any]]:
    for name in told.keys() - {*HEADING, "inherits", "parameters"}:
        faults.append(_fault(name, "unknown", Said("no such entry", "没有这一项")))
    if "inherits" not in told:
        return {}
    parent = told["inherits"]
    known = parents if parents is not None else _Presets()
    if not isinstance(parent, str) or parent == told.get("code") or parent not in known:
        faults.append(_fault("inherits", "unknown", Said("the code of another scheme", "另一方案的代码")))
        return {}
    return {parameter.name: _row(parameter) for parameter in known[parent].listed}


class _Presets(Mapping[str, Scheme]):
    """The preset schemes by code; a preset is read from its file when it is first used."""

    def __getitem__(self, code: str) -> Scheme:
        return load_preset(code)

    def __iter__(self) -> Iterator[str]:
        return iter(presets())

    def __len__(self) -> int:
        return len(presets())


def _heading(told: Mapping[str, Any], faults: list[dict[str, str]]) -> dict[str, Any]:
    heading: dict[str, Any] = {}
    for name in HEADING:
        value = told.get(name)
        try:
            heading[name] = _head(name, value)
        except Unfit as fault:
            faults.append(_fault(name, "missing" if value is None else "unfit", fault.wanted))
    return heading


def _head(name: str, value: object) -> object:
    if name.startswith("signed_"):
        return read_date(value)
    if name == "version":
        if type(value) is not int or value < 1:
            raise Unfit(Said("a whole number from 1", "从 1 起的整数"))
    elif not isinstance(value, str) or not value.strip():
        raise Unfit(Said("a text", "文本"))
    return value


def _values(
    told: object, inherited: Mapping[str, dict[str, Any]], faults: list[dict[str, str]]
) -> tuple[tuple[Parameter, ...], dict[str, Any]]:
    """Return the parameters to be listed, and the values of all parameters; add faults to `faults`.

    A parameter takes its row from the document, or the whole inherited row if the document has none. A parameter
    without any row gets its default value and is not listed. Only the listed parameters are hashed, so a new parameter
    leaves the hashes of old documents unchanged.
    """
    if not isinstance(told, Mapping):
        faults.append(_fault("parameters", "unfit", Said("a table of parameters", "参数表")))
        told = {}
    for name in told.keys() - KINDS.keys():
        faults.append(_fault(name, "unknown", Said("no such parameter", "没有这个参数")))
    listed: list[Parameter] = []
    values: dict[str, Any] = {}
    for name, kind in KINDS.items():
        row = told.get(name, inherited.get(name))
        if row is None:
            if name in DEFAULTS:
                values[name] = DEFAULTS[name]
            elif kind.needed:
                faults.append(_fault(name, "missing", _ROW))
        elif _is_row(name, row, faults):
            try:
                found = kind.read(row["value"])
            except Unfit as fault:
                faults.append(_fault(name, "unfit", fault.wanted))
            else:
                listed.append(Parameter(name, kind.zh, kind.write(found), row["clause"], row["source"]))
                if not kind.document_only:
                    values[name] = found
    return tuple(listed), values


def _is_row(name: str, row: object, faults: list[dict[str, str]]) -> bool:
    """Return whether a row has a value, a clause and a source; add a fault for each part that is missing."""
    if not isinstance(row, Mapping) or row.keys() != {"value", "clause", "source"}:
        faults.append(_fault(name, "unfit", _ROW))
        return False
    bare = [side for side in ("clause", "source") if not isinstance(row[side], str) or not row[side].strip()]
    faults.extend(_fault(name, "unfit", Said(f"a {side}", _HEADS[side])) for side in bare)
    return not bare


def _check_together(found: Mapping[str, Any], faults: list[dict[str, str]]) -> None:
    """Add the faults of parameters that contradict each other."""
    rising = (
        ("signed_from", "signed_to"),
        ("age_min", "age_max"),
        ("term_months_min", "term_months_max"),
        ("special_mention_from_days", "substandard_over_days"),
        ("substandard_over_days", "doubtful_over_days"),
        ("doubtful_over_days", "loss_over_days"),
        ("notice_2_days", "notice_1_days"),
        ("notice_1_deliver_days", "notice_1_days"),
        ("notice_2_deliver_days", "notice_2_days"),
    )
    for lower, upper in rising:
        if found[lower] is not None and found[upper] is not None and found[lower] > found[upper]:
            wanted = Said(f"not below {lower}, {found[lower]}", f"不小于{_name(lower)} {found[lower]}")
            faults.append(_fault(upper, "unfit", wanted))
    if (found["organisation_lending"] == "absolute") != (found["organisation_cap"] is not None):
        wanted = Said(
            "given with organisation_lending = absolute, and only then",
            "仅在市场主体贷款方式为固定上限时给出，且必须给出",
        )
        faults.append(_fault("organisation_cap", "unfit", wanted))


def _fault(parameter: str, fault: str, wanted: Said) -> dict[str, str]:
    return {"parameter": Said(parameter, _name(parameter)), "fault": _FAULTS[fault], "wanted": wanted}


def _name(parameter: str) -> str:
    """Return the Chinese name of a parameter or of an entry of a document's heading; an unknown name is unchanged."""
    return KINDS[parameter].zh if parameter in KINDS else _HEADS.get(parameter, parameter)


def _invalid(faults: list[dict[str, str]]) -> SchemeInvalid:
    return SchemeInvalid(rule="schemes", count=len(faults), faults=faults)
