"""The mapped classes, over the ORM that this process measures."""

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey

from bench.contenders import current_orm

if TYPE_CHECKING:
    from sqlalchemy import orm
else:
    orm = current_orm()


class Base(orm.DeclarativeBase):
    """The classes of the benchmarks."""


class Account(Base):
    """Ten plain columns: none needs a conversion on its way from the driver."""

    __tablename__ = "account"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    email: orm.Mapped[str]
    age: orm.Mapped[int]
    balance: orm.Mapped[float]
    town: orm.Mapped[str]
    street: orm.Mapped[str]
    level: orm.Mapped[int]
    points: orm.Mapped[int]
    note: orm.Mapped[str]


class Parent(Base):
    """The one side of the eager loads."""

    __tablename__ = "parent"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    town: orm.Mapped[str]
    level: orm.Mapped[int]
    children: orm.Mapped[list["Child"]] = orm.relationship(back_populates="parent")


class Child(Base):
    """The many side of the eager loads."""

    __tablename__ = "child"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    parent_id: orm.Mapped[int] = orm.mapped_column(ForeignKey("parent.id"), index=True)
    name: orm.Mapped[str]
    amount: orm.Mapped[float]
    parent: orm.Mapped[Parent] = orm.relationship(back_populates="children")
