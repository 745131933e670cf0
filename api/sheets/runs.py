"""Books large sheets in a thread of this process, after the request that sent the sheet has been answered."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Lock, Thread

import structlog
from sqlalchemy import Engine

from api.core import edge
from api.core.idempotency import Reply
from ledger.errors import Refusal
from ledger.imports.reading import Table
from ledger.operations.sheets import intake
from ledger.operations.sheets.import_run import Importer, RecordedMeanwhile
from ledger.unit_of_work import Unit, work

_TIMES = 3
_running: set[int] = set()
_lock = Lock()
log = structlog.get_logger(__name__)


def until_alone(record: Callable[[], Reply]) -> Reply:
    """Return the reply of `record`; call `record` again if another user has recorded rows of the sheet meanwhile.

    A repeated call of `record` finds the rows that the other user recorded. Raises RecordedMeanwhile after three calls.
    """
    for _ in range(_TIMES - 1):
        try:
            return record()
        except RecordedMeanwhile:
            continue
    return record()


def start(import_id: int, importer: Importer, table: Table, *, dry_run: bool) -> None:
    """Book or check a sheet in a new thread, unless a thread of this process is already working on the import."""
    with _lock:
        if import_id in _running:
            return
        _running.add(import_id)
    engine = edge.service().engine
    Thread(target=_run, args=(engine, import_id, importer, table, dry_run), daemon=True).start()


def _run(engine: Engine, import_id: int, importer: Importer, table: Table, dry_run: bool) -> None:
    def begin() -> AbstractContextManager[Unit]:
        return work(engine, user=importer.user, today=edge.today(), clock=edge.now, origin=f"import/{import_id}")

    try:
        done = intake.take_in(begin, importer, table, dry_run=dry_run, announced=import_id)
        log.info("import", id=import_id, status=done.status, rows=done.rows, booked=done.booked)
    except Refusal as refusal:
        log.info("import refused", id=import_id, code=refusal.code)  # The failed import stores its faults.
    except Exception:
        log.exception("import cut off", id=import_id)
    finally:
        with _lock:
            _running.discard(import_id)
