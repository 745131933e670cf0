"""The tables of users: the role, bank and counties of each person who signs in."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ledger.database import Base, Moment


class User(Base):
    """A person who may use the ledger.

    A user without counties may access all counties, and a user without a bank may access all banks.
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
    """A county that a user may access."""

    __tablename__ = "user_counties"

    username: Mapped[str] = mapped_column(ForeignKey("users.username"), primary_key=True)
    county: Mapped[str] = mapped_column(ForeignKey("counties.id"), primary_key=True)
