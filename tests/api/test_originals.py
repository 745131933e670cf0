"""Tests that the original file of a sheet is kept byte for byte, and that vouchers name the file."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from ledger.file_store import FileLost, FileStore
from tests.api.test_imports import send
from tests.support.clients import Client
from tests.support.sheet_files import csv_of, home_row, loan_row

SignIn = Callable[[str], Client]


def test_a_booked_sheet_is_kept_and_its_voucher_names_it(app: Flask, sign_in: SignIn) -> None:
    row = loan_row()
    assert send(sign_in("poverty"), "households", csv_of("households", [home_row(row)])).status_code == 201
    data = csv_of("loans", [row], "gb18030")
    tried = send(sign_in("officer"), "loans", data, key=None, dry_run="true")
    assert tried.json["ready"] == 1
    booked = send(sign_in("officer"), "loans", data)
    (kept,) = sign_in("checker").get("/attachments", owner_kind="import", owner_id=booked.json["id"]).json["items"]
    assert (kept["name"], kept["size"], kept["added_by"]) == ("放款台账.csv", len(data), "officer")
    assert kept["sha256"] == hashlib.sha256(data).hexdigest()
    assert sign_in("auditor").get(f"/attachments/{kept['id']}").data == data
    entry = sign_in("auditor").get("/ledger/entries", book="LOAN-GZRCB").json["items"][0]
    shown = sign_in("auditor").get(f"/ledger/entries/{entry['id']}").json
    assert shown["attachments"] == [{"id": kept["id"], "name": "放款台账.csv"}]
    for user in ("stranger", "poverty"):
        assert sign_in(user).get(f"/attachments/{kept['id']}").status_code == 404


def test_a_refused_sheet_has_no_attachment(sign_in: SignIn) -> None:
    assert send(sign_in("officer"), "loans", csv_of("loans", [loan_row()])).status_code == 422
    assert sign_in("officer").get("/attachments", owner_kind="import", owner_id="1").status_code == 404


def test_a_file_is_stored_once_and_a_changed_file_is_never_given_out(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    digest = store.put(b"sheet")
    assert store.put(b"sheet") == digest
    assert store.get(digest) == b"sheet"
    (path,) = [each for each in tmp_path.rglob("*") if each.is_file()]
    assert path.stat().st_mode & 0o077 == 0
    path.write_bytes(b"Sheet")
    with pytest.raises(FileLost):
        store.get(digest)
    path.unlink()
    with pytest.raises(FileLost):
        store.get(digest)
