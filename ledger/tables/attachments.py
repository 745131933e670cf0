"""The table of attachments (附件): documents that belong to a record, such as the original file of a sheet."""

from datetime import date

from sqlalchemy import BigInteger, Date, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ledger.database import Base


class Attachment(Base):
    """A document of one owner, such as an import; the bytes lie in the file store under their SHA-256 hash.

    Rows of attachments are only added, never changed.
    """

    __tablename__ = "attachments"
    __table_args__ = (
        Index("ix_attachments_owner", "owner_kind", "owner_id", "id"),
        Index("ix_attachments_sha256", "sha256"),
        {"sqlite_with_rowid": False},
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    owner_kind: Mapped[str] = mapped_column(String(16))
    owner_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column("byte_count", BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    added_by: Mapped[str] = mapped_column(String(64))
    added_on: Mapped[date] = mapped_column(Date)
    added_at: Mapped[int] = mapped_column(BigInteger)
