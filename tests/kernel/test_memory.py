"""References are counted right, nothing leaks, and code that runs in between is safe."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from ormolu._speedups.sentinel import UNLOADED
from tests.kernel.models import World


def blocks_kept(action: Callable[[], object], times: int = 300) -> float:
    """How many blocks of memory one call leaves behind."""
    for _ in range(20):
        action()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(times):
        action()
    gc.collect()
    return (sys.getallocatedblocks() - before) / times


def bare(cls: Any) -> Any:
    return cls.__new__(cls)


class Value:
    """A value whose references are counted."""


def test_values_are_counted_right(cls: type[Any], world: World) -> None:
    state, value = world.state, Value()
    obj = cls()
    start = sys.getrefcount(value)
    obj.a = value
    state.state_of(obj)._o_flags &= ~state.FRESH
    assert sys.getrefcount(value) == start + 1
    assert obj.a is value
    assert state.peek(obj, 1) is value
    assert state.write(obj, 1, value) is value  # and keeps it as the original
    assert sys.getrefcount(value) == start + 2
    state.forget_changes(obj)
    state.put(obj, -1, value)
    state.put(obj, 2, value)
    state.put(obj, 2, 5)
    state.drop(obj, -1)
    assert sys.getrefcount(value) == start + 1
    assert state.loaded(obj) == {"a": value, "b": 5}
    assert world.gather.gather([obj], [1, 2]) == [(value, 5)]
    state.expire(obj)
    assert sys.getrefcount(value) == start
    cls(a=value, b=value)
    gc.collect()
    assert sys.getrefcount(value) == start


def test_rows_and_keys_are_counted_right(cls: type[Any], world: World) -> None:
    tracker, plan, value = world.state.Tracker(), world.plan(cls), Value()
    key = "key of its own"
    row = (key, value, value, value)
    counts = [sys.getrefcount(x) for x in (row, key, value)]
    objs = world.load(tracker, plan, [row, row])
    copies = world.load(tracker, plan, [row], populate_existing=True)
    world.state.expire(objs[0])
    world.load(tracker, plan, [row])
    world.load(tracker, plan, [row], refresh=objs[0])
    del objs, copies
    gc.collect()
    assert [sys.getrefcount(x) for x in (row, key, value)] == counts


def test_classes_and_layouts_are_counted_right(cls: type[Any], world: World) -> None:
    layout, plan = world.layout(cls), world.plan(cls)
    tracker = world.state.Tracker()
    home = tracker.home(layout)
    rows = [(n, 0, 0, 0) for n in range(50)]
    things = (cls, layout, plan, tracker, home, None, UNLOADED)

    def cycle() -> None:
        objs = world.load(tracker, plan, rows)
        for obj in objs:
            obj.a = obj
            obj.r = [obj]
        world.gather.gather(objs, [0, 1, -1])
        tracker.modified.clear()

    cycle()
    gc.collect()
    before = [sys.getrefcount(thing) for thing in things]
    cycle()
    gc.collect()
    after = [sys.getrefcount(thing) for thing in things]
    # None and the sentinel are used by everyone
    assert after[:5] == before[:5]
    assert all(abs(b - a) < 30 for a, b in zip(before, after, strict=True))


def test_nothing_is_left_behind(cls: type[Any], world: World) -> None:
    tracker = world.state.Tracker()
    plan, child = world.plan(cls), world.plan(world.sub, [1, 0, 1, 2, 3])
    plan.collect = True
    plan.joined.append(
        world.hydration.JoinedPlan(
            "r", child, True, lambda obj, items: world.state.put(obj, -1, items)
        )
    )
    rows = [(n, object(), "b", n / 3) for n in range(5)]

    def use() -> None:
        objs = world.load(tracker, plan, rows)
        for obj in objs:
            obj.a = [obj]
            obj.free = obj
            world.state.loaded(obj)
            world.gather.changed(obj)
            world.gather.shape_rows([obj], [0, 1, -1], [True] * 3)
        world.state.expire(objs[0])
        world.load(tracker, plan, rows)
        cls(a=1, b=2)
        home = tracker.home(world.layout(cls))
        home.discard(objs[0])
        home.replace(cls(), 1)
        tracker.clear()

    assert blocks_kept(use) < 0.5


@pytest.mark.parametrize(
    "name", ["on_load", "on_refresh", "new_extras", "after", "processors", "assign"]
)
def test_errors_leave_nothing_behind(cls: type[Any], world: World, name: str) -> None:
    tracker = world.state.Tracker()

    def fail(*args: Any) -> Any:
        raise ZeroDivisionError

    processors = [None, None, fail, None] if name == "processors" else None
    plan = world.plan(cls, processors=processors)
    child = world.plan(world.sub, [-1, 0, -1, -1, -1])
    joined = world.hydration.JoinedPlan("r", child, True, fail)
    plan.joined.append(joined)
    if name == "after":
        plan.after.append(fail)
    elif name not in ("processors", "assign"):
        setattr(plan, name, fail)

    def use() -> None:
        options = {"populate_existing": name == "on_refresh"}
        [held] = world.load(tracker, world.plan(cls), [(7, 1, 2, 3)])
        with pytest.raises(ZeroDivisionError):
            world.load(tracker, plan, [(7, 1, 2, 3), (8, 1, 2, 3)], **options)
        assert held.a == 1

    assert blocks_kept(use, 100) < 0.5


def test_a_replaced_value_may_use_the_object_when_it_goes(
    cls: type[Any], world: World
) -> None:
    state = world.state
    obj = cls()
    seen: list[Any] = []

    class Last:
        def __init__(self, action: Callable[[], object]) -> None:
            self.action = action

        def __del__(self) -> None:
            self.action()
            seen.append(state.peek(obj, 1))

    actions: list[Callable[[], object]] = [
        lambda: state.expire(obj),
        lambda: state.put(obj, 1, "put"),
        lambda: state.drop(obj, 1),
        lambda: obj.__dict__.clear() if type(obj) is world.adopted else None,
        lambda: setattr(obj, "b", 5),
        gc.collect,
    ]
    for action in actions:
        state.put(obj, 1, Last(action))
        state.put(obj, 1, "new")
        state.put(obj, -1, Last(action))
        state.drop(obj, -1)
        state.put(obj, 1, Last(action))
        state.expire(obj)
        state.note_original(obj, "a", Last(action))
        state.forget_changes(obj)
        gc.collect()
    assert len(seen) == 4 * len(actions)


def test_a_storage_that_is_cut_short_meanwhile_is_an_error(world: World) -> None:
    obj = world.embedded()

    class Cut:
        def __del__(self) -> None:
            if type(obj._o_values) is list:
                obj._o_values.clear()

    obj._o_values = (1, Cut(), 3, 4)
    try:
        world.state.put(obj, 3, 5)  # releases the tuple
    except IndexError:
        pass
    world.state.peek(obj, 3)


def test_a_comparison_may_change_the_object(cls: type[Any], world: World) -> None:
    tracker = world.state.Tracker()
    [obj] = world.load(tracker, world.plan(cls), [(1, 2, 3, 4)])

    class Sly:
        def __eq__(self, other: object) -> bool:
            world.state.expire(obj)
            world.state.note_original(obj, "c", Sly())
            gc.collect()
            return False

        __hash__ = None  # type: ignore[assignment]

    obj.a, obj.b = Sly(), Sly()
    assert set(world.gather.changed(obj)) <= {1, 2, 3}


def test_a_key_may_look_for_its_own_object(cls: type[Any], world: World) -> None:
    home = world.state.Tracker().home(world.layout(cls))
    found: list[Any] = []

    class Key:
        def __hash__(self) -> int:
            return 1

        def __eq__(self, other: object) -> bool:
            if active:
                active.clear()
                found.append(home.get(keys[0]))
                active.append(True)
            return self is other

    active: list[bool] = []
    keys: list[Any] = [Key(), Key()]
    objs = [cls(), cls()]
    home.add(objs[0], keys[0])
    home.add(objs[1], keys[1])
    active.append(True)
    objs.pop()
    objs.pop()
    gc.collect()
    active.clear()
    found.clear()
    gc.collect()
    assert len(home) == 0


def test_a_key_that_cannot_be_compared_is_no_harm(cls: type[Any], world: World) -> None:
    home = world.state.Tracker().home(world.layout(cls))

    class Key:
        broken = False

        def __hash__(self) -> int:
            return 1

        def __eq__(self, other: object) -> bool:
            if Key.broken:
                raise ValueError
            return self is other

    objs = [cls(), cls()]
    home.add(objs[0], Key())
    home.add(objs[1], Key())
    if world.impl == "python":
        return  # where the callback of a weak reference reports it
    Key.broken = True
    del objs
    gc.collect()
    Key.broken = False
    assert len(home) == 0


def test_an_object_may_be_resurrected(cls: type[Any], world: World) -> None:
    tracker = world.state.Tracker()
    home = tracker.home(world.layout(cls))
    saved: list[Any] = []

    class Phoenix(cls):  # type: ignore[misc]
        def __del__(self) -> None:
            saved.append(self)
            saved.append(home.get(1))

    world.state.register_layout(Phoenix, world.layout(cls))
    obj = Phoenix(id=1, a=[1])
    home.add(obj, 1)
    del obj
    gc.collect()
    back = saved[0]
    assert (back.id, back.a) == (1, [1])
    back.a = 2
    assert home.replace(back, 1) in (None, back)
    assert home.get(1) is back
    again = Phoenix(id=2)
    home.add(again, 2)
    world.state.put(again, -1, again)
    del again
    gc.collect()
    assert saved[2].id == 2
    saved[2].a = 5
    tracker.modified.clear()
    saved.clear()
    del back
    gc.collect()
    saved.clear()
    gc.collect()
    assert home.get(2) is None


def test_callbacks_may_use_the_session_that_loads(cls: type[Any], world: World) -> None:
    tracker = world.state.Tracker()
    inner, outer = world.plan(cls), world.plan(cls)
    rows: list[Any] = [(n, "a", "b", "c") for n in range(20)]
    made: list[Any] = []

    def on_load(obj: Any, run: Any) -> None:
        made.extend(world.load(tracker, inner, rows))
        world.state.expire(obj)
        outer.on_load = None
        outer.after.clear()
        gc.collect()
        with pytest.raises(RuntimeError, match="running already"):
            run.rows([])

    outer.on_load = on_load
    outer.after.append(lambda *args: None)
    objs = world.load(tracker, outer, rows)
    assert objs[1:] == made[1:]
    assert [obj.id for obj in objs[1:]] == list(range(1, 20))


def test_the_list_of_rows_may_change(world: World) -> None:
    rows: list[Any] = [(n, "a", "b", "c") for n in range(10)]
    plan = world.plan(world.embedded)
    plan.on_load = lambda obj, run: rows.clear()
    objs = world.load(world.state.Tracker(), plan, rows)
    assert len(objs) == 1


def test_kwargs_may_change_while_constructing(cls: type[Any], world: World) -> None:
    kwargs: dict[str, Any] = {"a": 1, "b": 2, "c": 3}
    cls.b.on_set = lambda obj, value: kwargs.clear()
    obj = bare(cls)
    if world.impl == "python":
        with pytest.raises(RuntimeError, match="changed size"):
            world.state.construct(obj, kwargs)
    else:
        world.state.construct(obj, kwargs)
    assert obj.a == 1


def test_a_callback_may_replace_itself(cls: type[Any], world: World) -> None:
    def missing(obj: Any) -> Any:
        cls.a.on_missing = None
        gc.collect()
        return "once"

    cls.a.on_missing = missing
    del missing
    obj = cls()
    assert obj.a == "once"
    with pytest.raises(AttributeError):
        obj.a


def test_long_chains_are_released(cls: type[Any], world: World) -> None:
    head = cls()
    for _ in range(100_000):
        following = cls()
        world.state.put(following, -1, head)
        head = following
    del head, following


def test_the_collector_is_switched_on_again(world: World) -> None:
    plan = world.plan(world.embedded)
    rows = [(n, "a", "b", "c") for n in range(2000)]
    seen: list[bool] = []
    plan.on_load = lambda obj, run: seen.append(gc.isenabled())
    assert gc.isenabled()
    world.load(world.state.Tracker(), plan, rows)
    assert gc.isenabled()

    def fail(obj: Any, run: Any) -> None:
        raise ZeroDivisionError

    plan.on_load = fail
    with pytest.raises(ZeroDivisionError):
        world.load(world.state.Tracker(), plan, rows)
    assert gc.isenabled()
    gc.disable()
    try:
        plan.on_load = None
        world.load(world.state.Tracker(), plan, rows)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_dying_object_is_not_found(cls: type[Any], world: World) -> None:
    home = world.state.Tracker().home(world.layout(cls))
    found: list[Any] = []
    obj = cls(a=Value())
    home.add(obj, 1)
    weakref.finalize(world.state.peek(obj, 1), lambda: found.append(home.get(1)))
    del obj
    gc.collect()
    assert found == [None]
