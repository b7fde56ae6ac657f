"""Identity dicts and trackers."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from tests.kernel.models import World


def test_an_object_is_found_by_its_key(cls: type[Any], world: World) -> None:
    home = world.state.Tracker().home(world.layout(cls))
    obj = cls(id=1)
    home.add(obj, 1)
    assert home.get(1) is obj
    assert home.get(2) is None
    assert home.contains(obj)
    assert (home.keys(), home.values(), home.items()) == ([1], [obj], [(1, obj)])
    assert len(home) == 1
    state = world.state.state_of(obj)
    assert (state._o_home, state._o_key) == (home, 1)


def test_entries_of_dead_objects_disappear(cls: type[Any], world: World) -> None:
    home = world.state.Tracker().home(world.layout(cls))
    obj = cls()
    home.add(obj, (1, 2))
    del obj
    gc.collect()
    assert (home.get((1, 2)), len(home), home.items()) == (None, 0, [])
    if world.state.__name__.endswith("_py"):
        assert not home._entries


def test_an_object_leaves_only_by_its_own_entry(cls: type[Any], world: World) -> None:
    home = world.state.Tracker().home(world.layout(cls))
    first, second = cls(), cls()
    home.add(first, 1)
    assert home.replace(second, 1) is first
    assert home.replace(second, 1) is None
    assert world.state.state_of(first)._o_home is None
    assert not home.discard(first)
    assert home.get(1) is second
    assert home.discard(second)
    assert home.get(1) is None
    assert world.state.state_of(second)._o_home is None
    assert world.state.state_of(second)._o_key == 1


def test_an_object_has_one_entry(cls: type[Any], world: World) -> None:
    tracker = world.state.Tracker()
    home, other = tracker.home(world.layout(cls)), tracker.home(world.layout(cls), "t")
    obj = cls()
    home.add(obj, 1)
    home.add(obj, 2)
    assert home.items() == [(2, obj)]
    other.add(obj, 2)
    assert (home.items(), other.items()) == ([], [(2, obj)])


def test_keys_must_be_hashable(cls: type[Any], world: World) -> None:
    home = world.state.Tracker().home(world.layout(cls))
    for function in (home.get, lambda key: home.add(cls(), key)):
        with pytest.raises(TypeError, match="unhashable"):
            function([])


def test_homes_are_per_hierarchy_and_token(world: World) -> None:
    tracker = world.state.Tracker()
    base, sub = world.layout(world.embedded), world.layout(world.sub)
    assert sub.base is base.base is base
    assert tracker.home(sub) is tracker.home(base)
    assert tracker.home(sub, "tenant") is not tracker.home(base)
    assert tracker.home(sub, "tenant").token == "tenant"
    assert set(tracker.homes) == {(base, None), (base, "tenant")}


def test_nothing_but_the_objects_keeps_a_home(cls: type[Any], world: World) -> None:
    tracker = world.state.Tracker()
    home = tracker.home(world.layout(cls))
    obj = cls()
    home.add(obj, 1)
    refs = [weakref.ref(tracker), weakref.ref(home)]
    assert home.tracker is tracker
    del tracker, home
    assert refs[0]() is None
    assert world.state.state_of(obj)._o_home is refs[1]()
    assert world.state.state_of(obj)._o_home.tracker is None
    obj.a = 1  # no one to tell
    del obj
    gc.collect()
    assert refs[1]() is None


def test_changes_are_listed_by_the_tracker(cls: type[Any], world: World) -> None:
    tracker = world.state.Tracker()
    obj = cls()
    tracker.home(world.layout(cls)).add(obj, 1)
    assert tracker.modified == {}
    world.state.mark_modified(obj)
    world.state.mark_modified(obj)
    assert tracker.modified == {id(obj): obj}
    ref = weakref.ref(obj)
    del obj
    gc.collect()
    assert ref() is not None, "what is changed is held strongly"


def test_clearing_lets_all_objects_go(cls: type[Any], world: World) -> None:
    tracker = world.state.Tracker()
    objs = [cls() for _ in range(3)]
    home = tracker.home(world.layout(cls))
    for number, obj in enumerate(objs):
        home.add(obj, number)
    world.state.mark_modified(objs[0])
    tracker.new[1] = tracker.deleted[2] = objs[1]
    assert (tracker.objects(), len(tracker)) == (objs, 3)
    tracker.clear()
    assert (tracker.objects(), len(tracker), len(home)) == ([], 0, 0)
    for emptied in (tracker.modified, tracker.new, tracker.deleted, tracker.homes):
        assert emptied == {}
    assert [world.state.state_of(obj)._o_home for obj in objs] == [None] * 3
    assert tracker


def test_the_owner_is_known_weakly(world: World) -> None:
    class Session:
        pass

    tracker, session = world.state.Tracker(), Session()
    assert tracker.owner is None
    tracker.owner = session
    assert tracker.owner is session
    del session
    gc.collect()
    assert tracker.owner is None
    tracker.owner = None


def test_counters_are_writable(world: World) -> None:
    tracker = world.state.Tracker()
    world.load(tracker, world.plan(world.embedded), [(1, 2, 3, 4)] * 3)
    assert (tracker.loads, tracker.hits) == (1, 2) or tracker.loads == 3
    tracker.loads = tracker.hits = 0


def test_members_of_a_cycle_leave_too(cls: type[Any], world: World) -> None:
    tracker = world.state.Tracker()
    objs = [cls(), cls()]
    for number, obj in enumerate(objs):
        tracker.home(world.layout(cls)).add(obj, number)
    world.state.put(objs[0], -1, objs[1])
    world.state.put(objs[1], -1, objs[0])
    del obj, objs
    gc.collect()
    replacement = cls()
    home = tracker.home(world.layout(cls))
    home.add(replacement, 1)
    home.add(other := cls(), 0)
    # a left-over entry would have kept its place
    assert home.values() == [replacement, other]
