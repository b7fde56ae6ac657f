"""``join()`` and ``outerjoin()``: joins that know relationships as ON clauses."""

from __future__ import annotations

from typing import Any

from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.selectable import Join

from .._core.names import PLUGIN
from .._core.selectables import clause_is_present
from .queryable import QueryableAttribute


class EntityJoin(Join[Any]):
    """A JOIN of entities or FROM elements, along a relationship where one is given.

    Args:
        left: an entity, a FROM element, or another join.
        right: the same.
        onclause: a relationship attribute, an expression, or None for foreign keys.
        isouter: LEFT OUTER JOIN.
        full: FULL OUTER JOIN.
    """

    inherit_cache = True

    first_entity: Any = None
    """The mapper or alias that the joins start from; None for a plain FROM element."""

    def __init__(
        self,
        left: Any,
        right: Any,
        onclause: Any = None,
        isouter: bool = False,
        full: bool = False,
    ) -> None:
        subject, left_from = _from_of(left)
        if isinstance(left_from, EntityJoin):
            self.first_entity = left_from.first_entity
        elif subject is not None and left_from is subject.selectable:
            self.first_entity = subject
        right_subject, right_from = _from_of(right)
        if onclause is not None:
            onclause = coercions.expect(roles.OnClauseRole, onclause, legacy=True)
        if _is_relationship(onclause):
            left_from, onclause = _along(left_from, right_from, onclause, isouter)
        super().__init__(left_from, right_from, onclause, isouter, full)
        subject = subject if subject is not None else right_subject
        if subject is not None:
            self._propagate_attrs = self._propagate_attrs.union(
                {"compile_state_plugin": PLUGIN, "plugin_subject": subject}
            )

    def join(
        self,
        right: Any,
        onclause: Any = None,
        isouter: bool = False,
        full: bool = False,
    ) -> EntityJoin:
        """Join one more element."""
        return EntityJoin(self, right, onclause, isouter, full)

    def outerjoin(self, right: Any, onclause: Any = None, full: bool = False) -> Any:
        """Join one more element with LEFT OUTER JOIN."""
        return EntityJoin(self, right, onclause, True, full)


def _from_of(element: Any) -> tuple[Any, Any]:
    """The entity that an argument stands for, and its FROM element."""
    found = coercions.expect(roles.FromClauseRole, element)
    entity = found._annotations.get("parententity")
    if entity is None:
        return found._propagate_attrs.get("plugin_subject"), found
    return entity, entity.selectable


def _is_relationship(onclause: Any) -> bool:
    return isinstance(onclause, QueryableAttribute) and getattr(
        onclause.comparator.property, "_is_relationship", False
    )


def _along(
    left: Any, right: Any, attr: QueryableAttribute[Any], isouter: bool
) -> tuple[Any, Any]:
    """The left side and ON clause of a join along a relationship."""
    prop = attr.comparator.property
    parent = attr._parententity.selectable
    source = parent if clause_is_present(parent, left) else left
    joins = prop.create_joins(source, right, attr._extra_criteria)
    if joins.secondary is None:
        return left, joins.primaryjoin
    through = Join(left, joins.secondary, joins.primaryjoin, isouter=isouter)
    return through, joins.secondaryjoin


def join(
    left: Any,
    right: Any,
    onclause: Any = None,
    isouter: bool = False,
    full: bool = False,
) -> EntityJoin:
    """An inner JOIN of two entities or FROM elements.

    Args:
        onclause: a relationship attribute of the left side, or an expression.

    Source: ``sqlalchemy.orm.join``.
    """
    return EntityJoin(left, right, onclause, isouter, full)


def outerjoin(
    left: Any, right: Any, onclause: Any = None, full: bool = False
) -> EntityJoin:
    """A LEFT OUTER JOIN of two entities or FROM elements.

    Source: ``sqlalchemy.orm.outerjoin``.
    """
    return EntityJoin(left, right, onclause, True, full)
