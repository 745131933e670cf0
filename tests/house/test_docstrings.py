"""Every module opens with one line that says what lives here."""

import ast

from tests.support.sources import sources


def test_every_module_opens_with_a_sentence() -> None:
    opening = {source.path: (ast.get_docstring(source.tree) or "").split("\n\n")[0] for source in sources()}
    assert [path for path, line in opening.items() if not line.endswith(".") or "\n" in line] == []


def test_every_migration_says_why_and_how_it_is_undone() -> None:
    migrations = [source for source in sources() if source.path.startswith("migrations/versions/")]
    assert migrations, "the folder has moved"
    said = {source.path: ast.get_docstring(source.tree) or "" for source in migrations}
    assert [path for path, text in said.items() if "Why:" not in text or "Undo:" not in text] == []
