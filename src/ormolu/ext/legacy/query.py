"""``Query`` of the 0.4 era: names where today's takes attributes."""

from __future__ import annotations

from inspect import unwrap
from typing import Any, Self

from sqlalchemy import exc as sa_exc
from sqlalchemy import inspect, text
from sqlalchemy import util as sa_util

from ... import Query as _Query
from ... import with_parent
from ...mapping.with_parent import property_between
from .options import StringOption, attribute_of, attributes_along
from .siblings import class_for


class Query(_Query[Any]):
    """A query whose joins, options and criteria may be strings.

    Args:
        entities: what to select: one thing or several.
        session: the session that executes.
    """

    _ways: tuple[tuple[Any, ...], ...] = ()

    # -- entities --------------------------------------------------------------

    def add_entity(
        self, entity: Any, alias: Any = None, entity_name: str | None = None
    ) -> Any:
        """Select a further entity."""
        return super().add_entity(class_for(entity, entity_name), alias)

    def _entities(self) -> list[Any]:
        """The inspections of the selected entities, in order."""
        found = [d["entity"] for d in self.column_descriptions]
        return [inspect(entity) for entity in found if entity is not None]

    # -- joins by name -----------------------------------------------------------

    def join(self, target: Any, onclause: Any = None, **kw: Any) -> Self:
        """Join along relations, by name or attribute.

        Args:
            target: a name, with dots between steps; a list of names; or whatever
                today's ``join`` takes.
            onclause: as today.
            kw: ``isouter``, ``full``; ``from_joinpoint`` begins where the last join
                ended.

        Raises:
            ArgumentError: for ``aliased=True``, or a name that is no relation.
        """
        if kw.pop("aliased", False):
            raise sa_exc.ArgumentError(
                "join() has no argument 'aliased' any more: join an aliased() entity"
            )
        from_joinpoint = kw.pop("from_joinpoint", False)
        names = _names_in(target) if onclause is None else None
        if names is None:
            return super().join(target, onclause, **kw)
        return self._join_names(names, from_joinpoint, **kw)

    def outerjoin(self, target: Any, onclause: Any = None, **kw: Any) -> Self:
        """Join with LEFT OUTER JOIN."""
        return self.join(target, onclause, isouter=True, **kw)

    def _join_names(self, names: list[str], from_joinpoint: bool, **kw: Any) -> Self:
        start = self._joined if from_joinpoint else None
        entity = inspect(start) if start is not None else self._start_of(names[0])
        attributes = attributes_along(entity, ".".join(names))
        query = self
        way: tuple[Any, ...] = (entity,)
        for attribute in attributes:
            way = (*way, attribute.key)
            query = query._join_once(way, attribute, **kw)
        return query

    def _join_once(self, way: tuple[Any, ...], attribute: Any, **kw: Any) -> Self:
        """Join a relation; one that was joined before is gone back to."""
        if way in self._ways:
            again = self._clone()
            again._joined = attribute.property.entity
            return again
        joined = super().join(attribute, **kw)
        joined._ways = (*self._ways, way)
        return joined

    def _start_of(self, name: str) -> Any:
        """The selected entity that has a relation of a name."""
        first = name.split(".")[0]
        entities = self._entities()
        for entity in entities:
            if attribute_of(entity, first) is not None:
                return entity
        raise sa_exc.ArgumentError(
            f"None of the entities {[str(e) for e in entities]} has a property {first!r}"
        )

    # -- criteria ----------------------------------------------------------------

    def filter(self, *criterion: Any) -> Self:
        """Add criteria: expressions, or SQL in strings."""
        return super().filter(*(_as_text(c) for c in criterion))

    def filter_by(self, **kwargs: Any) -> Self:
        """Add equality criteria by attribute name.

        A name is looked for in what was joined last, then in the selected entities.
        """
        criteria = [
            self._attribute_named(name) == value for name, value in kwargs.items()
        ]
        return self.filter(*criteria)

    def _attribute_named(self, name: str) -> Any:
        joined = self._joined
        candidates = [] if joined is None else [inspect(joined)]
        candidates += self._entities()
        for entity in candidates:
            attribute = attribute_of(entity, name)
            if attribute is not None:
                return attribute
        raise sa_exc.InvalidRequestError(
            f"Entity {candidates[0] if candidates else None!s} has no property {name!r}"
        )

    def order_by(self, *criterion: Any) -> Self:
        """Order by expressions, or SQL in strings; also by a list of them."""
        return super().order_by(*(_as_text(c) for c in _flat(criterion)))

    def group_by(self, *criterion: Any) -> Self:
        """Group by expressions, or SQL in strings; also by a list of them."""
        return super().group_by(*(_as_text(c) for c in _flat(criterion)))

    def from_statement(self, statement: Any) -> Self:
        """Load from a whole statement, which may be a string."""
        return super().from_statement(_as_text(statement))

    def with_parent(
        self, instance: object, property: Any = None, from_entity: Any = None
    ) -> Self:
        """Restrict to what is related to an instance, by a relation's name."""
        if property is None:
            property = property_between(instance, self._entities()[0])
        elif isinstance(property, str):
            property = attributes_along(type(instance), property)[0]
        criterion = with_parent(instance, property, from_entity)
        return super().filter(criterion)

    # -- options and execution -----------------------------------------------------

    def options(self, *args: Any) -> Self:
        """Add loader options; names in them are those of the first entity."""
        resolved = []
        for option in sa_util.flatten_iterator(args):
            if isinstance(option, StringOption):
                option = option.resolve(self._entities()[0])
            resolved.append(option)
        return super().options(*resolved)

    def get(self, ident: Any) -> Any:
        """The object with a primary key, None when there is none."""
        return unwrap(_Query.get)(self, ident)  # without its warning

    def load(self, ident: Any) -> Any:
        """The object with a primary key, loaded anew.

        Raises:
            InvalidRequestError: there is none.
        """
        found = self.populate_existing().get(ident)
        if found is None:
            raise sa_exc.InvalidRequestError(
                f"No instance found for identity {ident!r}"
            )
        return found

    def _iter(self) -> Any:
        result = super()._iter()
        release = getattr(self.session, "_release_after_query", None)
        return result if release is None else release(result)


def _names_in(target: Any) -> list[str] | None:
    """The names that a join is given; None when it is given something else."""
    if isinstance(target, str):
        return [target]
    if isinstance(target, (list, tuple)) and all(isinstance(t, str) for t in target):
        return list(target)
    return None


def _as_text(element: Any) -> Any:
    return text(element) if isinstance(element, str) else element


def _flat(criterion: tuple[Any, ...]) -> list[Any]:
    return list(sa_util.flatten_iterator(criterion))
