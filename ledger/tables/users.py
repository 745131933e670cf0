"""The tables of users: role, bank and counties of every person who signs in."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ledger.database import Base, Moment


class User(Base):
    """A user of the ledger.

    A user without counties has access to all counties, and a user without a bank has access to all banks.
    """

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
    """A county that a user has access to."""

    __tablename__ = "user_counties"

    username: Mapped[str] = mapped_column(ForeignKey("users.username"), primary_key=True)
    county: Mapped[str] = mapped_column(ForeignKey("counties.id"), primary_key=True)
