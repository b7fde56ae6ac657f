"""From rows to objects: load plans and their execution; the twin in Python.

The compiled twin is ``hydration_c``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from ormolu._speedups.changes_py import forget_changes
from ormolu._speedups.identity_py import IdentityDict, Tracker
from ormolu._speedups.instance_py import (
    EXPIRED,
    FRESH,
    PARTIAL,
    AdoptedState,
    EntityBase,
    State,
)
from ormolu._speedups.layout_py import Layout
from ormolu._speedups.lookup_py import STATE_KEY, state_of
from ormolu._speedups.sentinel import UNLOADED
from ormolu._speedups.values_py import peek, put

__all__ = ["ColumnOutput", "EntityPlan", "JoinedPlan", "LoadRun", "PyOutput"]

Row: TypeAlias = tuple[Any, ...]
Processor: TypeAlias = Callable[[Any], Any]


class EntityPlan:
    """How to make one entity of a row.

    Arguments:
        layout: the layout of the class.
        positions: for each column slot the index in the row, -1 if it is not there.
        pk_positions: the indexes of the primary key, in the order of
            ``layout.pk_slots``.
        cls: the class of new objects; the layout's when not given.
        processors: for each column slot a function for its raw values, or None.

    The other attributes may be set before the plan is first used:

    Attributes:
        joined: the relationships loaded from the same rows.
        switch, switch_position, switch_processor: a dict from discriminator to the
            plan that takes this one's place; the plan itself stays for a missing
            key unless ``switch_missing(value)`` returns another or raises.
        on_load: called with (obj, run) for each new object, with its row populated.
        on_refresh: called with (obj, run, keys) for each object populated again.
        on_overwrite: called with an object that populate_existing is to overwrite.
        new_extras: called with each new object before anything else sees it.
        after: called with (obj, row, isnew, run) for each row; ``isnew`` is true in
            the row that made the object.
        origin: put into ``_o_origin`` of new objects, unless the run has its own.
        met_origin: makes the ``_o_origin`` of objects that are there already and lack
            anything, by ``over(old)``; those populated again get ``origin``.  None
            leaves theirs.
        token: which of the tracker's identity dicts is used.
        collect: whether the object of every row is listed in ``run.collected``.
        partial_pk_ok: whether a primary key with some NULLs identifies an object.
    """

    __slots__ = (
        "_contiguous",
        "_pk",
        "_present",
        "_processors",
        "_size",
        "after",
        "cls",
        "collect",
        "joined",
        "layout",
        "met_origin",
        "new_extras",
        "on_load",
        "on_overwrite",
        "on_refresh",
        "origin",
        "partial_pk_ok",
        "pk_positions",
        "positions",
        "processors",
        "switch",
        "switch_missing",
        "switch_position",
        "switch_processor",
        "token",
    )

    def __init__(
        self,
        layout: Layout,
        positions: Sequence[int],
        pk_positions: Sequence[int],
        *,
        cls: type[Any] | None = None,
        processors: Sequence[Processor | None] | None = None,
    ) -> None:
        self.layout = layout
        self.positions = list(positions)
        self.pk_positions = list(pk_positions)
        self.cls = layout.cls if cls is None else cls
        self.processors = None if processors is None else list(processors)
        self.joined: list[JoinedPlan] = []
        self.switch_position = -1
        self.switch: dict[Any, EntityPlan] | None = None
        self.switch_missing: Callable[[Any], EntityPlan] | None = None
        self.switch_processor: Processor | None = None
        self.on_load: Callable[[Any, LoadRun], object] | None = None
        self.on_refresh: Callable[[Any, LoadRun, list[str]], object] | None = None
        self.on_overwrite: Callable[[Any], object] | None = None
        self.new_extras: Callable[[Any], object] | None = None
        self.after: list[Callable[[Any, Row, bool, LoadRun], object]] = []
        self.origin: Any = None
        self.met_origin: Any = None
        self.token: Any = None
        self.collect = False
        self.partial_pk_ok = True
        if layout.embedded and not issubclass(self.cls, EntityBase):
            raise TypeError(f"{self.cls.__name__} does not derive from EntityBase")
        self._prepare()

    def _prepare(self) -> None:
        processors = self.processors or []
        self._size = len(self.layout.keys)
        if len(self.positions) > self._size or len(processors) > self._size:
            raise ValueError(f"{self.layout!r} has only {self._size} columns")
        self._processors = processors + [None] * (self._size - len(processors))
        self._present = [(s, p) for s, p in enumerate(self.positions) if p >= 0]
        start = self.positions[0] if self.positions else -1
        wanted = list(range(start, start + self._size))
        plain = start >= 0 and self.positions == wanted and not any(processors)
        self._contiguous = start if plain else -1
        slots = self.layout.pk_slots
        self._pk: list[tuple[int, Processor | None]] = []
        if (
            len(slots) == len(self.pk_positions)
            and min(self.pk_positions, default=-1) >= 0
        ):
            self._pk = [
                (position, self._processors[slot])
                for position, slot in zip(self.pk_positions, slots, strict=True)
            ]

    def _key(self, row: Row) -> Any:
        """The key of the row's object; None if the row has none."""
        if not self._pk:
            raise ValueError(f"The plan for {self.cls.__name__} has no primary key")
        values = [
            row[position] if processor is None else processor(row[position])
            for position, processor in self._pk
        ]
        if len(values) == 1:
            return values[0]
        nulls = values.count(None) if None in values else 0
        if nulls and (nulls == len(values) or not self.partial_pk_ok):
            return None
        return tuple(values)

    def _value(self, row: Row, slot: int) -> Any:
        value = row[self.positions[slot]]
        processor = self._processors[slot]
        return value if processor is None else processor(value)

    def _values(self, row: Row) -> Row:
        """All the values of a new object."""
        start, size = self._contiguous, self._size
        if start >= 0:
            if len(row) < start + size:
                raise IndexError("tuple index out of range")
            # the row itself when it has nothing else: nothing is copied
            return row[start : start + size]
        values = [UNLOADED] * size
        for slot, _ in self._present:
            values[slot] = self._value(row, slot)
        return tuple(values)

    def _choose(self, row: Row) -> EntityPlan:
        """The plan for the class that the row's discriminator names."""
        if self.switch is None or self.switch_position < 0:
            return self
        value = row[self.switch_position]
        if self.switch_processor is not None:
            value = self.switch_processor(value)
        plan = self.switch.get(value)
        if plan is None:
            plan = self if self.switch_missing is None else self.switch_missing(value)
            if not isinstance(plan, EntityPlan):
                raise TypeError(f"switch_missing returned {plan!r}, not an EntityPlan")
        return plan

    def __repr__(self) -> str:
        return f"<EntityPlan of {self.cls.__name__}>"


class JoinedPlan:
    """How to load one relationship from the rows of its parent.

    ``assign(parent, items)`` is called once for each parent's collection, when the
    run is finished; a scalar is stored when it is first seen, and
    ``on_multiple(parent)`` is called for a second, different one.
    """

    __slots__ = ("assign", "collection", "key", "on_multiple", "plan")

    def __init__(
        self,
        key: str,
        plan: EntityPlan,
        collection: bool,
        assign: Callable[[Any, Any], object] | None,
    ) -> None:
        self.key = key
        self.plan = plan
        self.collection = collection
        self.assign = assign
        self.on_multiple: Callable[[Any], object] | None = None


class ColumnOutput:
    """A value of the row in the result."""

    __slots__ = ("position", "processor")

    def __init__(self, position: int, processor: Processor | None = None) -> None:
        self.position = position
        self.processor = processor


class PyOutput:
    """What a function makes of the row, in the result."""

    __slots__ = ("fn",)

    def __init__(self, fn: Callable[[Row], Any]) -> None:
        self.fn = fn


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
        isnew = False
        if refresh:
            obj = self.refresh
            plan = plan._choose(row)
            if id(obj) not in self._seen:
                self._seen[id(obj)] = obj
                self._populate(plan, obj, row, self.refresh_slots)
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
        if plan.collect:
            self._collect(plan, obj)
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
        if plan.met_origin is not None:
            if self.populate_existing and id(obj) not in self._seen:
                state_of(obj)._o_origin = plan.origin
            elif _lacks_anything(obj):
                met = state_of(obj)
                met._o_origin = plan.met_origin.over(met._o_origin)
        if self.populate_existing:
            if id(obj) not in self._seen:
                self._seen[id(obj)] = obj
                if plan.on_overwrite is not None:
                    plan.on_overwrite(obj)
                self._populate(plan, obj, row, None)
                return
        state = state_of(obj)
        if not state._o_flags & PARTIAL:
            return
        if self._take_row(plan, obj, row):
            return
        slots = [
            (slot, own)
            for slot, own in _own_slots(plan, state)
            if peek(obj, own) is UNLOADED
            and not _has_original(state, plan.layout.keys[slot])
        ]
        if slots:
            values = self._fill_values(plan, row, slots)
            self._store(plan, obj, state, slots, values)

    def _take_row(self, plan: EntityPlan, obj: Any, row: Row) -> bool:
        """Give an expired object a whole row, as a new one gets it."""
        if (
            not isinstance(obj, EntityBase)
            or not _is_bare(obj)
            or obj._o_layout is not plan.layout
            or not len(plan._present) == plan._size == len(plan.layout.keys) > 0
        ):
            return False
        values = plan._values(row)
        if not _is_bare(obj):
            return False  # a processor has used the object meanwhile
        obj._o_values = values
        self._populated(plan, obj, obj, plan.layout.keys)
        return True

    def _populate(
        self, plan: EntityPlan, obj: Any, row: Row, only: set[int] | None
    ) -> None:
        """Overwrite what the row has of an object, and forget its changes there."""
        state = state_of(obj)
        slots = [
            (slot, own)
            for slot, own in _own_slots(plan, state)
            if only is None or own in only
        ]
        values = self._fill_values(plan, row, slots)
        originals = state._o_originals
        if originals:
            for slot, _ in slots:
                originals.pop(plan.layout.keys[slot], None)
            if not originals:
                forget_changes(obj)
        self._store(plan, obj, state, slots, values)

    @staticmethod
    def _fill_values(
        plan: EntityPlan, row: Row, slots: list[tuple[int, int]]
    ) -> list[Any]:
        return [plan._value(row, slot) for slot, _ in slots]

    def _store(
        self,
        plan: EntityPlan,
        obj: Any,
        state: State,
        slots: list[tuple[int, int]],
        values: list[Any],
    ) -> None:
        for (_, own), value in zip(slots, values, strict=True):
            put(obj, own, value)
        keys = plan.layout.keys
        self._populated(plan, obj, state, [keys[slot] for slot, _ in slots])

    def _populated(
        self, plan: EntityPlan, obj: Any, state: State, keys: list[str]
    ) -> None:
        """Set the flags of an object that has new values, and tell of it."""
        state._o_flags &= ~(EXPIRED | PARTIAL)
        size = len(state._o_layout.keys)
        if isinstance(obj, EntityBase):
            loaded = obj._o_values or ()
            if len(loaded) < size or any(value is UNLOADED for value in loaded):
                state._o_flags |= PARTIAL
        elif any(peek(obj, slot) is UNLOADED for slot in range(size)):
            state._o_flags |= PARTIAL
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
                    and not _has_original(state_of(parent), joined.key)
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


def _lacks_anything(obj: Any) -> bool:
    """Whether a column or relationship of an object is not loaded."""
    state = state_of(obj)
    if state._o_flags & PARTIAL:
        return True
    related = len(state._o_layout.related_keys)
    return any(peek(obj, -1 - i) is UNLOADED for i in range(related))


def _own_slots(plan: EntityPlan, state: State) -> list[tuple[int, int]]:
    """The slots in the row, each with the slot in the object's own layout.

    They differ where an object of a subclass is met with the plan of its base.
    """
    layout = state._o_layout
    if layout is plan.layout:
        return [(slot, slot) for slot, _ in plan._present]
    keys = plan.layout.keys
    pairs = [(slot, layout.index.get(keys[slot], -1)) for slot, _ in plan._present]
    return [pair for pair in pairs if pair[1] >= 0]


def _is_bare(obj: EntityBase) -> bool:
    return obj._o_values is None and obj._o_originals is None


def _has_original(state: State, key: str) -> bool:
    return state._o_originals is not None and key in state._o_originals
