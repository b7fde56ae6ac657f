"""Reading, writing and constructing."""

from __future__ import annotations

from typing import Any

import pytest

from ormolu._speedups.sentinel import UNLOADED
from tests.kernel.models import World, attach


def test_a_class_shows_the_attribute_itself(cls: type[Any], world: World) -> None:
    assert isinstance(cls.a, world.state.Attribute)
    assert cls.a.key == "a"


def test_a_value_can_be_written_and_read(cls: type[Any], world: World) -> None:
    obj = cls()
    obj.a = 1
    obj.r = [2]
    assert (obj.a, obj.r) == (1, [2])
    assert world.state.loaded(obj) == {"a": 1, "r": [2]}


def test_what_is_not_loaded_is_asked_for(cls: type[Any], world: World) -> None:
    obj = cls()
    with pytest.raises(AttributeError) as raised:
        obj.a
    assert str(raised.value) == f"{cls.__name__!r} object has no attribute 'a'"
    cls.a.on_missing = lambda obj: "loaded now"
    assert obj.a == "loaded now"
    assert world.state.peek(obj, 1) is UNLOADED


def test_setting_and_deleting_can_be_taken_over(cls: type[Any], world: World) -> None:
    calls: list[Any] = []
    cls.a.on_set = lambda obj, value: calls.append(value)
    cls.a.on_delete = lambda obj: calls.append("deleted")
    obj = cls(a=1)
    obj.a = 2
    del obj.a
    assert calls == [1, 2, "deleted"]
    assert world.state.loaded(obj) == {}
    with pytest.raises(AttributeError) as raised:
        del obj.b
    assert str(raised.value) == (
        f"attribute 'b' of {cls.__name__!r} object cannot be deleted"
    )


def test_an_attribute_of_another_class_finds_the_key(world: World) -> None:
    sub = world.sub(a=1, d=2)  # where "a" has another slot
    assert world.embedded.a.__get__(sub) == 1
    world.embedded.a.__set__(sub, 3)
    assert world.state.loaded(sub) == {"d": 2, "a": 3}
    with pytest.raises(AttributeError, match="has no attribute 'd'"):
        world.sub.d.__get__(world.embedded())


@pytest.mark.parametrize("action", ["__get__", "__set__", "__delete__"])
def test_an_object_of_a_wrong_type_is_a_type_error(world: World, action: str) -> None:
    values = (1,) if action == "__set__" else ()
    world.embedded.a.on_missing = world.embedded.a.on_delete = print
    for wrong in (5, object(), "text", (1, 2)):
        with pytest.raises(TypeError, match="object can have no mapped attributes"):
            getattr(world.embedded.a, action)(wrong, *values)


def test_attributes_can_be_subclassed_beside_other_bases(world: World) -> None:
    class Operators:
        __slots__ = ()

        def __eq__(self, other: object) -> Any:
            return ("eq", other)

        __hash__ = object.__hash__

    class Queryable(world.state.Attribute, Operators):  # type: ignore[misc,name-defined]
        pass

    class Slotted(world.state.Attribute, Operators):  # type: ignore[misc,name-defined]
        __slots__ = ("more",)

    for kind in (Queryable, Slotted):

        class Mapped(world.state.EntityBase):  # type: ignore[misc,name-defined]
            __init__ = world.state.constructor

        layout = attach(world, Mapped, ["id"], [], ["id"])
        attribute = kind("id")
        attribute.layout, attribute.slot, attribute.more = layout, 0, 1
        layout.attributes["id"] = Mapped.id = attribute
        obj = Mapped(id=5)
        obj.id += 1
        assert obj.id == 6
        assert (Mapped.id == 5) == ("eq", 5)


def test_a_change_keeps_the_first_original(cls: type[Any], world: World) -> None:
    [obj] = world.load(world.state.Tracker(), world.plan(cls), [(1, "a", "b", "c")])
    state = world.state.state_of(obj)
    assert world.state.write(obj, 1, "new") == "a"
    assert world.state.write(obj, 1, "newer") == "new"
    world.state.drop(obj, 2)
    assert world.state.write(obj, 2, "x") is UNLOADED
    assert state._o_originals == {"a": "a", "b": UNLOADED}
    assert state._o_flags & world.state.MODIFIED


def test_new_objects_keep_no_originals_of_nothing(cls: type[Any], world: World) -> None:
    obj = cls(a=1)
    state = world.state.state_of(obj)
    assert state._o_originals is None
    assert state._o_flags == world.state.FRESH | world.state.MODIFIED
    obj.a = 2
    assert state._o_originals == {"a": 1}


def test_a_write_leaves_the_row_alone(world: World) -> None:
    row: Any = (1, "a", "b", "c")
    tracker = world.state.Tracker()
    [obj] = world.load(tracker, world.plan(world.embedded), [row])
    assert obj._o_values is row
    obj.a = "new"
    assert row == (1, "a", "b", "c")
    assert obj._o_values == [1, "new", "b", "c"]
    assert tracker.modified == {id(obj): obj}
    world.state.forget_changes(obj)
    assert tracker.modified == {}
    assert obj._o_originals is None
    assert obj.a == "new"


def test_dropping_is_no_change(cls: type[Any], world: World) -> None:
    [obj] = world.load(world.state.Tracker(), world.plan(cls), [(1, 2, 3, 4)])
    state = world.state.state_of(obj)
    world.state.drop(obj, 1)
    assert world.state.peek(obj, 1) is UNLOADED
    assert state._o_flags == world.state.PARTIAL
    assert state._o_originals is None
    fresh = cls(a=1)
    world.state.drop(fresh, 1)
    assert not world.state.state_of(fresh)._o_flags & world.state.PARTIAL


def test_expiring_drops_everything(cls: type[Any], world: World) -> None:
    tracker = world.state.Tracker()
    [obj] = world.load(tracker, world.plan(cls), [(1, 2, 3, 4)])
    obj.a = 5
    obj.r = [1]
    world.state.expire(obj)
    state = world.state.state_of(obj)
    assert world.state.loaded(obj) == {}
    assert state._o_flags == world.state.PARTIAL | world.state.EXPIRED
    assert state._o_originals is None
    assert tracker.modified == {}
    assert tracker.home(world.layout(cls)).contains(obj)


def test_the_constructor_refuses_unknown_keys(cls: type[Any], world: World) -> None:
    with pytest.raises(TypeError) as raised:
        cls(a=1, nothing=2)
    assert str(raised.value) == (
        f"'nothing' is an invalid keyword argument for {cls.__name__}"
    )
    cls.hybrid = property(None, lambda self, value: setattr(self, "b", value))
    assert world.state.loaded(cls(a=1, hybrid=2)) == {"a": 1, "b": 2}


def test_the_constructor_takes_no_positional_arguments(world: World) -> None:
    with pytest.raises(TypeError) as raised:
        world.embedded(1)
    assert str(raised.value) == (
        "__init__() takes 1 positional argument but 2 were given"
    )
    assert world.embedded().__init__(a=1) is None


def test_keys_may_be_a_subclass_of_str(world: World) -> None:
    class Quoted(str):
        __slots__ = ()

    class Mapped(world.state.EntityBase):  # type: ignore[misc,name-defined]
        __init__ = world.state.constructor

    attach(world, Mapped, [Quoted("id"), Quoted("a")], [], [Quoted("id")])
    obj = Mapped(**{Quoted("a"): 1})
    assert obj.a == 1
    assert world.state.peek_key(obj, Quoted("a")) == 1


def test_unknown_keys_and_slots_have_nothing(cls: type[Any], world: World) -> None:
    obj = cls(a=1)
    obj.other = 2
    assert world.state.peek_key(obj, "other") is UNLOADED
    assert world.state.peek_key(obj, "a") == 1
    for function, args in (("write", (9, 1)), ("put", (-9, 1))):
        with pytest.raises(IndexError, match="has no slot"):
            getattr(world.state, function)(obj, *args)
