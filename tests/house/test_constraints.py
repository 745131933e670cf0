"""Tests that constraints.txt pins every package of pyproject.toml to a version that pyproject.toml allows."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.sources import PRODUCT, ROOT, product

_PIN = re.compile(r"([A-Za-z0-9._-]+)==(\S+)( ; .+)?")


def test_every_line_is_one_pin() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not _PIN.fullmatch(line)] == []


def test_every_requirement_is_pinned_to_a_version_it_admits() -> None:
    pins = _pins()
    unmet = [
        str(asked)
        for asked in _asked()
        if (pin := pins.get(canonicalize_name(asked.name))) is None or pin not in asked.specifier
    ]
    assert unmet == []


def test_what_builds_the_project_is_pinned_in_its_own_place() -> None:
    builders = [Requirement(text) for text in _project()["build-system"]["requires"]]
    assert builders
    assert all(str(builder.specifier).startswith("==") for builder in builders)


def _pins() -> dict[str, Version]:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    return {canonicalize_name(found[1]): Version(found[2]) for found in _PIN.finditer(text)}


def _asked() -> list[Requirement]:
    project = _project()["project"]
    extras = project["optional-dependencies"].values()
    return [Requirement(text) for group in (project["dependencies"], *extras) for text in group]


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_package_the_product_imports_is_asked_for_by_name() -> None:
    """The file pyproject.toml must name every imported package.

    A package that is installed only as a dependency of another package may disappear with an update.
    """
    asked = {canonicalize_name(Requirement(text).name) for text in _project()["project"]["dependencies"]}
    given_by = packages_distributions()
    imported = {
        name.split(".")[0]
        for source in product()
        for node in ast.walk(source.tree)
        for name in _imported(node)
        if name.split(".")[0] not in {*PRODUCT, *sys.stdlib_module_names}
    }
    unasked = {name for name in imported if not {canonicalize_name(each) for each in given_by[name]} & asked}
    assert unasked == set()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
