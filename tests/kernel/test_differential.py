"""The same random operations on both twins, compared after each step."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from ormolu._speedups.sentinel import UNLOADED
from tests.kernel.models import World, world_of

SLOTS = st.integers(-4, 6)
KEYS = st.sampled_from(["id", "a", "b", "c", "d", "e", "r", "s", "nothing"])
VALUES = st.one_of(
    st.none(), st.integers(0, 3), st.sampled_from(["x", "y"]), st.just(UNLOADED)
)
INDEX = st.integers(0, 50)
PRIMARY = st.integers(1, 4)
ROWS = st.lists(
    st.tuples(st.one_of(st.none(), PRIMARY), *[st.sampled_from([None, 1, "v"])] * 4),
    min_size=1,
    max_size=5,
)
KINDS = st.sampled_from(["embedded", "adopted", "sub"])


class Side:
    """One twin with its objects; objects are compared by their number."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.objects: list[Any] = []
        self.trackers = [world.state.Tracker(), world.state.Tracker()]
        self.log: list[Any] = []

    def number(self, obj: Any) -> Any:
        for index, known in enumerate(self.objects):
            if known is obj:
                return f"object {index}"
        return None

    def show(self, value: Any) -> Any:
        """A value in which everything of this twin has a neutral name."""
        if isinstance(value, list | tuple):
            return type(value)(self.show(item) for item in value)
        if isinstance(value, dict):
            return {key: self.show(item) for key, item in value.items()}
        if isinstance(value, self.world.state.State | self.world.adopted):
            return self.number(value) or self.adopt(value)
        return value

    def adopt(self, obj: Any) -> str:
        self.objects.append(obj)
        return f"object {len(self.objects) - 1}"

    def run(self, action: Callable[[Side], Any]) -> Any:
        try:
            return self.show(action(self))
        except Exception as error:
            return type(error), str(error)

    def snapshot(self) -> Any:
        state = self.world.state
        homes = [
            (which, token, type(home).__name__, home.keys(), self.show(home.values()))
            for which, tracker in enumerate(self.trackers)
            for (_, token), home in tracker.homes.items()
        ]
        return (
            [self.describe(obj) for obj in self.objects],
            homes,
            [
                (self.show(list(t.modified.values())), len(t), t.loads, t.hits)
                for t in self.trackers
            ],
            {key: value for key, value in vars(state).items() if key == "FRESH"},
        )

    def describe(self, obj: Any) -> Any:
        world = self.world
        state = world.state.state_or_none(obj)
        if state is None:
            return None
        home = state._o_home
        return (
            self.show(world.state.loaded(obj)),
            self.show(obj.__dict__)
            if isinstance(obj, world.state.EntityBase)
            else sorted(obj.__dict__),
            state._o_flags,
            state._o_key,
            self.show(state._o_originals),
            state._o_values is None,
            None if home is None else (home.contains(obj), home.tracker is None),
            world.gather.changed(obj),
            self.show(world.gather.gather_one(obj, [0, 1, 2, 3, -1])),
        )


class Twins(RuleBasedStateMachine):
    """Runs every operation on the compiled twin and on the one in Python."""

    @initialize()
    def start(self) -> None:
        self.sides = [Side(world_of("cython")), Side(world_of("python"))]

    def both(self, action: Callable[[Side], Any]) -> None:
        compiled, python = [side.run(action) for side in self.sides]
        assert compiled == python

    def with_object(self, index: int, action: Callable[[Side, Any], Any]) -> None:
        self.both(lambda side: action(side, side.objects[index % len(side.objects)]))

    @invariant()
    def same(self) -> None:
        if hasattr(self, "sides"):
            compiled, python = [side.snapshot() for side in self.sides]
            assert compiled == python

    def some(self) -> bool:
        return bool(getattr(self, "sides", None)) and bool(self.sides[0].objects)

    @rule(kind=KINDS, kwargs=st.dictionaries(KEYS, VALUES, max_size=4))
    def construct(self, kind: str, kwargs: dict[str, Any]) -> None:
        self.both(lambda side: getattr(side.world, kind)(**kwargs))

    @precondition(some)
    @rule(index=INDEX, slot=SLOTS, value=VALUES)
    def put(self, index: int, slot: int, value: Any) -> None:
        self.with_object(index, lambda s, o: s.world.state.put(o, slot, value))

    @precondition(some)
    @rule(index=INDEX, slot=SLOTS, value=VALUES)
    def write(self, index: int, slot: int, value: Any) -> None:
        self.with_object(index, lambda s, o: s.world.state.write(o, slot, value))

    @precondition(some)
    @rule(index=INDEX, slot=SLOTS)
    def drop(self, index: int, slot: int) -> None:
        self.with_object(index, lambda s, o: s.world.state.drop(o, slot))

    @precondition(some)
    @rule(index=INDEX, slot=SLOTS)
    def peek(self, index: int, slot: int) -> None:
        self.with_object(index, lambda s, o: s.world.state.peek(o, slot))

    @precondition(some)
    @rule(index=INDEX, key=KEYS)
    def peek_key(self, index: int, key: str) -> None:
        self.with_object(index, lambda s, o: s.world.state.peek_key(o, key))

    @precondition(some)
    @rule(index=INDEX, key=KEYS, value=VALUES)
    def set_attribute(self, index: int, key: str, value: Any) -> None:
        self.with_object(index, lambda s, o: setattr(o, key, value))

    @precondition(some)
    @rule(index=INDEX, key=KEYS)
    def get_attribute(self, index: int, key: str) -> None:
        self.with_object(index, lambda s, o: getattr(o, key))

    @precondition(some)
    @rule(index=INDEX, key=KEYS)
    def delete_attribute(self, index: int, key: str) -> None:
        self.with_object(index, lambda s, o: delattr(o, key))

    @precondition(some)
    @rule(index=INDEX, other=INDEX)
    def relate(self, index: int, other: int) -> None:
        self.with_object(
            index,
            lambda s, o: s.world.state.put(o, -1, s.objects[other % len(s.objects)]),
        )

    @precondition(some)
    @rule(index=INDEX, key=KEYS, value=VALUES)
    def note_original(self, index: int, key: str, value: Any) -> None:
        self.with_object(index, lambda s, o: s.world.state.note_original(o, key, value))

    @precondition(some)
    @rule(
        index=INDEX, name=st.sampled_from(["mark_modified", "forget_changes", "expire"])
    )
    def change_state(self, index: int, name: str) -> None:
        self.with_object(index, lambda s, o: getattr(s.world.state, name)(o))

    @precondition(some)
    @rule(index=INDEX, flags=st.sampled_from([2, 4, 8, 16, 256]))
    def toggle(self, index: int, flags: int) -> None:
        def action(side: Side, obj: Any) -> None:
            side.world.state.state_of(obj)._o_flags ^= flags

        self.with_object(index, action)

    @precondition(some)
    @rule(
        index=INDEX,
        which=st.integers(0, 1),
        key=PRIMARY,
        token=st.sampled_from([None, "t"]),
        name=st.sampled_from(["add", "replace"]),
    )
    def enter(
        self, index: int, which: int, key: int, token: str | None, name: str
    ) -> None:
        def action(side: Side, obj: Any) -> Any:
            layout = side.world.state.layout_of(obj)
            home = side.trackers[which].home(layout, token)
            return getattr(home, name)(obj, key)

        self.with_object(index, action)

    @precondition(some)
    @rule(index=INDEX, which=st.integers(0, 1))
    def discard(self, index: int, which: int) -> None:
        def action(side: Side, obj: Any) -> Any:
            layout = side.world.state.layout_of(obj)
            return side.trackers[which].home(layout).discard(obj)

        self.with_object(index, action)

    @rule(which=st.integers(0, 1))
    def clear(self, which: int) -> None:
        self.both(lambda side: side.trackers[which].clear())

    @rule(which=st.integers(0, 1))
    def new_tracker(self, which: int) -> None:
        def action(side: Side) -> None:
            side.trackers[which] = side.world.state.Tracker()

        self.both(action)

    @precondition(some)
    @rule(index=INDEX)
    def let_go(self, index: int) -> None:
        def action(side: Side) -> None:
            del side.objects[index % len(side.objects)]

        self.both(action)
        gc.collect()

    @rule(kind=KINDS)
    def grow(self, kind: str) -> None:
        def action(side: Side) -> Any:
            layout = side.world.layout(getattr(side.world, kind))
            return layout.add_column("e"), layout.add_related("t")

        self.both(action)

    @rule(
        kind=KINDS,
        rows=ROWS,
        positions=st.permutations([0, 1, 2, 3, -1]),
        plain=st.booleans(),
        processed=st.booleans(),
        populate=st.booleans(),
        which=st.integers(0, 1),
        multiple=st.booleans(),
    )
    def load(
        self,
        kind: str,
        rows: list[tuple[Any, ...]],
        positions: list[int],
        plain: bool,
        processed: bool,
        populate: bool,
        which: int,
        multiple: bool,
    ) -> None:
        def action(side: Side) -> Any:
            hydration = side.world.hydration
            calls: list[Any] = []
            layout = side.world.layout(getattr(side.world, kind))
            slot = layout.pk_slots[0]
            at = list(positions[: len(layout.keys)])
            if plain:
                at = list(range(min(len(layout.keys), 5)))
            at += [-1] * (len(layout.keys) - len(at))
            at[slot] = 0
            processors = [None if i == slot else repr for i in range(len(at))]
            plan = hydration.EntityPlan(
                layout, at, [0], processors=processors if processed else None
            )
            plan.on_load = lambda obj, run: calls.append(("load", side.show(obj)))
            plan.on_refresh = lambda obj, run, keys: calls.append(
                ("refresh", side.show(obj), keys)
            )
            plan.after.append(
                lambda obj, row, isnew, run: calls.append((side.show(obj), isnew))
            )
            plan.collect = True
            outputs = [plan, hydration.ColumnOutput(1)] if multiple else [plan]
            run = hydration.LoadRun(
                side.trackers[which],
                outputs,
                populate_existing=populate,
                scalar=not multiple,
            )
            results = run.rows(rows)
            run.finish()
            return results, calls, list(run.collected.values())

        self.both(action)

    @precondition(some)
    @rule(
        index=INDEX,
        row=ROWS,
        slots=st.one_of(st.none(), st.sets(st.integers(-1, 3))),
    )
    def refresh(
        self, index: int, row: list[tuple[Any, ...]], slots: set[int] | None
    ) -> None:
        def action(side: Side, obj: Any) -> Any:
            layout = side.world.state.layout_of(obj)
            plan = side.world.hydration.EntityPlan(layout, [0, 1, 2, 3], [])
            run = side.world.hydration.LoadRun(
                side.trackers[0], [plan], scalar=True, refresh=obj, refresh_slots=slots
            )
            results = run.rows(row)
            run.finish()
            return results

        self.with_object(index, action)

    @rule(
        rows=st.lists(
            st.tuples(
                PRIMARY, st.one_of(st.none(), PRIMARY), st.one_of(st.none(), PRIMARY)
            ),
            max_size=8,
        ),
        populate=st.booleans(),
    )
    def load_joined(self, rows: list[tuple[Any, ...]], populate: bool) -> None:
        def action(side: Side) -> Any:
            world, hydration = side.world, side.world.hydration
            calls: list[Any] = []

            def assign(parent: Any, items: list[Any]) -> None:
                world.state.put(parent, -1, items)

            parent = world.plan(world.embedded, [0, -1, -1, -1])
            many = world.plan(world.adopted, [1, -1, -1, -1])
            one = world.plan(world.sub, [-1, 2, -1, -1, -1])
            parent.joined.append(hydration.JoinedPlan("r", many, True, assign))
            scalar = hydration.JoinedPlan("s", one, False, None)
            scalar.on_multiple = lambda obj: calls.append(side.show(obj))
            parent.joined.append(scalar)
            many.joined.append(hydration.JoinedPlan("r", one, True, assign))
            return (
                world.load(side.trackers[0], parent, rows, populate_existing=populate),
                calls,
            )

        self.both(action)

    @precondition(some)
    @rule(
        slots=st.lists(SLOTS, max_size=5),
        omit=st.lists(st.booleans(), min_size=5, max_size=5),
        special=st.sampled_from([None, (), (str,), (str, int)]),
    )
    def collect(self, slots: list[int], omit: list[bool], special: Any) -> None:
        self.both(
            lambda side: (
                side.world.gather.gather(side.objects, slots),
                side.world.gather.shape_rows(
                    side.objects, slots, omit[: len(slots)], special
                ),
            )
        )


@pytest.fixture(scope="module", autouse=True)
def _both_are_there() -> None:
    try:
        world_of("cython")
    except ImportError as error:
        pytest.skip(f"the extensions are not built: {error}")


TestTwins = Twins.TestCase
TestTwins.settings = settings(
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
