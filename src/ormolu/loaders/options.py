"""The loader options that users give to statements."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy import inspect as sa_inspect
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.selectable import FromClause

from .._core.warnings import deprecated, warn_deprecated
from ..compile.options import (
    POLYMORPHIC,
    WITH_EXPRESSION,
    LoaderOption,
    Step,
    check_leads_on,
    entity_text,
    without_alias,
)
from ..mapping.aliased import aliased
from ..mapping.queryable import QueryableAttribute, inspect_entity


def _entity_of_wildcard(text: str) -> str:
    if text != "*":
        raise sa_exc.ArgumentError(
            "Strings are not accepted for attribute names in loader options; please "
            "use class-bound attributes directly."
        )
    return text


def _without_dot(key: Any) -> Any:
    """``*`` for the old way to write it at the beginning of an option."""
    if not isinstance(key, str) or key != ".*":
        return key
    warn_deprecated(
        "The undocumented `.{WILDCARD}` format is deprecated and will be removed in a "
        "future version as it is believed to be unused. If you have been using this "
        "functionality, please comment on Issue #4390 on the SQLAlchemy project "
        "tracker.",
        "2.0",
    )
    return "*"


def _attribute(attr: Any) -> Any:
    """The attribute that an option is about; a synonym's is the one it stands for.

    Raises:
        ArgumentError: it is no mapped attribute.
    """
    if not isinstance(attr, QueryableAttribute):
        raise sa_exc.ArgumentError(
            f"expected ORM mapped attribute for loader strategy argument, got {attr!r}"
        )
    prop = attr.comparator.property
    key = getattr(prop, "key", attr.key)
    if key == attr.key:
        return attr
    return getattr(attr._parententity.entity, key)


def _relationship_step(attr: Any, strategy: str | None, **args: Any) -> Step:
    if isinstance(attr, str):
        _entity_of_wildcard(attr)
        return Step(None, strategy, "relationship", **args)
    return Step(_attribute(attr), strategy, "relationship", **args)


def _column_step(attr: Any, strategy: str, **args: Any) -> Step:
    if isinstance(attr, str):
        _entity_of_wildcard(attr)
        return Step(None, strategy, "column", **args)
    return Step(_attribute(attr), strategy, "column", **args)


def _columns_of(attr: Any) -> list[Any]:
    """The attributes of a composite's columns; any other attribute itself."""
    keys = attr._parententity.mapper._composite_keys.get(attr.key)
    if keys is None:
        return [attr]
    return [attr._parententity.entity_attribute(key) for key in keys]


def _column_steps(attr: Any, strategy: str, **args: Any) -> list[Step]:
    if isinstance(attr, str):
        return [_column_step(attr, strategy, **args)]
    found = _columns_of(_attribute(attr))
    return [_column_step(part, strategy, **args) for part in found]


def _expression_step(attr: Any, expression: Any) -> Step:
    if isinstance(attr, str):
        raise sa_exc.ArgumentError(
            "Strings are not accepted for attribute names in loader options; please "
            "use class-bound attributes directly."
        )
    found = coercions.expect(roles.LabeledColumnExprRole, expression)
    return _column_step(attr, WITH_EXPRESSION, expression=found)


_noload_is_deprecated = deprecated(
    "2.1",
    "The noload() option is deprecated and will be removed in a future release.  "
    "This option produces incorrect results by returning ``None`` for related items.",
)


class _AbstractLoad(LoaderOption):
    """A loader option whose methods go on along the path."""

    __slots__ = ()
    inherit_cache = True

    @property
    def _start(self) -> Any:
        """The entity where the path begins; None where an attribute names it."""
        return None

    def _and(self, step: Step) -> Load:
        """The option with one more step on its path."""
        base = self if not self.siblings else self._on_path()
        base = base._before_columns()
        base._check_next(step)
        return _load((*base.steps, step), (), self._start, base.beside)

    def _before_columns(self) -> _AbstractLoad:
        """The option to go on from, which is not a column."""
        if self.steps and self.steps[-1].kind == "column":
            return self._on_path()
        return self

    def _on_path(self) -> Load:
        """The path alone, beside all that the option says already."""
        path = self.steps
        if path and path[-1].kind == "column":
            path = path[:-1]
        return _load(path, (), self._start, (self,))

    def _check_next(self, step: Step) -> None:
        """Refuse a step that does not go on where the path ends.

        Raises:
            ArgumentError: it begins elsewhere, or the path ended in a wildcard.
        """
        start = self._start
        if start is None and (self.siblings or self.beside):
            start = self._first_entity()
        if step.attr is None and step.entity is None and not self.steps:
            step.entity = start
        if self.steps:
            if self.steps[-1].attr is None and self.steps[-1].kind != POLYMORPHIC:
                raise sa_exc.ArgumentError(
                    "Wildcard token cannot be followed by another entity"
                )
            if self.steps[-1].kind != POLYMORPHIC:
                check_leads_on(self.steps[-1], step)
        elif start is not None and not _links(start, step.parent):
            raise sa_exc.ArgumentError(
                f'ORM mapped attribute "{step.attr}" does not link mapped class '
                f'"{entity_text(start)}"'
            )

    def _first_entity(self) -> Any:
        """The entity of the attribute that the option begins with, None without one."""
        return next((chain[0].parent for chain in self.chains() if chain), None)

    def _with(self, steps: list[Step]) -> Load:
        return self._and(steps[0]) if len(steps) == 1 else self._columns(steps)

    def _columns(self, steps: list[Step]) -> Load:
        base = self._before_columns()
        for step in sorted(steps, key=lambda step: step.attr is None):
            base._check_next(step)  # of named attributes first: a message names them
        siblings = (*base.siblings, *(_load((s,)) for s in steps))
        return _load(base.steps, siblings, self._start, base.beside)

    def joinedload(self, attr: Any, innerjoin: Any = None) -> Load:
        return self._and(_joined_step(attr, innerjoin))

    def selectinload(
        self,
        attr: Any,
        recursion_depth: int | None = None,
        chunksize: int | None = None,
    ) -> Load:
        return self._and(_selectin_step(attr, recursion_depth, chunksize))

    def subqueryload(self, attr: Any) -> Load:
        return self._and(_relationship_step(attr, "subquery"))

    def lazyload(self, attr: Any) -> Load:
        return self._and(_relationship_step(attr, "select"))

    def immediateload(self, attr: Any, recursion_depth: int | None = None) -> Load:
        return self._and(_immediate_step(attr, recursion_depth))

    @_noload_is_deprecated
    def noload(self, attr: Any) -> Load:
        return self._and(_relationship_step(attr, "noload"))

    def raiseload(self, attr: Any, sql_only: bool = False) -> Load:
        return self._and(_relationship_step(attr, _raise_name(sql_only)))

    def defaultload(self, attr: Any) -> Load:
        return self._and(_relationship_step(attr, None))

    def contains_eager(
        self, attr: Any, alias: Any = None, _propagate_to_loaders: bool = False
    ) -> Load:
        return self._and(_contains_step(attr, alias))

    def defer(self, key: Any, raiseload: bool = False) -> Load:
        return self._with(_column_steps(key, "defer", raiseload=raiseload))

    def undefer(self, key: Any) -> Load:
        return self._with(_column_steps(key, "undefer"))

    def with_expression(self, key: Any, expression: Any) -> Load:
        return self._and(_expression_step(key, expression))

    def undefer_group(self, name: str) -> Load:
        return self._and(_group_step(name))

    def load_only(self, *attrs: Any, raiseload: bool = False) -> Load:
        return self._columns(_load_only_steps(attrs, raiseload))

    def selectin_polymorphic(self, classes: Iterable[Any]) -> Load:
        return self._and(_polymorphic_step(None, classes))

    def _names_subclass(self, step: Step) -> bool:
        """Whether a step begins at a subclass of what the path leads to."""
        target = self.steps[-1].target
        parent = step.parent
        if target is None or parent is None or parent.is_aliased_class:
            return False
        return not target.is_aliased_class and bool(parent.isa(target))

    def options(self, *opts: Any) -> Load:
        """Apply further options below the path.

        Raises:
            ArgumentError: an option begins elsewhere.
        """
        polymorphic = any(
            step.kind == POLYMORPHIC
            for option in (*self.siblings, *opts)
            if isinstance(option, LoaderOption)
            for step in option.steps
        )
        base = self._before_columns()
        for option in opts:
            if not isinstance(option, LoaderOption):
                raise sa_exc.ArgumentError(
                    f"Loader option {option} is not compatible with the "
                    "Load.options() method."
                )
            for chain in option.chains():
                if chain and base.steps:
                    if not (polymorphic and base._names_subclass(chain[0])):
                        base._check_next(chain[0])
        return _load(base.steps, (*base.siblings, *opts), self._start, base.beside)


def _links(entity: Any, parent: Any) -> bool:
    if parent is None or parent is entity:
        return True
    if entity.is_aliased_class or parent.is_aliased_class:
        return False
    return bool(entity.isa(parent) or parent.isa(entity))


class AliasOption(LoaderOption):
    """Does nothing any more."""

    __slots__ = ()
    inherit_cache = True

    @deprecated(
        "1.4",
        "The AliasOption object is not necessary for entities to be matched up to a "
        "query that is established via Query.from_statement() and now does nothing.",
    )
    def __init__(self, alias: Any) -> None:
        super().__init__(())


def contains_alias(alias: Any) -> AliasOption:
    """An option for old programs, which does nothing any more.

    Source: ``sqlalchemy.orm.contains_alias``.
    """
    return AliasOption(alias)


class Load(_AbstractLoad):
    """Options that begin at an entity: ``Load(User).selectinload(...)``.

    Args:
        entity: the mapped class or alias.

    Raises:
        NoInspectionAvailable: it is not mapped.
    """

    __slots__ = ("entity",)
    inherit_cache = True

    entity: Any

    def __init__(self, entity: Any) -> None:
        super().__init__(())
        self.entity = sa_inspect(entity)
        self.entity.mapper._check_configure()

    def __getstate__(self) -> Any:
        names = ("steps", "siblings", "beside")
        state = {name: getattr(self, name) for name in names}
        return None, {**state, "entity": without_alias(self.entity)}

    @property
    def _start(self) -> Any:
        return self.entity

    def chains(self, prefix: tuple[Step, ...] = ()) -> Any:
        return (c for c in super().chains(prefix) if c)


def _load(
    steps: Iterable[Step],
    siblings: Iterable[Any] = (),
    entity: Any = None,
    beside: Iterable[Any] = (),
) -> Load:
    """An option; of an attribute's entity when none is named."""
    made = Load.__new__(Load)
    LoaderOption.__init__(made, steps, siblings, beside)
    made.entity = entity
    return made


def _joined_step(attr: Any, innerjoin: Any) -> Step:
    if innerjoin is None:
        return _relationship_step(attr, "joined")
    return _relationship_step(attr, "joined", innerjoin=innerjoin)


def _selectin_step(
    attr: Any, recursion_depth: int | None, chunksize: int | None
) -> Step:
    given = {"recursion_depth": recursion_depth, "chunksize": chunksize}
    args = {name: value for name, value in given.items() if value is not None}
    return _relationship_step(attr, "selectin", **args)


def _immediate_step(attr: Any, recursion_depth: int | None) -> Step:
    if recursion_depth is None:
        return _relationship_step(attr, "immediate")
    return _relationship_step(attr, "immediate", recursion_depth=recursion_depth)


def _contains_step(attr: Any, alias: Any) -> Step:
    if alias is None:
        return _relationship_step(attr, "contains_eager")
    if isinstance(alias, FromClause):
        alias = aliased(_attribute(attr).comparator.property.mapper, alias)
    return _relationship_step(attr, "contains_eager", alias=inspect_entity(alias))


def _raise_name(sql_only: bool) -> str:
    return "raise_on_sql" if sql_only else "raise"


def _polymorphic_step(base: Any, classes: Iterable[Any]) -> Step:
    entities = tuple(inspect_entity(c) for c in classes)
    return Step(None, "selectin_polymorphic", POLYMORPHIC, base, entities=entities)


def _group_step(name: str) -> Step:
    step = Step(None, "undefer_group", "column", group=name)
    return step


def _load_only_steps(attrs: tuple[Any, ...], raiseload: bool) -> list[Step]:
    if not attrs:
        return []
    found = [part for attr in attrs for part in _columns_of(_attribute(attr))]
    entity = found[0]._parententity
    wildcard = Step(None, "defer", "column", entity, raiseload=raiseload)
    return [wildcard, *(_column_step(a, "undefer") for a in found)]


def _along(keys: tuple[Any, ...], last: Step) -> Load:
    option = _load(())
    for key in keys[:-1]:
        option = option.defaultload(key)
    return option._and(last)


def joinedload(*keys: Any, innerjoin: Any = None) -> Load:
    """Load a relationship with a JOIN in the same statement."""
    return _along(keys, _joined_step(_without_dot(keys[-1]), innerjoin))


def selectinload(
    *keys: Any, recursion_depth: int | None = None, chunksize: int | None = None
) -> Load:
    """Load a relationship with a second statement that has an IN list of keys."""
    return _along(
        keys, _selectin_step(_without_dot(keys[-1]), recursion_depth, chunksize)
    )


def subqueryload(*keys: Any) -> Load:
    """Load a relationship with a second statement that repeats the first."""
    return _along(keys, _relationship_step(_without_dot(keys[-1]), "subquery"))


def lazyload(*keys: Any) -> Load:
    """Load a relationship when it is read."""
    return _along(keys, _relationship_step(_without_dot(keys[-1]), "select"))


def immediateload(*keys: Any, recursion_depth: int | None = None) -> Load:
    """Load a relationship with one statement per object, right away."""
    return _along(keys, _immediate_step(_without_dot(keys[-1]), recursion_depth))


@_noload_is_deprecated
def noload(*keys: Any) -> Load:
    """Leave a relationship empty."""
    return _along(keys, _relationship_step(_without_dot(keys[-1]), "noload"))


def raiseload(*keys: Any, sql_only: bool = False) -> Load:
    """Refuse the lazy load of a relationship."""
    return _along(
        keys, _relationship_step(_without_dot(keys[-1]), _raise_name(sql_only))
    )


def defaultload(*keys: Any) -> Load:
    """Lead to the options of related objects without changing this load."""
    return _along(keys, _relationship_step(_without_dot(keys[-1]), None))


def contains_eager(*keys: Any, alias: Any = None) -> Load:
    """Take a relationship from columns that the statement joined itself."""
    return _along(keys, _contains_step(_without_dot(keys[-1]), alias))


def defer(key: Any, *, raiseload: bool = False) -> Load:
    """Leave a column out until it is read."""
    steps = _column_steps(_without_dot(key), "defer", raiseload=raiseload)
    return _load(())._with(steps)


def undefer(key: Any) -> Load:
    """Load a deferred column with its entity."""
    return _load(())._with(_column_steps(_without_dot(key), "undefer"))


def with_expression(key: Any, expression: Any) -> Load:
    """Give a ``query_expression()`` attribute its SQL in this statement."""
    return _load([_expression_step(key, expression)])


def undefer_group(name: str) -> Load:
    """Load the deferred columns of a group with their entity."""
    return _load([_group_step(name)])


def selectin_polymorphic(base_cls: Any, classes: Iterable[Any]) -> Load:
    """Load the attributes of subclasses with a second statement for each of them.

    Source: ``sqlalchemy.orm.selectin_polymorphic``.
    """
    return _load([_polymorphic_step(inspect_entity(base_cls), classes)])


def load_only(*attrs: Any, raiseload: bool = False) -> Load:
    """Load only the named columns, and the primary key."""
    steps = _load_only_steps(attrs, raiseload)
    return _load((), [_load([s]) for s in steps])
