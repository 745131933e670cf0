"""The tables of the ledger's own work: answered requests, imports, job runs and closings of months."""

from datetime import date

from sqlalchemy import BigInteger, Date, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ledger.database import Base


class Request(Base):
    """A request that was answered, and the answer, stored under the user's idempotency key."""

    __tablename__ = "requests"

    user: Mapped[str] = mapped_column("user_name", String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary(32))  # The hash of the request: method, path and body.
    status: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[int] = mapped_column(BigInteger)


class Import(Base):
    """An imported sheet; its file's hash serves as the document number, and the user who imports it is the maker.

    A checker confirms an imported sheet.
    """

    __tablename__ = "imports"
    __table_args__ = (Index("ix_imports_waiting", "status", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16))
    bank: Mapped[str | None] = mapped_column(String(12))
    file_name: Mapped[str] = mapped_column(String(255))
    hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(12))  # The statuses of an import are explained in docs/imports.md.
    rows: Mapped[int] = mapped_column("row_count")
    booked: Mapped[int]
    unchanged: Mapped[int]
    faults: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(String(64))
    made_on: Mapped[date] = mapped_column(Date)
    made_at: Mapped[int] = mapped_column(BigInteger)
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_on: Mapped[date | None] = mapped_column(Date)
    decided_at: Mapped[int | None] = mapped_column(BigInteger)
    decision: Mapped[str] = mapped_column(Text, default="")


class JobRun(Base):
    """A job for one business date and scope, stored in a single row however often the job runs.

    The counts of a job are updated in the transactions of the job's steps.
    """

    __tablename__ = "job_runs"
    __table_args__ = (
        UniqueConstraint("job", "business_date", "scope"),
        Index("ix_job_runs_status", "status", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    job: Mapped[str] = mapped_column(String(24))
    business_date: Mapped[date] = mapped_column(Date)
    # The scope of the job: empty for all loans, otherwise bank/county, where one of the two may be empty.
    scope: Mapped[str] = mapped_column(String(24))
    # The status of the job: queued, running, done, failed or interrupted.
    status: Mapped[str] = mapped_column(String(12))
    # True if a person or the timetable requested the job; False if the job is a step of another job.
    asked: Mapped[bool]
    due: Mapped[int]  # The number of items to process, including items already processed.
    done: Mapped[int]
    failed: Mapped[str] = mapped_column(Text)  # The job's failed items with their reasons, as JSON.
    report: Mapped[str] = mapped_column(Text)  # The job's report, as a JSON object.
    started_by: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[int] = mapped_column(BigInteger)
    ended_at: Mapped[int | None] = mapped_column(BigInteger)


class JobLease(Base):
    """The lease that allows one process at a time to run the jobs.

    The lease ends at the moment `until`, in microseconds, unless it is renewed before.
    """

    __tablename__ = "job_leases"

    name: Mapped[str] = mapped_column(String(24), primary_key=True)
    holder: Mapped[str] = mapped_column(String(120))  # The holder is empty while no process has the lease.
    until: Mapped[int] = mapped_column(BigInteger)


class Closing(Base):
    """The closing or reopening of a month of a book.

    Rows of closings are only added, never changed; the book's row in `books` holds the last closed day.
    """

    __tablename__ = "closings"
    __table_args__ = (Index("ix_closings_month", "book", "month", "id"), {"sqlite_with_rowid": False})

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    book: Mapped[str] = mapped_column(String(24))
    month: Mapped[str] = mapped_column(String(7))
    action: Mapped[str] = mapped_column(String(8))  # The action of a closing: close or reopen.
    by: Mapped[str] = mapped_column("by_user", String(64))
    checked_by: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[int] = mapped_column(BigInteger)
