"""Reading, writing and constructing."""

from __future__ import annotations

import inspect
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


def test_new_objects_keep_no_originals(cls: type[Any], world: World) -> None:
    obj = cls(a=1)
    state = world.state.state_of(obj)
    assert state._o_originals is None
    assert state._o_flags == world.state.FRESH | world.state.MODIFIED
    obj.a = 2
    assert world.state.write(obj, 1, 3) == 2
    assert state._o_originals is None


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
    assert (
        state._o_flags == world.state.PARTIAL | world.state.EXPIRED | world.state.LAPSED
    )
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


def recording_attribute(world: World, cls: type[Any], key: str) -> list[Any]:
    """Have writes to an attribute of persistent objects go through a function."""
    calls: list[Any] = []
    attribute = world.layout(cls).attributes[key]

    def on_set(obj: Any, value: Any) -> None:
        calls.append(value)
        world.state.write(obj, attribute.slot, value)

    attribute.on_set, attribute.new_is_plain = on_set, True
    return calls


def test_new_objects_may_be_written_to_plainly(world: World) -> None:
    calls = recording_attribute(world, world.embedded, "b")
    obj = world.embedded(a=1, b=2, c=3)
    obj.b = 4
    assert (obj.a, obj.b, obj.c) == (1, 4, 3)
    assert obj._o_originals is None  # it has no row that differs
    assert calls == []
    obj._o_extras = {"x": 1}
    obj.b = 5
    assert calls == [5]
    obj._o_extras = None
    obj._o_key = 1
    obj.b = 6
    assert calls == [5, 6]
    world.state.construct(obj, {"a": 7, "b": 8})
    assert (obj.a, obj.b, calls) == (7, 8, [5, 6, 8])
    world.layout(world.embedded).attributes["b"].new_is_plain = False
    assert world.embedded(b=9).b == 9
    assert calls == [5, 6, 8, 9]


@pytest.fixture
def quick(world: World) -> type[Any]:
    """A class whose constructor, in Python, may be passed over."""

    def constructor(self: Any, **kwargs: Any) -> None:
        """The documentation."""
        world.state.construct(self, kwargs)

    world.embedded.__init__ = constructor  # type: ignore[misc]
    done = world.state.quicken_init(world.embedded, constructor)
    assert done is (world.impl == "cython")
    assert world.embedded.__init__ is constructor  # type: ignore[misc]
    return world.embedded


def test_a_quick_constructor_does_the_same(quick: type[Any]) -> None:
    obj = quick(id=1, a=2)
    assert (obj.id, obj.a) == (1, 2)
    assert vars(quick()) == {}
    with pytest.raises(TypeError, match="'x' is an invalid keyword argument for Emb"):
        quick(x=1)
    for arguments in ({}, {"a": 1}):
        with pytest.raises(TypeError, match="takes 1 positional argument but 2 were"):
            quick(1, **arguments)
    assert list(inspect.signature(quick).parameters) == ["kwargs"]


def test_a_quick_constructor_gives_way_to_another(
    quick: type[Any], world: World
) -> None:
    calls = []

    class Below(quick):  # type: ignore[misc]
        pass

    class Own(quick):  # type: ignore[misc]
        def __init__(self, **kwargs: Any) -> None:
            calls.append(("own", kwargs))
            super().__init__(**kwargs)

    for cls in (Below, Own):
        layout = world.state.Layout(cls, ["id"], [], ["id"])
        world.state.register_layout(cls, layout)
    Own(id=1)
    assert calls == [("own", {"id": 1})]
    assert Below(id=3).id == 3
    assert world.state.quicken_init(Below, quick.__init__) is (world.impl == "cython")
    assert not world.state.quicken_init(Own, quick.__init__)
    assert Below(id=4).id == 4

    def other(self: Any, *args: Any) -> None:
        calls.append(("other", args))

    quick.__init__ = other  # type: ignore[misc]
    quick(1)
    Below(2)
    assert calls[1:] == [("other", (1,)), ("other", (2,))]


@pytest.mark.parametrize("other", [int, object, type, 1, None])
def test_only_entities_get_a_quick_constructor(world: World, other: Any) -> None:
    assert not world.state.quicken_init(other, world.embedded.__init__)  # type: ignore[misc]
    assert not world.state.quicken_init(world.adopted, world.adopted.__init__)  # type: ignore[misc]
    assert not world.state.quicken_init(world.state.EntityBase, object.__init__)
