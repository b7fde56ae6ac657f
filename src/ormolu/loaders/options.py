"""The loader options that users give to statements."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc as sa_exc

from ..compile.options import LoaderOption, Step
from ..mapping.queryable import QueryableAttribute, inspect_entity


def _entity_of_wildcard(text: str) -> str:
    if text != "*":
        raise sa_exc.ArgumentError(
            "Strings are not accepted for attribute names in loader options; please "
            "use class-bound attributes directly."
        )
    return text


def _relationship_step(attr: Any, strategy: str | None, **args: Any) -> Step:
    if isinstance(attr, str):
        _entity_of_wildcard(attr)
        return Step(None, strategy, "relationship", **args)
    if not isinstance(attr, QueryableAttribute):
        raise sa_exc.ArgumentError(
            f"expected ORM mapped attribute for loader strategy argument, got {attr!r}"
        )
    return Step(attr, strategy, "relationship", **args)


def _column_step(attr: Any, strategy: str, **args: Any) -> Step:
    if isinstance(attr, str):
        _entity_of_wildcard(attr)
        return Step(None, strategy, "column", **args)
    return Step(attr, strategy, "column", **args)


class _AbstractLoad(LoaderOption):
    """A loader option whose methods go on along the path."""

    inherit_cache = True

    def _and(self, *steps: Step) -> Any:
        return _AbstractLoad((*self.steps, *steps), self.siblings)

    def _columns(self, steps: list[Step]) -> Any:
        siblings = [_AbstractLoad((s,)) for s in steps]
        return _AbstractLoad(self.steps, (*self.siblings, *siblings))

    def joinedload(self, attr: Any, innerjoin: Any = None) -> Any:
        return self._and(_joined_step(attr, innerjoin))

    def selectinload(
        self,
        attr: Any,
        recursion_depth: int | None = None,
        chunksize: int | None = None,
    ) -> Any:
        return self._and(_selectin_step(attr, recursion_depth, chunksize))

    def subqueryload(self, attr: Any) -> Any:
        return self._and(_relationship_step(attr, "subquery"))

    def lazyload(self, attr: Any) -> Any:
        return self._and(_relationship_step(attr, "select"))

    def immediateload(self, attr: Any, recursion_depth: int | None = None) -> Any:
        return self._and(_relationship_step(attr, "immediate"))

    def noload(self, attr: Any) -> Any:
        return self._and(_relationship_step(attr, "noload"))

    def raiseload(self, attr: Any, sql_only: bool = False) -> Any:
        return self._and(_relationship_step(attr, _raise_name(sql_only)))

    def defaultload(self, attr: Any) -> Any:
        return self._and(_relationship_step(attr, None))

    def contains_eager(
        self, attr: Any, alias: Any = None, _propagate_to_loaders: bool = False
    ) -> Any:
        return self._and(_contains_step(attr, alias))

    def defer(self, key: Any, raiseload: bool = False) -> Any:
        return self._and(_column_step(key, "defer", raiseload=raiseload))

    def undefer(self, key: Any) -> Any:
        return self._and(_column_step(key, "undefer"))

    def undefer_group(self, name: str) -> Any:
        return self._and(_group_step(name))

    def load_only(self, *attrs: Any, raiseload: bool = False) -> Any:
        return self._columns(_load_only_steps(attrs, raiseload))

    def options(self, *opts: Any) -> Any:
        """Apply further options below the path."""
        return _AbstractLoad(self.steps, (*self.siblings, *opts))


class Load(_AbstractLoad):
    """Options that begin at an entity: ``Load(User).selectinload(...)``."""

    inherit_cache = True

    def __init__(self, entity: Any) -> None:
        super().__init__(())
        self.entity = inspect_entity(entity)
        self.entity.mapper._check_configure()

    def _and(self, *steps: Step) -> Any:
        for step in steps:
            if step.attr is None and step.entity is None:
                step.entity = self.entity
        return _AbstractLoad((*self.steps, *steps), self.siblings)

    def chains(self, prefix: tuple[Step, ...] = ()) -> Any:
        return (c for c in super().chains(prefix) if c)


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


def _contains_step(attr: Any, alias: Any) -> Step:
    if alias is None:
        return _relationship_step(attr, "contains_eager")
    return _relationship_step(attr, "contains_eager", alias=inspect_entity(alias))


def _raise_name(sql_only: bool) -> str:
    return "raise_on_sql" if sql_only else "raise"


def _group_step(name: str) -> Step:
    step = Step(None, "undefer_group", "column", group=name)
    return step


def _load_only_steps(attrs: tuple[Any, ...], raiseload: bool) -> list[Step]:
    if not attrs:
        return []
    entity = attrs[0]._parententity
    wildcard = Step(None, "defer", "column", entity, raiseload=raiseload)
    return [wildcard, *(_column_step(a, "undefer") for a in attrs)]


def _chain(steps: list[Step]) -> _AbstractLoad:
    return _AbstractLoad(steps)


def _along(keys: tuple[Any, ...], last: Step) -> _AbstractLoad:
    steps = [_relationship_step(k, None) for k in keys[:-1]]
    return _AbstractLoad([*steps, last])


def joinedload(*keys: Any, innerjoin: Any = None) -> _AbstractLoad:
    """Load a relationship with a JOIN in the same statement."""
    return _along(keys, _joined_step(keys[-1], innerjoin))


def selectinload(
    *keys: Any, recursion_depth: int | None = None, chunksize: int | None = None
) -> _AbstractLoad:
    """Load a relationship with a second statement that has an IN list of keys."""
    return _along(keys, _selectin_step(keys[-1], recursion_depth, chunksize))


def subqueryload(*keys: Any) -> _AbstractLoad:
    """Load a relationship with a second statement that repeats the first."""
    return _along(keys, _relationship_step(keys[-1], "subquery"))


def lazyload(*keys: Any) -> _AbstractLoad:
    """Load a relationship when it is read."""
    return _along(keys, _relationship_step(keys[-1], "select"))


def immediateload(*keys: Any, recursion_depth: int | None = None) -> _AbstractLoad:
    """Load a relationship with one statement per object, right away."""
    return _along(keys, _relationship_step(keys[-1], "immediate"))


def noload(*keys: Any) -> _AbstractLoad:
    """Leave a relationship empty."""
    return _along(keys, _relationship_step(keys[-1], "noload"))


def raiseload(*keys: Any, sql_only: bool = False) -> _AbstractLoad:
    """Refuse the lazy load of a relationship."""
    return _along(keys, _relationship_step(keys[-1], _raise_name(sql_only)))


def defaultload(*keys: Any) -> _AbstractLoad:
    """Lead to the options of related objects without changing this load."""
    return _along(keys, _relationship_step(keys[-1], None))


def contains_eager(*keys: Any, alias: Any = None) -> _AbstractLoad:
    """Take a relationship from columns that the statement joined itself."""
    return _along(keys, _contains_step(keys[-1], alias))


def defer(key: Any, *addl_attrs: Any, raiseload: bool = False) -> _AbstractLoad:
    """Leave a column out until it is read."""
    return _AbstractLoad([_column_step(key, "defer", raiseload=raiseload)])


def undefer(key: Any, *addl_attrs: Any) -> _AbstractLoad:
    """Load a deferred column with its entity."""
    return _AbstractLoad([_column_step(key, "undefer")])


def undefer_group(name: str) -> _AbstractLoad:
    """Load the deferred columns of a group with their entity."""
    return _AbstractLoad([_group_step(name)])


def load_only(*attrs: Any, raiseload: bool = False) -> _AbstractLoad:
    """Load only the named columns, and the primary key."""
    steps = _load_only_steps(attrs, raiseload)
    return _AbstractLoad((), [_AbstractLoad([s]) for s in steps])
