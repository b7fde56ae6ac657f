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


# -- relationships -----------------------------------------------------------------


def layouts(world: World) -> Any:
    layout = world.layout(world.embedded)
    r, s = layout.index["r"], layout.index["s"]
    layout.save_plan = (
        (r, "r", list, world.embedded),
        (s, "s", None, world.embedded),
    )
    return layout


def test_a_save_reaches_depth_first_and_each_object_once(world: World) -> None:
    layouts(world)
    cls = world.embedded
    reached = flushing_of(world).reached
    tracker = world.state.Tracker()
    leaf, other = cls(id=1), cls(id=2)
    middle = cls(id=3, r=[leaf, None, leaf])
    root = cls(id=4, r=[middle, other], s=leaf)
    assert reached(tracker, root) == [middle, leaf, other]
    tracker.new[id(middle)] = middle
    assert reached(tracker, root) == [other, leaf]


def test_a_save_reaches_what_was_there_before(world: World) -> None:
    layouts(world)
    cls = world.embedded
    reached = flushing_of(world).reached
    gone, kept = cls(id=1), cls(id=2)
    root = cls(id=3, r=[kept], s=kept)
    world.state.note_original(root, "r", [gone, kept])
    world.state.note_original(root, "s", gone)
    assert reached(world.state.Tracker(), root) == [kept, gone]


def test_a_save_is_left_to_others_where_it_is_not_plain(world: World) -> None:
    layout = layouts(world)
    cls = world.embedded
    reached = flushing_of(world).reached
    tracker = world.state.Tracker()
    assert reached(tracker, cls(r=(cls(),))) is None
    assert reached(tracker, cls(s=world.sub())) is None  # its layout has no plan
    assert reached(tracker, cls(s=world.adopted())) is None
    waiting = cls()
    waiting._o_extras = {"pending": {}}
    assert reached(tracker, cls(s=waiting)) is None
    layout.save_plan = None
    assert reached(tracker, cls()) is None


def test_new_objects_enter_up_to_one_that_is_not(cls: type[Any], world: World) -> None:
    enter_new = flushing_of(world).enter_new
    tracker = world.state.Tracker()
    one, two, three, four = (cls(id=i) for i in range(4))
    world.state.state_of(three)._o_key = 3
    assert enter_new(tracker, [one, one, two, three, four], 0) == 3
    assert list(tracker.new.values()) == [one, two]
    assert world.state.state_of(one)._o_home is tracker.home(world.layout(cls))
    assert enter_new(tracker, [three, four], 1) == 2
    other = world.state.Tracker()
    assert enter_new(other, [four], 0) == 0


def test_keys_are_pushed_to_others_of_the_class(world: World) -> None:
    push = flushing_of(world).push_keys
    cls = world.embedded
    layout = world.layout(cls)
    source, target, sub = cls(id=7, a=8), cls(), world.sub()
    assert push(source, [target, sub], layout, (0, 1), layout, (2, 3)) == [sub]
    assert (target.b, target.c) == (7, 8)
    assert push(cls(id=1), [target], layout, (0, 1), layout, (2, 3)) == [target]
    assert push(sub, [target], layout, (0,), layout, (2,)) == [target]
    assert target.b == 7


def test_a_pushed_key_is_a_change(world: World) -> None:
    push = flushing_of(world).push_keys
    cls = world.embedded
    layout = world.layout(cls)
    tracker = world.state.Tracker()
    (loaded,) = world.load(tracker, world.plan(cls), [(1, 2, 3, 4)])
    assert push(cls(id=9), [loaded], layout, (0,), layout, (1,)) == []
    assert loaded._o_originals == {"a": 2}
    assert list(tracker.modified.values()) == [loaded]


def test_keys_are_pulled_from_what_came_to_be_referred_to(world: World) -> None:
    pull = flushing_of(world).pull_keys
    cls = world.embedded
    layout = world.layout(cls)
    tracker = world.state.Tracker()
    held = cls(id=7)
    tracker.new[id(held)] = held
    foreign = cls(id=8)

    def pulled(*objs: Any, known: Any = None) -> list[Any]:
        left: list[Any] = pull(
            tracker, list(objs), "s", layout, (1,), layout, (0,), known
        )
        return left

    plain, nothing, none = cls(s=held), cls(), cls(s=None)
    stranger, sub, unready = cls(s=foreign), world.sub(s=held), cls(s=cls())
    left = pulled(plain, nothing, none, stranger, sub, unready)
    assert left == [none, stranger, sub, unready]
    assert plain.a == 7
    assert world.state.peek_key(nothing, "a") is world.state.UNLOADED
    again = cls(s=held)
    assert pulled(again, known={id(again): None}) == [again]


def test_keys_are_not_pulled_where_nothing_has_changed(world: World) -> None:
    pull = flushing_of(world).pull_keys
    cls = world.embedded
    layout = world.layout(cls)
    tracker = world.state.Tracker()
    one, other = world.load(tracker, world.plan(cls), [(1, 2, 3, 4), (2, 2, 3, 4)])
    slot = layout.index["s"]
    world.state.put(one, slot, other)
    assert pull(tracker, [one], "s", layout, (1,), layout, (0,), None) == []
    assert one.a == 2
    world.state.note_original(one, "s", other)
    assert pull(tracker, [one], "s", layout, (1,), layout, (0,), None) == []
    assert one.a == 2
    world.state.forget_changes(one)
    world.state.note_original(one, "s", object())
    assert pull(tracker, [one], "s", layout, (1,), layout, (0,), None) == [one]
    world.state.forget_changes(one)
    world.state.note_original(one, "s", None)
    assert pull(tracker, [one], "s", layout, (1,), layout, (0,), None) == []
    assert (one.a, one._o_originals) == (2, {"s": None, "a": 2})


def test_parents_are_noted_by_token(cls: type[Any], world: World) -> None:
    set_parent, parent_of = world.state.set_parent, world.state.parent_of
    child, tokens = cls(), [object(), object(), object()]
    assert [parent_of(child, t) for t in tokens] == [None] * 3
    for number, token in enumerate(tokens[:2]):
        set_parent(child, token, number)
    assert [parent_of(child, t) for t in tokens] == [0, 1, None]
    set_parent(child, tokens[0], False)
    set_parent(child, tokens[1], False)
    assert [parent_of(child, t) for t in tokens] == [False, False, None]
    world.state.expire(child)
    assert [parent_of(child, t) for t in tokens] == [None] * 3  # the rows tell


# -- deletes -----------------------------------------------------------------------


def test_persistent_objects_are_marked_up_to_one_that_is_not(
    cls: type[Any], world: World
) -> None:
    mark = flushing_of(world).mark_deleted
    tracker = world.state.Tracker()
    rows = [(i, 2, 3, 4) for i in range(4)]
    one, two, three, four = world.load(tracker, world.plan(cls), rows)
    world.state.state_of(three)._o_flags |= world.state.DELETED
    objs = [one, two, three, four, cls()]
    assert mark(tracker, objs, 0) == 2
    assert list(tracker.deleted.values()) == [one, two]
    assert mark(tracker, objs, 3) == 4
    assert mark(world.state.Tracker(), [one], 0) == 0
    assert mark(tracker, [], 0) == 0


def test_deleted_objects_leave_the_map_and_know_where_they_were(
    cls: type[Any], world: World
) -> None:
    settle = flushing_of(world).settle_deleted
    tracker = world.state.Tracker()
    rows = [(i, 2, 3, 4) for i in range(3)]
    one, two, three = world.load(tracker, world.plan(cls), rows)
    two.a = 7
    tracker.deleted.update({id(one): one, id(two): two})
    home = tracker.home(world.layout(cls))
    assert settle(tracker, [one, two, cls()]) == ([one, two], [two])
    assert home.values() == [three]
    assert (tracker.deleted, tracker.modified) == ({}, {})
    for obj in (one, two):
        state = world.state.state_of(obj)
        assert state._o_home is home
        assert state._o_flags & world.state.DELETED


# -- many objects at once ----------------------------------------------------------


def test_plain_objects_enter_up_to_one_that_may_refer_to_others(world: World) -> None:
    enter_new = flushing_of(world).enter_new
    tracker = world.state.Tracker()
    layout = layouts(world)
    cls = world.embedded
    plain, referring, waiting = cls(), cls(s=cls()), cls()
    waiting._o_extras = {"pending": {}}
    unmapped = type("Unmapped", (cls,), {})
    objs = [plain, plain, referring, waiting, world.adopted(), unmapped, object()]
    assert enter_new(tracker, objs, 0, True) == 2
    assert list(tracker.new.values()) == [plain]
    assert plain._o_home is tracker.home(layout)
    for place in range(2, len(objs)):
        assert enter_new(tracker, objs, place, True) == place


def test_what_is_saved_is_registered_up_to_what_needs_a_look(
    cls: type[Any], world: World
) -> None:
    flushing = flushing_of(world)
    tracker, foreign = world.state.Tracker(), world.state.Tracker()
    layout = world.layout(cls)
    layout.mapper = "mapper"
    one, two, other = cls(), cls(), cls()
    flushing.enter_new(tracker, [one, two], 0)
    flushing.enter_new(foreign, [other], 0)
    records: dict[int, Any] = {}
    own: dict[int, Any] = {}
    register = flushing.register_saved
    assert register(tracker, records, {}, [one], 0) == 0  # nothing is simple
    assert register(tracker, records, {layout: own}, [one, two, other], 0) == 2
    assert register(tracker, records, {layout: own}, [one, two], 0) == 0  # it is there
    assert [record.obj for record in records.values()] == [one, two]
    assert own == records
    record = records[id(one)]
    assert (record.mapper, record.isdelete, record.listonly) == ("mapper", False, False)
    assert record.is_saved
    assert not record.asked
    record.isdelete = True
    assert not record.is_saved


def test_objects_to_insert_are_told_from_those_to_update(
    cls: type[Any], world: World
) -> None:
    sort_out = flushing_of(world).sort_out
    tracker = world.state.Tracker()
    (loaded,) = world.load(tracker, world.plan(cls), [(1, 2, 3, 4)])
    unset, none, free, taken, unhashable, lost = (
        cls(),
        cls(id=None),
        cls(id=2),
        cls(id=1),
        cls(id=[]),
        cls(),
    )
    world.state.state_of(lost)._o_flags |= world.state.LAPSED
    new: list[Any] = []
    old: list[Any] = []
    objs = [unset, loaded, none, free, taken]
    assert sort_out(tracker, objs, 0, new, old) == 4
    assert [*map(id, new)] == [*map(id, (unset, none, free))]
    assert old == [loaded]
    assert sort_out(tracker, [unhashable], 0, new, old) == 0
    assert sort_out(tracker, [lost], 0, new, old) == 0
    assert sort_out(tracker, objs, 5, new, old) == 5
    assert len(new) == 3
