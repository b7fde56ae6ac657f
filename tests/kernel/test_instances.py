"""What instances are: their dict, their weak references, their subclasses."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from typing import Any

import pytest

from ormolu._speedups.sentinel import UNLOADED, Unloaded
from tests.kernel.models import World, attach


def test_the_sentinel_is_one_object() -> None:
    assert pickle.loads(pickle.dumps(UNLOADED)) is UNLOADED
    assert copy.copy(UNLOADED) is UNLOADED
    assert copy.deepcopy([UNLOADED])[0] is UNLOADED
    assert Unloaded() is UNLOADED
    assert repr(UNLOADED) == "UNLOADED"
    assert not UNLOADED


def test_both_implementations_have_the_same_sentinel(world: World) -> None:
    assert world.state.UNLOADED is UNLOADED


def test_new_instances_are_fresh_and_empty(world: World) -> None:
    obj = world.embedded()
    assert obj._o_flags == world.state.FRESH
    for name in ("home", "key", "values", "related", "originals", "extras", "view"):
        assert getattr(obj, f"_o_{name}") is None
    assert obj._o_dict == {}


def test_the_layers_above_have_flags_of_their_own(world: World) -> None:
    obj = world.embedded()
    obj._o_flags |= 256
    assert obj._o_flags == world.state.FRESH | 256
    obj._o_flags &= ~world.state.FRESH
    assert obj._o_flags == 256


def test_names_that_are_not_mapped_live_in_the_instance_dict(world: World) -> None:
    obj = world.embedded(id=1)
    obj.other = 5
    assert obj.other == 5
    assert obj._o_dict == {"other": 5}
    assert obj.__dict__ == {"other": 5, "id": 1}
    del obj.other
    with pytest.raises(AttributeError):
        obj.other
    assert obj._o_dict == {}


def test_without_a_property_the_dict_is_the_raw_one(world: World) -> None:
    obj = world.state.EntityBase()
    obj.x = 1
    assert vars(obj) is obj._o_dict
    assert vars(obj) == {"x": 1}
    obj.__dict__ = {"y": 2}
    assert obj.y == 2
    with pytest.raises(TypeError):
        obj.__dict__ = 3


def test_subclasses_add_no_storage_of_their_own(world: World) -> None:
    if world.impl == "python":
        pytest.skip("the size is that of the compiled struct")
    base = world.state.EntityBase
    for cls in (world.embedded, world.sub):
        assert cls.__basicsize__ == base.__basicsize__
        assert cls.__dictoffset__ == base.__dictoffset__ > 0
        assert cls.__weakrefoffset__ == base.__weakrefoffset__ > 0


def test_a_mixin_may_come_first_and_have_slots_beside_it(world: World) -> None:
    class Mixin:
        pass

    class Plain(Mixin, world.state.EntityBase):  # type: ignore[misc,name-defined]
        pass

    class Slotted(Plain):
        __slots__ = ("slot",)

    obj = Slotted()
    obj.slot, obj.free = 1, 2
    assert (obj.slot, obj._o_dict) == (1, {"free": 2})
    assert vars(Plain()) == {}


def test_any_arguments_are_left_to_a_constructor(world: World) -> None:
    class Own(world.state.EntityBase):  # type: ignore[misc,name-defined]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.given = args, kwargs

    assert Own(1, a=2).given == ((1,), {"a": 2})
    assert isinstance(world.state.EntityBase(1, a=2), world.state.EntityBase)


def test_instances_can_be_referred_to_weakly(cls: type[Any]) -> None:
    obj = cls()
    ref = weakref.ref(obj)
    assert ref() is obj
    del obj
    gc.collect()
    assert ref() is None


def test_cycles_through_every_field_are_collected(world: World) -> None:
    def cycle(how: str) -> weakref.ref[Any]:
        obj = world.embedded(id=1)
        state = world.state
        if how == "dict":
            obj.me = obj
        elif how == "values":
            state.put(obj, 1, obj)
        elif how == "tuple":
            obj._o_values = (obj,)
        elif how == "related":
            state.put(obj, -1, [obj])
        elif how == "originals":
            state.note_original(obj, "a", obj)
        elif how == "extras":
            obj._o_extras = {"x": obj}
        else:
            setattr(obj, f"_o_{how}", obj)
        return weakref.ref(obj)

    fields = ["dict", "values", "tuple", "related", "originals", "extras"]
    for how in [*fields, "origin", "view", "key"]:
        ref = cycle(how)
        gc.collect()
        if how == "key":  # closes no cycle that anyone makes
            continue
        assert ref() is None, how


def test_cycles_of_adopted_instances_are_collected(world: World) -> None:
    for field in ("_o_view", "_o_origin", "_o_extras"):
        obj = world.adopted(id=1)
        companion = world.state.state_of(obj)
        setattr(companion, field, {"obj": obj})
        ref = weakref.ref(obj)
        del obj, companion
        gc.collect()
        assert ref() is None, field


def test_a_class_can_be_collected_with_its_layout(world: World) -> None:
    class Passing(world.state.EntityBase):  # type: ignore[misc,name-defined]
        pass

    layout = attach(world, Passing, ["id", "a"], [], ["id"])
    plan = world.plan(Passing)
    [obj] = world.load(world.state.Tracker(), plan, [(1, 2)])
    obj.a = 3
    refs = [weakref.ref(Passing), weakref.ref(layout)]
    del Passing, layout, plan, obj
    gc.collect()
    assert [ref() for ref in refs] == [None, None]


def test_a_companion_belongs_to_one_instance(world: World) -> None:
    obj = world.adopted(a=1)
    companion = world.state.state_or_none(obj)
    assert companion is world.state.state_of(obj)
    assert obj.__dict__ == {"a": 1, "_sa_instance_state": companion}
    assert companion.obj() is obj
    assert companion._o_layout is world.layout(world.adopted)
    del obj
    assert companion.obj() is None


def test_a_companion_is_made_by_the_factory_of_the_layout(world: World) -> None:
    class Own(world.state.AdoptedState):  # type: ignore[misc,name-defined]
        pass

    layout = world.layout(world.adopted)
    layout.state_factory = Own
    obj = world.adopted(a=1)
    state = world.state.state_of(obj)
    state.note = "has a dict"
    assert type(state) is Own
    [loaded] = world.load(
        world.state.Tracker(), world.plan(world.adopted), [(1, 2, 3, 4)]
    )
    assert type(world.state.state_of(loaded)) is Own
    assert world.state.state_of(loaded)._o_flags == 0
    layout.state_factory = lambda obj, layout: None
    with pytest.raises(TypeError, match="The state factory returned None"):
        world.state.state_of(object.__new__(world.adopted))


def test_layouts_are_not_inherited(world: World) -> None:
    class Below(world.embedded):  # type: ignore[misc,name-defined]
        pass

    assert world.state.registered_layout(Below) is None
    with pytest.raises(TypeError, match="Class 'Below' has no layout"):
        world.state.layout_of(Below())
    asked: list[Any] = []

    def hook(cls: type[Any]) -> Any:
        asked.append(cls)
        return world.layout(world.embedded)

    world.state.set_missing_layout_hook(hook)
    obj = Below(a=1)
    assert obj.a == 1
    assert obj._o_layout is world.layout(world.embedded)
    assert asked == [Below]


def test_a_hook_that_raises_is_heard(world: World) -> None:
    def hook(cls: type[Any]) -> Any:
        raise LookupError(cls.__name__)

    world.state.set_missing_layout_hook(hook)
    for function in (world.state.state_of, world.state.layout_of):
        with pytest.raises(LookupError, match="int"):
            function(5)
    assert world.state.state_or_none(5) is None
    world.state.set_missing_layout_hook(lambda cls: "nothing")
    with pytest.raises(TypeError, match="returned 'nothing', not a Layout"):
        world.state.layout_of(5)


def test_layouts_can_be_taken_away(world: World) -> None:
    world.state.unregister_layout(world.embedded)
    world.state.unregister_layout(world.embedded)
    assert world.state.registered_layout(world.embedded) is None
    with pytest.raises(TypeError, match="Expected a Layout, not 3"):
        world.state.register_layout(world.embedded, 3)


def test_a_layout_grows_and_old_instances_have_nothing_there(
    cls: type[Any], world: World
) -> None:
    obj = cls(id=1)
    layout = world.layout(cls)
    slot, related = layout.add_column("later"), layout.add_related("linked")
    assert world.state.peek(obj, slot) is UNLOADED
    assert world.state.peek(obj, related) is UNLOADED
    world.state.put(obj, slot, 5)
    world.state.put(obj, related, 6)
    assert world.state.loaded(obj) == {"id": 1, "later": 5, "linked": 6}
    with pytest.raises(ValueError, match="already has the key 'later'"):
        layout.add_column("later")
    with pytest.raises(IndexError, match=f"has no slot {slot + 1}"):
        world.state.put(obj, slot + 1, 5)
    assert world.state.peek(obj, slot + 1) is UNLOADED


def test_rare_fields_are_those_of_one_object(cls: type[Any], world: World) -> None:
    tracker, plan = world.state.Tracker(), world.plan(cls)
    plan.origin = ["origin"]
    one, two, three = world.load(tracker, plan, [(n, 2, 3, 4) for n in range(3)])
    states = [world.state.state_of(obj) for obj in (one, two, three)]
    assert [state._o_origin for state in states] == [["origin"]] * 3
    one.a = 5
    states[0]._o_extras = {"x": 1}
    states[1]._o_view = "view"
    states[1]._o_origin = "other"
    assert [(s._o_origin, s._o_originals, s._o_extras, s._o_view) for s in states] == [
        (["origin"], {"a": 2}, {"x": 1}, None),
        ("other", None, None, "view"),
        (["origin"], None, None, None),
    ]
    states[2]._o_origin = None
    states[2]._o_originals = None
    states[2]._o_extras = states[2]._o_view = None
    world.state.forget_changes(one)
    assert [s._o_origin for s in states] == [["origin"], "other", None]
    assert states[0]._o_originals is None
    assert states[0]._o_extras == {"x": 1}


def test_rare_fields_are_forgotten_one_by_one(cls: type[Any], world: World) -> None:
    state = world.state.state_of(cls())
    names = ("_o_origin", "_o_originals", "_o_extras", "_o_view")
    for name in names:
        value = {name: 1}
        setattr(state, name, value)
        assert getattr(state, name) is value
    for name in names:
        assert getattr(state, name) == {name: 1}
        setattr(state, name, None)
        assert getattr(state, name) is None
