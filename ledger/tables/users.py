"""People who sign in: role, bank and counties from the first migration on."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ledger.database import Base, Moment


class User(Base):
    """A person and what is theirs: no counties named = all of them, no bank = every bank."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("fs_uniquifier"),)

    username: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    password: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(20))
    bank: Mapped[str | None] = mapped_column(ForeignKey("banks.code"))
    active: Mapped[bool]
    fs_uniquifier: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Moment)
    counties: Mapped[list["UserCounty"]] = relationship(lazy="selectin", cascade="all, delete-orphan")


class UserCounty(Base):
    """A county in a person's scope."""

    __tablename__ = "user_counties"

    username: Mapped[str] = mapped_column(ForeignKey("users.username"), primary_key=True)
    county: Mapped[str] = mapped_column(ForeignKey("counties.id"), primary_key=True)
