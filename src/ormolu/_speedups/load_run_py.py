"""The execution of load plans: from rows to objects; the twin in Python.

The compiled twin is ``load_run_c``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ormolu._speedups.identity_py import IdentityDict, Tracker
from ormolu._speedups.instance_py import (
    FRESH,
    PARTIAL,
    AdoptedState,
    EntityBase,
    State,
)
from ormolu._speedups.lookup_py import STATE_KEY, state_of
from ormolu._speedups.plans_py import (
    ColumnOutput,
    EntityPlan,
    JoinedPlan,
    PyOutput,
    Row,
)
from ormolu._speedups.refilling_py import (
    fill,
    has_original,
    lacks_anything,
    overwrite,
)
from ormolu._speedups.sentinel import UNLOADED
from ormolu._speedups.values_py import peek, put

__all__ = ["LoadRun", "hydrate"]


class _Pending:
    """What one run has found for one parent's relationship."""

    __slots__ = ("applies", "child", "items", "parent")

    def __init__(self, parent: Any, applies: bool) -> None:
        self.parent = parent
        self.applies = applies
        self.child: Any = None
        self.items: dict[int, Any] = {}


class LoadRun:
    """One execution of the plans of a statement.

    Arguments:
        tracker: that of the session; None makes objects without identity map.
        outputs: what a result consists of.
        populate_existing: whether rows overwrite objects that are there already.
        scalar: whether results are bare values; there is exactly one output then.
        refresh: an object that the rows of the first entity are for, whatever their
            key.
        refresh_slots: the slots to overwrite in that object; all if None.
        origin: put into ``_o_origin`` of every new object.

    Attributes:
        collected: for each plan with ``collect`` the object of every row, repeated.
        context: anything.
    """

    __slots__ = (
        "_broken",
        "_homes",
        "_pending",
        "_refresh_plan",
        "_seen",
        "_settled",
        "collected",
        "context",
        "origin",
        "outputs",
        "populate_existing",
        "refresh",
        "refresh_slots",
        "scalar",
        "tracker",
    )

    def __init__(
        self,
        tracker: Tracker | None,
        outputs: Iterable[EntityPlan | ColumnOutput | PyOutput],
        *,
        populate_existing: bool = False,
        scalar: bool = False,
        refresh: Any = None,
        refresh_slots: set[int] | None = None,
        origin: Any = None,
    ) -> None:
        self.tracker = tracker
        self.outputs = list(outputs)
        self.populate_existing = populate_existing
        self.scalar = scalar
        self.refresh = refresh
        self.refresh_slots = refresh_slots
        self.origin = origin
        self.collected: dict[EntityPlan, list[Any]] = {}
        self.context: Any = None
        self._broken = False
        self._homes: dict[int, tuple[EntityPlan, IdentityDict]] = {}
        self._pending: dict[int, tuple[JoinedPlan, dict[int, _Pending]]] = {}
        # objects that this run has populated already, under populate_existing
        self._seen: dict[int, Any] = {}
        self._settled: dict[int, Any] = {}
        self._refresh_plan: EntityPlan | None = None
        for output in self.outputs:
            if not isinstance(output, EntityPlan | ColumnOutput | PyOutput):
                raise TypeError(f"{output!r} is no output of a LoadRun")
        if scalar and len(self.outputs) != 1:
            raise ValueError("A scalar LoadRun has exactly one output")
        if refresh is not None:
            plans = [o for o in self.outputs if isinstance(o, EntityPlan)]
            if not plans:
                raise ValueError("A LoadRun that refreshes needs an EntityPlan")
            self._refresh_plan = plans[0]

    def rows(self, rows: Iterable[Sequence[Any]]) -> list[Any]:
        """Run the plans over raw rows and return the results, one for each row."""
        self._require_usable()
        self._broken = True  # until the rows have all been read without error
        results: list[Any] = []
        for row in rows:
            if type(row) is not tuple:
                row = tuple(row)
            if self.scalar:
                results.append(self._output(self.outputs[0], row))
            else:
                results.append(tuple([self._output(o, row) for o in self.outputs]))
        self._broken = False
        return results

    def finish(self) -> None:
        """Assign the collections that the rows so far have brought."""
        self._require_usable()
        self._broken = True
        pending, self._pending = self._pending, {}
        for joined, entries in pending.values():
            if joined.collection and joined.assign is not None:
                for entry in entries.values():
                    if entry.applies:
                        joined.assign(entry.parent, list(entry.items.values()))
        self._seen = {}
        self._broken = False

    def settle(self, obj: Any) -> None:
        """Let no row but the one at hand bring an object more related objects."""
        self._settled[id(obj)] = obj

    def _require_usable(self) -> None:
        if self._broken:
            raise RuntimeError("This LoadRun has failed or is running already")

    def _output(self, output: EntityPlan | ColumnOutput | PyOutput, row: Row) -> Any:
        if isinstance(output, EntityPlan):
            return self._entity(output, row, output is self._refresh_plan)
        if isinstance(output, ColumnOutput):
            value = _at(row, output.position)
            return value if output.processor is None else output.processor(value)
        return output.fn(row)

    def _entity(self, plan: EntityPlan, row: Row, refresh: bool) -> Any:
        """The object of a row; None if its primary key is NULL."""
        home = None
        collector = plan  # objects of all classes, in their order
        isnew = False
        if refresh:
            obj = self.refresh
            plan = plan._choose(row)
            if id(obj) not in self._seen:
                self._seen[id(obj)] = obj
                keys = overwrite(plan, obj, row, self.refresh_slots)
                self._refilled(plan, obj, keys)
        else:
            key = plan._key(row)
            if key is None:
                return None
            plan = plan._choose(row)
            home = self._home(plan)
            obj = None if home is None else home.get(key)
            if obj is None:
                obj = self._create(plan, row, home, key)
                isnew = True
            else:
                self._meet(plan, obj, row)
        if collector.collect:
            self._collect(collector, obj)
        for joined in plan.joined:
            self._join(joined, obj, row, isnew or self.populate_existing, refresh)
        if isnew and plan.on_load is not None:
            plan.on_load(obj, self)
        for after in plan.after:
            after(obj, row, isnew, self)
        return obj

    def _home(self, plan: EntityPlan) -> IdentityDict | None:
        if self.tracker is None:
            return None
        found = self._homes.get(id(plan))
        if found is None:
            home = self.tracker.home(plan.layout, plan.token)
            found = self._homes[id(plan)] = (plan, home)
        return found[1]

    def _create(
        self, plan: EntityPlan, row: Row, home: IdentityDict | None, key: Any
    ) -> Any:
        values = plan._values(row)
        flags = 0 if len(plan._present) == plan._size else PARTIAL
        obj, state = _new(plan, values)
        state._o_flags = flags
        state._o_origin = plan.origin if self.origin is None else self.origin
        if home is None:
            state._o_key = key
        else:
            home.add(obj, key)
        if self.tracker is not None:
            self.tracker.loads += 1
        if self.populate_existing:
            self._seen[id(obj)] = obj
        if plan.new_extras is not None:
            plan.new_extras(obj)
        return obj

    def _collect(self, plan: EntityPlan, obj: Any) -> None:
        self.collected.setdefault(plan, []).append(obj)

    def _meet(self, plan: EntityPlan, obj: Any, row: Row) -> None:
        """Deal with an object that is there already."""
        if self.tracker is not None:
            self.tracker.hits += 1
        if self.populate_existing and id(obj) not in self._seen:
            self._seen[id(obj)] = obj
            if plan.on_overwrite is not None:
                plan.on_overwrite(obj)
            elif plan.met_origin is not None:
                state_of(obj)._o_origin = plan.origin
            self._refilled(plan, obj, overwrite(plan, obj, row, None))
            return
        if plan.met_origin is not None and lacks_anything(obj):
            met = state_of(obj)
            met._o_origin = plan.met_origin.over(met._o_origin)
        if not state_of(obj)._o_flags & PARTIAL:
            return
        keys = fill(plan, obj, row)
        if keys is not None:
            self._refilled(plan, obj, keys)

    def _refilled(self, plan: EntityPlan, obj: Any, keys: list[str]) -> None:
        """Tell of an object that has new values."""
        if plan.on_refresh is not None:
            plan.on_refresh(obj, self, list(keys))

    def _join(
        self, joined: JoinedPlan, parent: Any, row: Row, replaces: bool, refresh: bool
    ) -> None:
        """Hydrate the child in the row and keep it for its parent."""
        entries = self._pending.setdefault(id(joined), (joined, {}))[1]
        entry = entries.get(id(parent))
        first = entry is None
        slot = state_of(parent)._o_layout.index[joined.key]
        if entry is None:
            applies = (
                replaces
                or (
                    refresh
                    and (self.refresh_slots is None or slot in self.refresh_slots)
                )
                or (
                    peek(parent, slot) is UNLOADED
                    and not has_original(state_of(parent), joined.key)
                )
            )
            entry = entries[id(parent)] = _Pending(parent, applies)
        child = self._entity(joined.plan, row, False)
        if not entry.applies:
            return
        if joined.collection:
            if child is not None and (
                not entry.items or id(parent) not in self._settled
            ):
                entry.items.setdefault(id(child), child)
        elif first or (child is not None and entry.child is None):
            entry.child = child
            put(parent, slot, child)
        elif child is not None and child is not entry.child:
            if joined.on_multiple is not None:
                joined.on_multiple(parent)


def _at(row: Row, position: int) -> Any:
    if position < 0:
        raise IndexError("tuple index out of range")
    return row[position]


def _new(plan: EntityPlan, values: Row) -> tuple[Any, State]:
    """A new instance with its values, without a call of ``__init__``."""
    if issubclass(plan.cls, EntityBase):
        entity = EntityBase.__new__(plan.cls)
        entity._o_layout = plan.layout
        entity._o_values = values
        return entity, entity
    cls: Any = plan.cls
    obj = cls.__new__(cls)
    namespace = obj.__dict__
    for key, value in zip(plan.layout.keys, values, strict=False):
        if value is not UNLOADED:
            namespace[key] = value
    factory = plan.layout.state_factory
    state = (AdoptedState if factory is None else factory)(obj, plan.layout)
    if not isinstance(state, AdoptedState):
        raise TypeError(f"The state factory returned {state!r}, not an AdoptedState")
    state._o_flags &= ~FRESH
    namespace[STATE_KEY] = state
    return obj, state


def hydrate(
    tracker: Tracker | None,
    outputs: list[EntityPlan | ColumnOutput | PyOutput],
    scalar: bool,
    rows: Iterable[Sequence[Any]],
) -> list[Any]:
    """What a run makes of rows that no further loads follow; see `LoadRun`."""
    run = LoadRun(tracker, outputs, scalar=scalar)
    results = run.rows(rows)
    run.finish()
    return results
