"""What a flush does to each object."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ormolu._speedups._choose import SUFFIXES
from tests.kernel.models import World


def flushing_of(world: World) -> Any:
    suffix = {str(name): suffix for name, suffix in SUFFIXES.items()}[world.impl]
    return import_module(f"ormolu._speedups.flushing{suffix}")


def test_objects_with_a_change_of_some_attributes(cls: type[Any], world: World) -> None:
    plan = world.plan(cls)
    rows = [(1, 2, 3, 4), (2, 2, 3, 4), (3, 2, 3, 4)]
    tracker = world.state.Tracker()
    one, other, unchanged = world.load(tracker, plan, rows)
    one.a = 5
    other.b = 6
    touching = flushing_of(world).touching
    objs = [one, other, unchanged]
    assert touching(objs, frozenset({"a", "c"})) == [one]
    assert touching(objs, frozenset({"a", "b"})) == [one, other]
    assert touching(objs, frozenset()) == []
    world.state.forget_changes(one)
    assert touching(objs, frozenset({"a"})) == []
