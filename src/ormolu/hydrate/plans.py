"""Builds the kernel's load plans from the description of a SELECT."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from sqlalchemy.engine import Row
from sqlalchemy.exc import InvalidRequestError

from .._core.warnings import warn
from .._speedups import hydration
from ..instrument.expiry import forget_values
from .description import (
    BundleLoad,
    ColumnLoad,
    EntityLoad,
    JoinedLoad,
    LoadDescription,
    LoadRecord,
)
from .load_events import watch

Processors = Sequence[Callable[[Any], Any] | None]


class LoadPlan:
    """The kernel's plan of one statement, made for one set of processors.

    Attributes:
        outputs: what the kernel makes of each row.
        entities: (entity load, kernel plan) of every entity, nested ones included.
        scalar: whether a row is one bare entity.
        repeats: whether later loads repeat the statement as their subquery.
    """

    __slots__ = (
        "__weakref__",
        "_inherited",
        "_token",
        "entities",
        "outputs",
        "post",
        "repeats",
        "scalar",
    )

    def __init__(
        self,
        description: LoadDescription,
        processors: Processors,
        scalar: bool,
        inherited: tuple[Any, ...] = (),
        token: Any = None,
    ) -> None:
        self._inherited = inherited
        self._token = token
        self.entities: list[tuple[EntityLoad, Any]] = []
        self.outputs = [
            kernel_output
            for output in description.outputs
            for kernel_output in self._outputs(output, processors)
        ]
        self.scalar = scalar
        self.post = list(_once_each(self.entities))
        self.repeats = any(
            post.strategy == "subquery" for load, _ in self.post for post in load.post
        )
        watch(self)

    def hydrate(self, tracker: Any, rows: list[Any]) -> list[Any]:
        """The objects of raw rows, where no further loads follow.

        Args:
            tracker: that of the session.
        """
        return hydration.hydrate(tracker, self.outputs, self.scalar, rows)

    def _outputs(self, output: Any, processors: Processors) -> list[Any]:
        if isinstance(output, EntityLoad):
            return [self.entity_plan(output, processors)]
        if isinstance(output, ColumnLoad):
            return [_column_output(output, processors)]
        if isinstance(output, BundleLoad):
            return [_bundle_output(output, processors)]
        return [_column_output(part, processors) for part in output.parts]

    def entity_plan(
        self, load: EntityLoad, processors: Processors, is_root: bool = True
    ) -> Any:
        """The kernel plan of one entity and of what is joined to it."""
        layout = load.mapper.layout
        positions = [load.positions.get(key, -1) for key in layout.keys]
        chosen = [processors[p] if p >= 0 else None for p in positions]
        plan = hydration.EntityPlan(
            layout,
            positions,
            load.pk_positions,
            processors=chosen if any(chosen) else None,
        )
        plan.token = self._token
        plan.partial_pk_ok = load.mapper.allow_partial_pks
        plan.collect = has_later_loads(load)
        self._set_origin(plan, load, is_root)
        self.entities.append((load, plan))
        joined = [(j.prop, self._joined_plan(j, processors)) for j in load.joined]
        plan.joined = [p for prop, p in joined if _has(load.mapper, prop)]
        if load.switch is not None:
            self._add_switch(plan, load, processors, joined, is_root)
        return plan

    def _set_origin(self, plan: Any, load: EntityLoad, is_root: bool) -> None:
        options = self._inherited or load.options
        repeats = bool(options) or load.node is not None or load.partial
        if repeats or load.path or load.missing:
            plan.origin = LoadRecord(load.node, options, self, is_root, load.path)
            plan.origin.leaves_columns = repeats
            plan.origin.partial = load.partial
            plan.origin.missing = load.missing
            plan.origin.only_lacks = not (repeats or load.path)
        if options or load.node is not None or load.missing:
            plan.met_origin = plan.origin
        plan.on_overwrite = partial(forget_values, plan.origin)

    def _add_switch(
        self,
        plan: Any,
        load: EntityLoad,
        processors: Processors,
        joined: list[tuple[Any, Any]],
        is_root: bool,
    ) -> None:
        """Have other plans take over the rows of other classes of the hierarchy."""
        switch = load.switch
        assert switch is not None
        plan.switch = plans = {}
        plan.switch_position = switch.position
        plan.switch_processor = processors[switch.position]
        for mapper, descendant in switch.loads.items():
            made = self.entity_plan(descendant, processors, is_root)
            made.joined = [p for prop, p in joined if _has(mapper, prop)]
            if mapper.polymorphic_identity is not None:
                plans[mapper.polymorphic_identity] = made
        if load.mapper.polymorphic_identity is not None:
            plans[load.mapper.polymorphic_identity] = plan
        plan.switch_missing = partial(self._refuse_row, load, processors)

    def _refuse_row(
        self, load: EntityLoad, processors: Processors, value: Any, row: Any
    ) -> Any:
        """Refuse a row whose discriminator names none of the classes.

        Raises:
            InvalidRequestError: when it names a class that is not asked for, or none.
            AssertionError: when it names nothing.
        """
        mapper = load.mapper
        column = f"the polymorphic discriminator column '{mapper.polymorphic_on}'"
        other = mapper.polymorphic_map.get(value)
        if other is not None:
            reason = (
                f"refers to {other}, which is not a sub-mapper of the requested "
                f"{mapper}"
            )
        elif value is None:
            reason = "is NULL"
        else:
            raise AssertionError(f"No such polymorphic_identity {value!r} is defined")
        values = []
        for position in load.pk_positions:
            process = processors[position]
            found = row[position]
            values.append(found if process is None else process(found))
        key = mapper.identity_key_from_primary_key(values, self._token)
        raise InvalidRequestError(
            f"Row with identity key {key} can't be loaded into an object; {column} "
            f"{reason}"
        )

    def _joined_plan(self, joined: JoinedLoad, processors: Processors) -> Any:
        prop = joined.prop
        impl = prop.parent.class_manager[prop.key].impl
        plan = hydration.JoinedPlan(
            prop.key,
            self.entity_plan(joined.entity, processors, False),
            bool(prop.uselist),
            impl.set_committed_value,
        )
        if not prop.uselist:
            plan.on_multiple = _warn_multiple(prop)
        return plan


def _has(mapper: Any, prop: Any) -> bool:
    """Whether the objects of a mapper have a relationship."""
    return mapper._props.get(prop.key) is prop


def has_later_loads(load: EntityLoad) -> bool:
    """Whether second statements go on from the objects of an entity."""
    return bool(load.post or (load.switch is not None and load.switch.later))


def _once_each(entities: list[tuple[EntityLoad, Any]]) -> Iterator[Any]:
    """What has later loads; an entity that is selected twice has them once."""
    seen = set()
    for load, plan in entities:
        key = (load.entity, load.chain)
        if has_later_loads(load) and key not in seen:
            seen.add(key)
            yield load, plan


def _warn_multiple(prop: Any) -> Callable[[Any], None]:
    def multiple(parent: Any) -> None:
        warn(
            "Multiple rows returned with uselist=False for eagerly-loaded "
            f"attribute '{prop}' "
        )

    return multiple


def _column_output(load: ColumnLoad, processors: Processors) -> Any:
    return hydration.ColumnOutput(load.position, processors[load.position])


def _bundle_output(load: BundleLoad, processors: Processors) -> Any:
    return hydration.PyOutput(_bundle_maker(load, processors))


def _bundle_maker(load: BundleLoad, processors: Processors) -> Callable[[Any], Any]:
    getters = [
        _bundle_maker(part, processors)
        if isinstance(part, BundleLoad)
        else _getter(part.position, processors[part.position])
        for part in load.parts
    ]
    make: Callable[[Any], Any] = load.bundle.create_row_processor(
        None, getters, [p.name for p in load.parts]
    )
    return make


def _getter(
    position: int, processor: Callable[[Any], Any] | None
) -> Callable[[Any], Any]:
    if processor is None:
        return lambda row: row[position]
    return lambda row: processor(row[position])


def plan_for(
    description: LoadDescription,
    processors: Processors | None,
    inherited: tuple[Any, ...] = (),
    token: Any = None,
) -> LoadPlan:
    """The plan of a statement, made once per set of processors.

    Args:
        inherited: options of this very execution that the loaded objects keep; the
            plan is then for it alone.
        token: keeps the identities of the loaded objects apart from others.
    """
    key: Any = None if processors is None else tuple(processors)
    if token is not None:
        key = (key, token)
    plan = None if inherited else description.plans.get(key)
    if plan is None:
        flat = processors or [None] * description.column_count
        scalar = len(description.outputs) == 1 and isinstance(
            description.outputs[0], EntityLoad
        )
        plan = LoadPlan(description, flat, scalar, inherited, token)
        if not inherited:
            description.plans[key] = plan
    return plan


__all__ = ["LoadPlan", "Row", "plan_for"]
