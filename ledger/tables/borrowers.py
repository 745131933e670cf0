"""The tables of borrowers: households with members, organisations with dated links to households."""

from datetime import date

from sqlalchemy import BigInteger, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ledger.database import Base


class Household(Base):
    """A registered poor household (建档立卡贫困户)."""

    __tablename__ = "households"
    __table_args__ = (UniqueConstraint("registry_no"), Index("ix_households_county", "county", "id"))

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    registry_no: Mapped[str] = mapped_column(String(40))
    county: Mapped[str] = mapped_column(ForeignKey("counties.id"))
    town: Mapped[str] = mapped_column(String(60))
    village: Mapped[str] = mapped_column(String(60))
    category: Mapped[str] = mapped_column(String(24))
    registered_on: Mapped[date] = mapped_column(Date)
    import_id: Mapped[int | None] = mapped_column(BigInteger)


class Member(Base):
    """A member of a household; the head of the household (户主) and the borrower (借款人) may be two persons."""

    __tablename__ = "members"
    __table_args__ = (UniqueConstraint("id_card"), Index("ix_members_household", "household_id"))

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    household_id: Mapped[int] = mapped_column(ForeignKey("households.id"))
    name: Mapped[str] = mapped_column(String(60))
    id_card: Mapped[str] = mapped_column(String(18))
    born_on: Mapped[date] = mapped_column(Date)
    relation: Mapped[str] = mapped_column(String(20))
    is_head: Mapped[bool]


class Organisation(Base):
    """An organisation (市场主体), whose kind is enterprise 企业, family_farm 家庭农场 or cooperative 合作组织."""

    __tablename__ = "organisations"
    __table_args__ = (UniqueConstraint("uscc"), Index("ix_organisations_county", "county", "id"))

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    uscc: Mapped[str] = mapped_column(String(18))
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(20))
    county: Mapped[str] = mapped_column(ForeignKey("counties.id"))
    import_id: Mapped[int | None] = mapped_column(BigInteger)


class Link(Base):
    """A link (带动关系) between an organisation and a household; `ends_on` is the link's last day, or None without an
    end.
    """

    __tablename__ = "links"
    __table_args__ = (
        UniqueConstraint("organisation_id", "household_id", "kind", "starts_on"),
        Index("ix_links_household", "household_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    household_id: Mapped[int] = mapped_column(ForeignKey("households.id"))
    kind: Mapped[str] = mapped_column(String(12))
    fen: Mapped[int | None] = mapped_column(BigInteger)
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date | None] = mapped_column(Date)
