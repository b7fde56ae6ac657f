"""Entity: the public base of the classes whose instances hold their state."""

import gc
from typing import Any

import pytest
from sqlalchemy import Column, Integer, String, Table, inspect, select

import ormolu
from ormolu import Entity, Session, make_transient_to_detached, registry
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
