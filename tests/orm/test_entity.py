"""Entity: the public base of the classes whose instances hold their state."""

import gc
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    Named,
    String,
    Table,
    TypedColumns,
    inspect,
    select,
)
from sqlalchemy.exc import InvalidRequestError

import ormolu
from ormolu import (
    DeclarativeBase,
    Entity,
    Mapped,
    Session,
    as_typed_table,
    declarative_base,
    make_transient_to_detached,
    mapped_column,
    registry,
)
from ormolu.attributes import instance_state
from tests.orm.conftest import MakeEngine
from tests.orm.models import Models


def test_declarative_classes_derive_from_it(models: Models) -> None:
    assert issubclass(models.User, Entity) == (models.mode == "embedded")


def test_an_imperatively_mapped_class_may_derive_from_it(
    make_engine: MakeEngine,
) -> None:
    reg = registry()
    thing = Table(
        "thing",
        reg.metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String),
    )

    class Thing(Entity):
        name: Any

    reg.map_imperatively(Thing, thing)
    with Session(make_engine(reg.metadata)) as session:
        instance = Thing(name="x")  # type: ignore[call-arg]
        session.add(instance)
        session.commit()
        assert instance.name == "x"
        instance.name = "y"
        session.commit()
        session.expunge_all()
        loaded = session.scalars(select(Thing)).one()
        assert loaded.name == "y"
        assert inspect(loaded).persistent


def test_it_cannot_be_used_unmapped() -> None:
    class Thing(Entity):
        pass

    assert inspect(Thing, raiseerr=False) is None


@pytest.mark.parametrize("name", ["__impl__", "speedups_status", "Entity"])
def test_what_ormolu_adds_is_public(name: str) -> None:
    assert hasattr(ormolu, name)


def test_the_identity_is_known_when_the_instance_is_gone(models: Models) -> None:
    user = models.User(id=7)
    make_transient_to_detached(user)
    state = inspect(user)
    key = state.key
    del user
    gc.collect()
    assert state.obj() is None
    assert state.key == key


def test_typed_columns_show_a_mapped_class() -> None:
    class Base(DeclarativeBase):
        pass

    class Thing(Base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)
        __typed_cols__: "Columns"

    class Columns(Thing, TypedColumns):
        pass

    class Others(TypedColumns, Thing):
        more: Named[int]

    assert as_typed_table(Thing) is as_typed_table(Thing, Columns) is Thing.__table__
    assert Base.registry.mappers == {inspect(Thing)}
    for columns in (Columns, Others):
        shown: Any = columns
        assert shown.__mapper__ is inspect(Thing)
        assert shown.id is Thing.id
        assert not hasattr(shown, "other")
        with pytest.raises(InvalidRequestError, match="Cannot instantiate"):
            columns()
        with pytest.raises(InvalidRequestError, match=r"use the `as_typed_table\(\)`"):
            Table("columns", MetaData(), columns)


class Failure(Exception):
    pass


def test_a_base_with_fields_of_its_own_is_adopted(make_engine: MakeEngine) -> None:
    Base = declarative_base(cls=Failure)

    class Thing(Base):
        __tablename__ = "thing"
        id = Column(Integer, primary_key=True)

    assert not issubclass(Thing, Entity)
    with Session(make_engine(Base.metadata)) as session:
        session.add(Thing(id=5))
        session.commit()
        loaded = session.scalars(select(Thing)).one()
        assert isinstance(loaded, Failure)
        assert loaded.id == 5


def test_a_base_with_fields_of_its_own_comes_too_late() -> None:
    class Base(DeclarativeBase):
        pass

    with pytest.raises(TypeError, match="multiple bases of 'Thing' have a lay-out"):

        class Thing(Base, Failure):
            __tablename__ = "thing"
            id = Column(Integer, primary_key=True)


@pytest.mark.parametrize("bases", [(), (Entity,)])
def test_what_is_not_mapped_has_no_state(bases: tuple[type, ...]) -> None:
    thing = type("Thing", bases, {})()
    with pytest.raises(AttributeError, match="_sa_instance_state"):
        instance_state(thing)
