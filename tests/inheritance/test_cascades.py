"""Cascades go on by the class that an object has, not by that of the relationship."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import ForeignKey, create_engine, func, select

from ormolu import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Company(Base):
    __tablename__ = "company"
    id: Mapped[int] = mapped_column(primary_key=True)
    employees: Mapped[list[Employee]] = relationship(cascade="all, delete-orphan")


class Employee(Base):
    __tablename__ = "employee"
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    type: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "type", "polymorphic_identity": "employee"}


class Engineer(Employee):
    languages: Mapped[list[Language]] = relationship(cascade="all, delete-orphan")
    __mapper_args__ = {"polymorphic_identity": "engineer"}


class Language(Base):
    __tablename__ = "language"
    id: Mapped[int] = mapped_column(primary_key=True)
    engineer_id: Mapped[int] = mapped_column(ForeignKey("employee.id"))


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        employees = [Engineer(languages=[Language(), Language()]), Employee()]
        session.add(Company(employees=employees))
        session.commit()
        yield session
    engine.dispose()


def count(session: Session, entity: type[Base]) -> int | None:
    return session.scalar(select(func.count()).select_from(entity))


def test_an_orphan_takes_along_what_only_its_class_refers_to(session: Session) -> None:
    company = session.scalars(select(Company)).one()
    engineer = next(e for e in company.employees if isinstance(e, Engineer))
    company.employees.remove(engineer)
    session.commit()
    assert count(session, Employee) == 1
    assert count(session, Language) == 0


def test_a_deleted_parent_takes_all_along(session: Session) -> None:
    session.delete(session.scalars(select(Company)).one())
    session.commit()
    assert count(session, Employee) == count(session, Language) == 0
