"""Tests that the schema objects of a migrated database equal the committed list of schema objects."""

from sqlalchemy import Engine

from tests.migrations.catalogue import listed, names, path_of


def test_a_database_refuses_what_the_list_says_and_nothing_else(engine: Engine) -> None:
    committed = path_of(engine.dialect.name).read_text(encoding="utf-8").splitlines()
    found = listed(engine)
    # After a change of the schema, run `python -m tests.migrations.catalogue` and review the differences.
    assert sorted(set(found) - set(committed)) == [], "made, but not on the list"
    assert sorted(set(committed) - set(found)) == [], "on the list, but not made"
    assert found == committed


def test_every_constraint_has_a_name(engine: Engine) -> None:
    given = names(listed(engine), "constraint")
    assert given
    assert [name for name in given if not name.startswith(("pk_", "fk_", "uq_", "ck_"))] == []
    assert len(set(given)) == len(given)


def test_every_table_that_is_only_added_to_is_guarded_alike(engine: Engine) -> None:
    found = listed(engine)
    triggers = set(names(found, "trigger"))
    kinds = {
        "sqlite": ("_no_update", "_no_delete", "_no_replace"),
        "postgresql": ("_append_only", "_no_truncate"),
    }[engine.dialect.name]
    guarded = {name.removesuffix(kinds[0]) for name in triggers if name.endswith(kinds[0])}
    assert {"events", "entries", "postings", "footers", "applications", "closings"} <= guarded
    assert {f"{table}{kind}" for table in guarded for kind in kinds} <= triggers
    if engine.dialect.name == "sqlite":
        # In a table with hidden row numbers, INSERT OR REPLACE with a row number would bypass the guards.
        assert {table for table in guarded if f"rows {table}: without hidden numbers" not in found} == set()


def test_every_trigger_fires_in_replica_role_too(engine: Engine) -> None:
    """PostgreSQL skips ordinary triggers in replica role; SQLite has no roles."""
    modes = {line.partition(": ")[2].split()[0] for line in listed(engine) if line.startswith("trigger ")}
    assert modes == {"A"} if engine.dialect.name == "postgresql" else {"CREATE"}
