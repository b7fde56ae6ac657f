"""Declarative classes in a module whose annotations are all strings."""

from __future__ import annotations

from typing import List, Optional  # noqa: UP035 - users write both forms

import pytest
from sqlalchemy import ForeignKey, Integer, String, select

from ormolu import DeclarativeBase, Mapped, Session, mapped_column, relationship
from tests.orm.conftest import MakeEngine


class Base(DeclarativeBase):
    pass


class Parent(Base):
    __tablename__ = "parent"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[Optional[str]]  # noqa: UP045 - users write both forms
    nick: Mapped[str | None] = mapped_column(String(10))
    children: Mapped[List[Child]] = relationship(  # noqa: UP006 - as above
        back_populates="parent"
    )


class Child(Base):
    __tablename__ = "child"
    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int] = mapped_column(ForeignKey("parent.id"))
    parent: Mapped[Parent] = relationship(back_populates="children")


@pytest.mark.parametrize("name", ["name", "nick"])
def test_optional_strings_give_nullable_columns(name: str) -> None:
    column = Parent.__table__.c[name]
    assert column.nullable
    assert isinstance(column.type, String)


def test_strings_give_types() -> None:
    assert isinstance(Child.__table__.c.parent_id.type, Integer)
    assert not Child.__table__.c.parent_id.nullable


def test_strings_resolve_relationships(make_engine: MakeEngine) -> None:
    with Session(make_engine(Base.metadata)) as session:
        session.add(Parent(name="p", children=[Child(), Child()]))
        session.commit()
        parent = session.scalars(select(Parent)).one()
        assert [child.parent for child in parent.children] == [parent, parent]
