"""Plans over rows: new objects, those that are there, refreshing, joined rows."""

from __future__ import annotations

from typing import Any

import pytest

from ormolu._speedups.sentinel import UNLOADED
from tests.kernel.models import World, attach

ROW = (1, "a", "b", "c")


def state_of(world: World, obj: Any) -> Any:
    return world.state.state_of(obj)


def test_rows_become_objects(cls: type[Any], world: World) -> None:
    tracker = world.state.Tracker()
    objs = world.load(tracker, world.plan(cls), [ROW, (2, "x", None, "z"), ROW])
    assert objs[0] is objs[2]
    assert [world.state.loaded(obj) for obj in objs[:2]] == [
        {"id": 1, "a": "a", "b": "b", "c": "c"},
        {"id": 2, "a": "x", "b": None, "c": "z"},
    ]
    state = state_of(world, objs[0])
    assert (state._o_flags, state._o_key) == (0, 1)
    assert tracker.home(world.layout(cls)).get(1) is objs[0]
    assert (tracker.loads, tracker.hits) == (2, 1)


def test_the_constructor_is_not_called(cls: type[Any], world: World) -> None:
    def init(self: Any) -> None:
        raise AssertionError

    cls.__init__ = init
    assert world.load(world.state.Tracker(), world.plan(cls), [ROW])[0].a == "a"


def test_a_row_of_exactly_the_columns_is_shared(world: World) -> None:
    [obj] = world.load(world.state.Tracker(), world.plan(world.embedded), [ROW])
    assert obj._o_values is ROW


@pytest.mark.parametrize(
    ("positions", "row", "values"),
    [
        ([1, 2, 3, 4], (0, *ROW), ROW),
        ([0, 1, 2, 3], (*ROW, 0), ROW),
        ([3, 2, 1, 0], ROW[::-1], ROW),
        ([0, -1, 1, -1], (1, "b"), (1, UNLOADED, "b", UNLOADED)),
    ],
)
def test_columns_may_be_anywhere(
    world: World, positions: list[int], row: tuple[Any, ...], values: tuple[Any, ...]
) -> None:
    plan = world.plan(world.embedded, positions)
    [obj] = world.load(world.state.Tracker(), plan, [row])
    assert obj._o_values == values
    partial = world.state.PARTIAL if UNLOADED in values else 0
    assert obj._o_flags == partial


def test_processors_see_raw_values(cls: type[Any], world: World) -> None:
    plan = world.plan(cls, processors=[str, None, str.upper, None])
    tracker = world.state.Tracker()
    [obj] = world.load(tracker, plan, [ROW])
    assert world.state.loaded(obj) == {"id": "1", "a": "a", "b": "B", "c": "c"}
    assert state_of(world, obj)._o_key == "1"


@pytest.mark.parametrize("kind", [list, lambda row: iter(row)])
def test_rows_may_be_any_sequence(world: World, kind: Any) -> None:
    objs = world.load(None, world.plan(world.embedded), iter([kind(ROW)]))
    assert objs[0]._o_values == ROW


def test_without_a_tracker_objects_have_no_home(cls: type[Any], world: World) -> None:
    first, second = world.load(None, world.plan(cls), [ROW, ROW])
    assert first is not second
    state = state_of(world, first)
    assert (state._o_home, state._o_key) == (None, 1)


def test_a_null_key_is_no_object(world: World) -> None:
    class Pair(world.state.EntityBase):  # type: ignore[misc,name-defined]
        pass

    layout = attach(world, Pair, ["x", "y"], [], ["y", "x"])
    plan = world.hydration.EntityPlan(layout, [0, 1], [1, 0])
    tracker = world.state.Tracker()
    rows = [(None, None), (1, None), (1, 2)]
    objs = world.load(tracker, plan, rows)
    assert objs[0] is None
    assert tracker.home(layout).keys() == [(None, 1), (2, 1)]
    plan.partial_pk_ok = False
    assert world.load(tracker, plan, rows)[1] is None


def test_a_plan_without_key_only_refreshes(world: World) -> None:
    plan = world.hydration.EntityPlan(world.layout(world.embedded), [-1, 0], [])
    with pytest.raises(ValueError, match="The plan for Embedded has no primary key"):
        world.load(world.state.Tracker(), plan, [("a",)])


def test_a_short_row_is_an_index_error(world: World) -> None:
    for plan in (
        world.plan(world.embedded),
        world.plan(world.embedded, [0, 3, 2, 1]),
        world.plan(world.embedded, [5, 1, 2, 3]),
    ):
        with pytest.raises(IndexError, match="tuple index out of range"):
            world.load(world.state.Tracker(), plan, [(1, 2)])


def test_results_are_tuples_of_the_outputs(world: World) -> None:
    hydration = world.hydration
    outputs = [
        world.plan(world.embedded),
        hydration.ColumnOutput(1),
        hydration.ColumnOutput(1, str.upper),
        hydration.PyOutput(len),
    ]
    run = hydration.LoadRun(world.state.Tracker(), outputs)
    [(obj, *others)] = run.rows([ROW])
    assert obj.b == "b"
    assert others == ["a", "A", 4]
    scalar = hydration.LoadRun(None, [hydration.ColumnOutput(2)], scalar=True)
    assert scalar.rows([ROW]) == ["b"]
    assert hydration.LoadRun(None, []).rows([ROW]) == [()]


def test_outputs_are_checked(world: World) -> None:
    run = world.hydration.LoadRun
    with pytest.raises(TypeError, match="5 is no output of a LoadRun"):
        run(None, [5])
    with pytest.raises(ValueError, match="has exactly one output"):
        run(None, [], scalar=True)
    with pytest.raises(ValueError, match="needs an EntityPlan"):
        run(None, [], refresh=object())


def test_hydrate_is_one_run_with_nothing_after_it(world: World) -> None:
    hydration, tracker = world.hydration, world.state.Tracker()
    plan, assigned = world.plan(world.embedded), []
    child = world.plan(world.embedded, [4, 5, 6, 7])
    plan.joined.append(
        hydration.JoinedPlan("r", child, True, lambda *given: assigned.append(given))
    )
    rows = [(*ROW, 7, "x", "y", "z"), (*ROW, 8, "x", "y", "z")]
    first, second = hydration.hydrate(tracker, [plan], True, iter(rows))
    assert first is second
    [(parent, children)] = assigned
    assert parent is first
    assert [obj.id for obj in children] == [7, 8]
    outputs = [hydration.ColumnOutput(2), plan]
    [(value, obj)] = hydration.hydrate(tracker, outputs, False, rows[:1])
    assert (value, obj) == ("b", first)
    assert (tracker.loads, tracker.hits) == (3, 3)


def test_hydrate_checks_its_outputs(world: World) -> None:
    hydrate = world.hydration.hydrate
    with pytest.raises(TypeError, match="5 is no output of a LoadRun"):
        hydrate(None, [5], False, [ROW])
    with pytest.raises(ValueError, match="has exactly one output"):
        hydrate(None, [], True, [ROW])


def test_a_run_of_several_plans_finds_each_home(world: World) -> None:
    """One home is kept for the plan at hand, all of them from the second plan on."""
    tracker = world.state.Tracker()
    plans = [world.plan(cls) for cls in (world.embedded, world.adopted)]
    plans.append(world.plan(world.embedded, [1, 0, 2, 3]))
    run = world.hydration.LoadRun(tracker, plans)
    found = run.rows([(1, 2, "b", "c"), (2, 1, "b", "c"), (1, 2, "b", "c")])
    for row, other in zip(found, (found[2], found[1], found[0]), strict=True):
        assert [x is y for x, y in zip(row, other, strict=True)] == [True] * 3
    assert found[0][2] is found[1][0]
    assert found[1][2] is found[0][0]
    assert found[0][1] is not found[1][1]
    for cls in (world.embedded, world.adopted):
        assert len(tracker.home(world.layout(cls)).values()) == 2


def test_what_is_there_is_left_alone(cls: type[Any], world: World) -> None:
    tracker, plan = world.state.Tracker(), world.plan(cls)
    [obj] = world.load(tracker, plan, [ROW])
    obj.a = "mine"
    assert world.load(tracker, plan, [(1, "A", "B", "C")]) == [obj]
    assert world.state.loaded(obj) == {"id": 1, "a": "mine", "b": "b", "c": "c"}


def test_populate_existing_overwrites(cls: type[Any], world: World) -> None:
    tracker, plan = world.state.Tracker(), world.plan(cls)
    [obj] = world.load(tracker, plan, [ROW])
    obj.a = "mine"
    calls: list[Any] = []
    plan.on_refresh = lambda obj, run, keys: calls.append(keys)
    world.load(tracker, plan, [(1, "A", "B", "C")] * 2, populate_existing=True)
    assert world.state.loaded(obj) == {"id": 1, "a": "A", "b": "B", "c": "C"}
    assert calls == [["id", "a", "b", "c"]]
    assert tracker.modified == {}
    assert not state_of(world, obj)._o_originals


def test_expired_objects_are_filled(cls: type[Any], world: World) -> None:
    tracker, plan = world.state.Tracker(), world.plan(cls)
    [obj] = world.load(tracker, plan, [ROW])
    world.state.expire(obj)
    calls: list[Any] = []
    plan.on_refresh = lambda obj, run, keys: calls.append(keys)
    world.load(tracker, plan, [(1, "A", "B", "C")])
    assert state_of(world, obj)._o_flags == world.state.LAPSED
    assert obj.a == "A"
    assert calls == [["id", "a", "b", "c"]]


def test_filling_spares_what_the_user_has_set(cls: type[Any], world: World) -> None:
    tracker = world.state.Tracker()
    [obj] = world.load(tracker, world.plan(cls, [0, -1, -1, -1]), [(1,)])
    obj.a = "mine"
    world.state.note_original(obj, "b", UNLOADED)
    world.load(tracker, world.plan(cls), [ROW])
    assert world.state.loaded(obj) == {"id": 1, "a": "mine", "c": "c"}
    state = state_of(world, obj)
    assert state._o_flags == world.state.MODIFIED | world.state.PARTIAL


def test_an_object_of_a_subclass_is_filled_by_key(world: World) -> None:
    tracker = world.state.Tracker()
    [obj] = world.load(tracker, world.plan(world.sub, [-1, 0, -1, -1, -1]), [(1,)])
    assert world.load(tracker, world.plan(world.embedded), [ROW]) == [obj]
    assert world.state.loaded(obj) == {"id": 1, "a": "a", "b": "b", "c": "c"}
    assert state_of(world, obj)._o_flags == world.state.PARTIAL


def test_refreshing_is_for_one_object(cls: type[Any], world: World) -> None:
    tracker = world.state.Tracker()
    [obj] = world.load(tracker, world.plan(cls), [ROW])
    obj.a, obj.b = "mine", "mine"
    plan = world.hydration.EntityPlan(world.layout(cls), [-1, 0, 1, 2], [])
    [same] = world.load(
        tracker, plan, [("A", "B", "C")], refresh=obj, refresh_slots={1, 3}
    )
    assert same is obj
    assert world.state.loaded(obj) == {"id": 1, "a": "A", "b": "mine", "c": "C"}
    assert state_of(world, obj)._o_originals == {"b": "b"}
    assert tracker.modified
    world.load(tracker, plan, [("A", "B", "C")], refresh=obj)
    assert obj.b == "B"
    assert not tracker.modified


def test_the_discriminator_chooses_the_plan(world: World) -> None:
    tracker = world.state.Tracker()
    plan = world.plan(world.embedded, [0, 1, -1, -1])
    below = world.plan(world.sub, [2, 0, 1, -1, -1])
    plan.switch_position = 1
    plan.switch = {"sub": below, "base": plan}
    objs = world.load(tracker, plan, [(1, "sub", "d"), (2, "base", None), (3, "?", 0)])
    assert [type(obj) for obj in objs] == [world.sub, world.embedded, world.embedded]
    assert objs[0].d == "d"
    assert len(tracker.homes) == 1
    plan.switch_processor = str.lower
    plan.switch_missing = lambda value, row: {"other": below}[value]
    assert type(world.load(tracker, plan, [(4, "OTHER", "d")])[0]) is world.sub
    with pytest.raises(KeyError, match="unknown"):
        world.load(tracker, plan, [(5, "UNKNOWN", "d")])
    plan.switch_missing = lambda value, row: None
    with pytest.raises(TypeError, match="switch_missing returned None"):
        world.load(tracker, plan, [(5, "UNKNOWN", "d")])


def test_callbacks_and_marks(cls: type[Any], world: World) -> None:
    plan = world.plan(cls)
    calls: list[Any] = []
    plan.new_extras = lambda obj: calls.append("extras")
    plan.on_load = lambda obj, run: calls.append(("load", obj.a, run.context))
    plan.after.append(lambda obj, row, isnew, run: calls.append((row, isnew)))
    plan.origin, plan.token, plan.collect = "plan's", "tenant", True
    tracker = world.state.Tracker()
    run = world.hydration.LoadRun(tracker, [plan], scalar=True)
    run.context = "context"
    obj, _ = run.rows([ROW, ROW])
    run.finish()
    assert calls == [
        "extras",
        ("load", "a", "context"),
        (ROW, True),
        (ROW, False),
    ]
    assert run.collected == {plan: [obj, obj]}
    assert state_of(world, obj)._o_origin == "plan's"
    assert tracker.home(world.layout(cls), "tenant").get(1) is obj
    [other] = world.load(tracker, plan, [(2, 0, 0, 0)], origin="run's")
    assert state_of(world, other)._o_origin == "run's"


def joined_plan(world: World, collection: bool = True) -> tuple[Any, Any]:
    parent = world.plan(world.embedded, [0, -1, -1, -1])
    child = world.plan(world.adopted, [1, -1, -1, -1])

    def assign(obj: Any, items: list[Any]) -> None:
        world.state.put(obj, -1, items)

    joined = world.hydration.JoinedPlan("r", child, collection, assign)
    parent.joined.append(joined)
    return parent, joined


def ids(objs: list[Any]) -> list[Any]:
    return [obj.id for obj in objs]


@pytest.mark.parametrize("children", [3, 40])
def test_joined_collections_are_assigned_at_the_end(
    world: World, children: int
) -> None:
    tracker = world.state.Tracker()
    plan, _ = joined_plan(world)
    rows: list[Any] = [(1, n) for n in range(children)] * 2
    rows += [(2, None), (1, 0), (3, 1), (None, None)]
    run = world.hydration.LoadRun(tracker, [plan], scalar=True)
    objs = run.rows(rows)
    assert world.state.peek(objs[0], -1) is UNLOADED
    run.finish()
    assert ids(objs[0].r) == list(range(children))
    assert objs[2 * children].r == []
    assert ids(objs[-2].r) == [1]
    assert objs[-1] is None
    objs[0].r.append("mine")
    run.finish()
    assert objs[0].r[-1] == "mine", "nothing is assigned twice"


def test_a_loaded_relationship_is_kept(world: World) -> None:
    tracker = world.state.Tracker()
    plan, _ = joined_plan(world)
    [obj] = world.load(tracker, plan, [(1, 1)])
    mine = obj.r = ["mine"]
    world.load(tracker, plan, [(1, 2)])
    assert obj.r is mine
    assert tracker.home(world.layout(world.adopted)).keys() == [1]
    world.load(tracker, plan, [(1, 2)], populate_existing=True)
    assert ids(obj.r) == [2]


def test_refreshing_assigns_what_it_is_for(world: World) -> None:
    tracker = world.state.Tracker()
    plan, _ = joined_plan(world)
    [obj] = world.load(tracker, plan, [(1, 1)])
    held = obj.r
    world.load(tracker, plan, [(1, 2)], refresh=obj, refresh_slots={0})
    assert obj.r is held
    world.load(tracker, plan, [(1, 2), (1, 3)], refresh=obj, refresh_slots={0, -1})
    assert ids(obj.r) == [2, 3]


def test_joined_scalars_are_stored_at_once(world: World) -> None:
    tracker = world.state.Tracker()
    plan, joined = joined_plan(world, collection=False)
    many: list[Any] = []
    joined.on_multiple = many.append
    objs = world.load(tracker, plan, [(1, 5), (1, 5), (2, None), (1, 6)])
    assert objs[0].r.id == 5
    assert objs[2].r is None
    assert many == [objs[0]]


def test_joined_plans_nest(world: World) -> None:
    tracker = world.state.Tracker()
    plan, joined = joined_plan(world)
    below = world.plan(world.sub, [-1, 2, -1, -1, -1])
    joined.plan.joined.append(
        world.hydration.JoinedPlan(
            "s", below, True, lambda p, items: setattr(p, "s", items)
        )
    )
    rows = [(1, 1, 7), (1, 1, 8), (1, 2, 7), (2, 1, 9)]
    objs = world.load(tracker, plan, rows)
    assert [ids(child.s) for child in objs[0].r] == [[7, 8, 9], [7]]


def run_through(run: Any, rows: list[Any]) -> None:
    run.rows(rows)
    run.finish()


class Oops(Exception):
    pass


def fail(*args: Any) -> Any:
    raise Oops


@pytest.mark.parametrize(
    "break_it",
    [
        lambda plan, joined: setattr(plan, "on_load", fail),
        lambda plan, joined: setattr(plan, "new_extras", fail),
        lambda plan, joined: plan.after.append(fail),
        lambda plan, joined: setattr(joined.plan, "on_load", fail),
        lambda plan, joined: setattr(joined, "assign", fail),
    ],
)
def test_a_failed_run_is_over(world: World, break_it: Any) -> None:
    plan, joined = joined_plan(world)
    break_it(plan, joined)
    run = world.hydration.LoadRun(world.state.Tracker(), [plan], scalar=True)
    with pytest.raises(Oops):
        run_through(run, [(1, 1)])
    for again in (lambda: run.rows([]), run.finish):
        with pytest.raises(RuntimeError, match="has failed or is running already"):
            again()


def test_a_processor_that_fails_leaves_no_object(cls: type[Any], world: World) -> None:
    tracker = world.state.Tracker()
    plan = world.plan(cls, processors=[None, None, fail, None])
    with pytest.raises(Oops):
        world.load(tracker, plan, [ROW])
    assert len(tracker) == 0


def test_plans_are_checked(world: World) -> None:
    layout = world.layout(world.embedded)
    with pytest.raises(ValueError, match="has only 4 columns"):
        world.hydration.EntityPlan(layout, range(5), [0])
    with pytest.raises(TypeError, match="int does not derive from EntityBase"):
        world.hydration.EntityPlan(layout, [0], [0], cls=int)
