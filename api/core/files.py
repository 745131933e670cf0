"""Writes tables as streamed csv and xlsx files, in which no cell can be run as a formula by a spreadsheet program."""

import csv
import io
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, request
from xlsxwriter import Workbook

ROWS_MAX = 1_048_576
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_RUN = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: its content type, its file-name extension, and the function that writes rows as bytes."""

    media: str
    ending: str
    write: Callable[[Sequence[str], Iterable[Sequence[Any]]], Iterator[bytes]]

    def respond(self, heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
        """Return the rows as a file in a response; the last part of the request's path is the name of the file."""
        name = f"{request.path.rstrip('/').rpartition('/')[2]}.{self.ending}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(self.write(heading, rows), mimetype=self.media, headers=headers)


def cell(value: Any) -> str:
    """Return a value as the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def harmless(text: str) -> str:
    """Return a text in a form that no spreadsheet program runs as a formula; return numbers unchanged."""
    return f"'{text}" if text.startswith(_RUN) and not _NUMBER.fullmatch(text) else text


def _csv(heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    # The byte order mark tells spreadsheet programs that the file is UTF-8.
    buffer.write("\ufeff")
    writer.writerow(heading)
    for row in rows:
        writer.writerow([harmless(cell(value)) for value in row])
        if buffer.tell() > 1 << 16:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _xlsx(heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """Write all cells as texts, even amounts, since numbers in a spreadsheet are floats."""
    with tempfile.TemporaryFile() as file:
        book = Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
        page, at = book.add_worksheet(), 0
        for row in _headed(heading, rows):
            if at == ROWS_MAX:
                page, at = book.add_worksheet(), 0
            for column, value in enumerate(row):
                page.write_string(at, column, cell(value))
            at += 1
        book.close()
        file.seek(0)
        while part := file.read(1 << 16):
            yield part


def _headed(heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    yield heading
    yield from rows


CSV = Kind("text/csv", "csv", _csv)
XLSX = Kind("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", _xlsx)
