"""What to make of a row: the plans of a load; the twin in Python.

The compiled twin is ``plans_c``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from ormolu._speedups.instance_py import EntityBase
from ormolu._speedups.layout_py import Layout
from ormolu._speedups.sentinel import UNLOADED

__all__ = ["ColumnOutput", "EntityPlan", "JoinedPlan", "PyOutput"]

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
            key unless ``switch_missing(value, row)`` returns another or raises.
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
        collect: whether the object of every row is listed in ``run.collected``, under
            this plan even if another takes its place.
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
        self.switch_missing: Callable[[Any, Row], EntityPlan] | None = None
        self.switch_processor: Processor | None = None
        self.on_load: Callable[[Any, Any], object] | None = None
        self.on_refresh: Callable[[Any, Any, list[str]], object] | None = None
        self.on_overwrite: Callable[[Any], object] | None = None
        self.new_extras: Callable[[Any], object] | None = None
        self.after: list[Callable[[Any, Row, bool, Any], object]] = []
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
            missing = self.switch_missing
            plan = self if missing is None else missing(value, row)
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
