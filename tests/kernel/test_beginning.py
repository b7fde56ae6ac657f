"""What every new object of a class begins with: ``Layout.defaults`` and ``begin``."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from tests.kernel.models import World, attach


def begun(world: World, cls: type[Any]) -> Any:
    """An object without a constructor's doing, but with its first values."""
    obj = cls.__new__(cls)
    world.state.begin(obj)
    return obj


def test_a_layout_begins_without_defaults(world: World, cls: type[Any]) -> None:
    assert world.layout(cls).defaults is None
    assert world.state.loaded(begun(world, cls)) == {}


def test_defaults_are_set(world: World, cls: type[Any]) -> None:
    world.layout(cls).defaults = {"a": "first", "b": None}
    obj = begun(world, cls)
    assert (obj.a, obj.b) == ("first", None)
    assert set(world.state.loaded(obj)) == {"a", "b"}


def test_defaults_are_changes(world: World, cls: type[Any]) -> None:
    world.layout(cls).defaults = {"a": "first"}
    state = world.state.state_of(begun(world, cls))
    plain = cls.__new__(cls)
    plain.a = "first"
    like = world.state.state_of(plain)
    assert state._o_flags == like._o_flags
    assert state._o_flags & world.state.MODIFIED
    assert state._o_originals == like._o_originals


def test_the_default_constructor_begins(world: World, cls: type[Any]) -> None:
    world.layout(cls).defaults = {"a": "first"}
    assert cls().a == "first"
    obj = cls(b=2)
    assert (obj.a, obj.b) == ("first", 2)


def test_a_quick_constructor_begins(world: World) -> None:
    world.layout(world.embedded).defaults = {"a": "first"}
    world.state.quicken_init(world.embedded, world.state.constructor)
    obj = world.embedded(b=2)
    assert (obj.a, obj.b) == ("first", 2)
    assert world.embedded(a="given").a == "given"


def test_given_values_take_the_place_of_defaults(world: World, cls: type[Any]) -> None:
    world.layout(cls).defaults = {"a": "first"}
    assert cls(a="given").a == "given"
    assert cls(a=None).a is None


def test_values_that_are_there_are_kept(world: World, cls: type[Any]) -> None:
    world.layout(cls).defaults = {"a": "first", "b": "second"}
    obj = cls.__new__(cls)
    obj.a = None
    world.state.begin(obj)
    world.state.begin(obj)
    assert (obj.a, obj.b) == (None, "second")


def test_each_class_has_its_own(world: World) -> None:
    world.layout(world.embedded).defaults = {"a": "base"}
    world.layout(world.sub).defaults = {"a": "sub"}
    assert (world.embedded().a, world.sub().a) == ("base", "sub")
    world.layout(world.sub).defaults = None
    assert "a" not in world.state.loaded(world.sub())


def test_defaults_can_be_taken_away(world: World, cls: type[Any]) -> None:
    layout = world.layout(cls)
    layout.defaults = {"a": "first"}
    layout.defaults = None
    assert world.state.loaded(cls()) == {}


def test_a_name_that_has_no_slot(world: World, cls: type[Any]) -> None:
    world.layout(cls).defaults = {"nix": 1}
    with pytest.raises(KeyError, match="nix"):
        begun(world, cls)


def test_an_attribute_that_asks_is_asked(world: World, cls: type[Any]) -> None:
    layout = world.layout(cls)
    layout.defaults = {"a": "first", "b": "second"}
    heard: list[Any] = []

    class Asking:
        """Takes the place of an attribute of the class."""

        def __set__(self, obj: Any, value: Any) -> None:
            heard.append(value)
            world.state.put(obj, layout.index["a"], value.upper())

        def __get__(self, obj: Any, owner: Any = None) -> Any:
            return self if obj is None else world.state.peek(obj, layout.index["a"])

    del layout.attributes["a"]
    cls.a = Asking()
    obj = begun(world, cls)
    assert heard == ["first"]
    assert (obj.a, obj.b) == ("FIRST", "second")


def test_a_listener_may_change_the_defaults(world: World, cls: type[Any]) -> None:
    layout = world.layout(cls)
    layout.defaults = {"a": 1, "b": 2, "c": 3}

    class Asking:
        def __set__(self, obj: Any, value: Any) -> None:
            layout.defaults = {"c": 4} if value == 1 else None
            layout.attributes.pop("b", None)
            gc.collect()

    del layout.attributes["a"]
    cls.a = Asking()
    obj = cls.__new__(cls)
    world.state.begin(obj)  # neither a crash nor an endless loop
    assert world.state.peek(obj, layout.index["c"]) in (3, 4, world.state.UNLOADED)


def test_a_listener_may_begin_another_object(world: World, cls: type[Any]) -> None:
    layout = world.layout(cls)
    layout.defaults = {"a": 1, "b": 2}
    made: list[Any] = []
    depth: list[None] = []

    class Asking:
        def __set__(self, obj: Any, value: Any) -> None:
            world.state.put(obj, layout.index["a"], value)
            depth.append(None)
            if len(depth) < 4:
                made.append(cls())

    del layout.attributes["a"]
    cls.a = Asking()
    obj = cls()
    assert obj.b == 2
    assert [other.b for other in made] == [2, 2, 2]


def test_a_listener_that_raises(world: World, cls: type[Any]) -> None:
    layout = world.layout(cls)
    layout.defaults = {"a": 1, "b": 2}

    class Asking:
        def __set__(self, obj: Any, value: Any) -> None:
            raise ValueError("no")

    del layout.attributes["a"]
    cls.a = Asking()
    obj = cls.__new__(cls)
    with pytest.raises(ValueError, match="no"):
        world.state.begin(obj)
    assert "b" not in world.state.loaded(obj)


def test_a_finalizer_runs_while_an_object_begins(world: World) -> None:
    layout = world.layout(world.embedded)

    class Value:
        """Takes the defaults away when it goes."""

        def __del__(self) -> None:
            layout.defaults = None

    layout.defaults = {"a": Value(), "b": 2}
    obj = begun(world, world.embedded)
    layout.defaults = {"a": 3}
    obj.a = 1  # the value goes, and the defaults with it
    gc.collect()
    assert layout.defaults is None
    assert (obj.a, obj.b) == (1, 2)


def test_defaults_do_not_keep_a_class(world: World) -> None:
    class Passing(world.state.EntityBase):  # type: ignore[misc,name-defined]
        __init__ = world.state.constructor

    layout = attach(world, Passing, ["id", "a"], [], ["id"])
    layout.defaults = {"a": Passing}
    Passing()
    ref = weakref.ref(Passing)
    del Passing, layout
    gc.collect()
    assert ref() is None


def test_begin_wants_a_mapped_object(world: World) -> None:
    with pytest.raises(TypeError, match="Class 'object' has no layout"):
        world.state.begin(object())
