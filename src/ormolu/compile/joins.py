"""The joins of a statement: those along relationships, and those to entities."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_
from sqlalchemy import exc as sa_exc
from sqlalchemy import util as sa_util
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.selectable import Join, SelectState
from sqlalchemy.sql.util import find_left_clause_that_matches_given

from .._core.selectables import clause_is_present, leaves_of
from .._core.warnings import warn
from ..mapping.aliased import aliased
from ..mapping.queryable import QueryableAttribute
from .adaption import Adaption
from .criteria import entities_within, joined_entity
from .entities import entity_of, plain_from, relationship_of


class Joins:
    """Turns the joins of one statement into those that Core compiles.

    Args:
        statement: the SELECT with entities.
        compiler: Core's compiler.
        adaption: told of what is joined, and asked what stands for it.
        criteria: what options add to the ON clauses, or None.

    Attributes:
        roots: the entities of what is selected.
        replaced: by entity, the alias that a join has taken for it.
        entities: what is joined to.
        on_criteria: by what is joined to without an ON clause, further conditions.
    """

    def __init__(
        self, statement: Any, compiler: Any, adaption: Adaption, criteria: Any
    ) -> None:
        self.statement = statement
        self.compiler = compiler
        self.adaption = adaption
        self.criteria = criteria
        self.roots: list[Any] = []
        self.replaced: dict[Any, Any] = {}
        self.entities: set[Any] = set()
        self.on_criteria: dict[Any, Any] = {}
        self._made: list[Any] = []
        self._steps: set[Any] = set()
        self._used_tables: set[Any] = set()
        self._aliases: list[Any] = []

    def start(self) -> None:
        """Take note of what is selected."""
        for raw in self.statement._raw_columns:
            self.roots += entities_within(raw)
        for entity in self.roots:
            self.adaption.note(entity)

    def plain(self, setups: Any) -> tuple[Any, ...]:
        """Some joins as those of tables; the ones before are taken into account."""
        first = len(self._made)
        for target, onclause, left, flags in setups:
            self._made.extend(self._plain_join(target, onclause, left, flags))
        return tuple(self._made[first:])

    def _plain_join(self, target: Any, onclause: Any, left: Any, flags: Any) -> Any:
        relationship = relationship_of(onclause)
        if relationship is not None and relationship_of(target) is not None:
            relationship = None
        if onclause is None:
            relationship = relationship_of(target)
            if relationship is not None:
                target = None
        if relationship is None:
            if relationship_of(target) is not None:
                raise sa_exc.InvalidRequestError(
                    "No 'on clause' argument may be passed when joining to a "
                    "relationship path as a target"
                )
            if isinstance(target, QueryableAttribute):
                raise sa_exc.ArgumentError(
                    f"Join target {target} does not refer to a mapped entity; "
                    "join to the entity or along a relationship"
                )
            return self._join_on_expression(target, onclause, left, flags)
        return self._join_relationship(target, relationship, left, flags)

    def _join_on_expression(
        self, target: Any, onclause: Any, left: Any, flags: Any
    ) -> list[Any]:
        entity = self._joined_as(entity_of(target), left)
        right = plain_from(target) if entity is None else entity.selectable
        if left is not None:
            left = plain_from(left)
        if onclause is not None:
            onclause = coercions.expect(roles.OnClauseRole, onclause)
            if isinstance(onclause, QueryableAttribute):
                onclause = onclause.__clause_element__()
            onclause = self.adaption.clause(onclause)
        if entity is not None and left is not None and left is right:
            raise sa_exc.InvalidRequestError(
                f"Can't join table/selectable '{left}' to itself"
            )
        criterion = self._join_criterion(entity or joined_entity(target))
        if criterion is not None and onclause is None:
            self.on_criteria[right] = criterion
        elif criterion is not None:
            onclause = and_(onclause, criterion)
        return [(right, onclause, left, flags)]

    def _join_criterion(self, entity: Any) -> Any:
        """What options add to the ON clause of a join to an entity, or None."""
        if self.criteria is None or entity is None:
            return None
        self.entities.add(entity)
        return self.criteria.joined(entity)

    def _join_relationship(
        self, target: Any, attr: Any, left: Any, flags: Any
    ) -> list[Any]:
        prop = attr.comparator.property
        source = attr._parententity
        if left is not None:
            _check_left(left, attr)
        dest = attr._of_type or (prop.entity if target is None else None)
        if dest is None:
            dest = entity_of(target)
            if dest is None:
                dest = self._selectable_target(target, prop)
        if dest is not source:
            self._check_target(prop, dest)
        source = self.replaced.get(source, source)
        source_table = self._joined_from(source)
        if hasattr(dest, "mapper"):
            dest = self._joined_as(dest, source)
        dest_table = dest.selectable if hasattr(dest, "selectable") else dest
        step = (source, prop, dest)
        if step in self._steps:
            return []  # a path that overlaps with an earlier one
        self._steps.add(step)
        if dest is source:
            raise sa_exc.InvalidRequestError(
                f"Can't construct a join from {source} to {dest}, they are the same "
                "entity"
            )
        if dest_table is source_table:
            raise sa_exc.InvalidRequestError(
                f"Can't join table/selectable '{source_table}' to itself"
            )
        joins = prop.create_joins(
            source_table,
            dest_table,
            attr._extra_criteria,
            criterion=self._join_criterion(dest if hasattr(dest, "mapper") else None),
        )
        joins = joins._replace(
            primaryjoin=self.adaption.join_condition(joins.primaryjoin, source_table)
        )
        if joins.secondary is None:
            return [(dest_table, joins.primaryjoin, source_table, flags)]
        if flags["isouter"]:
            nested = Join(joins.secondary, dest_table, joins.secondaryjoin)
            return [(nested, joins.primaryjoin, source_table, flags)]
        return [
            (joins.secondary, joins.primaryjoin, source_table, flags),
            (dest_table, joins.secondaryjoin, joins.secondary, flags),
        ]

    def _joined_from(self, source: Any) -> Any:
        """What a join along a relationship of an entity starts from.

        That is what the statement selects the entity from, be it as a part of something
        else: of a class that it inherits from, or that inherits from it.
        """
        selectable = self.adaption.selectable_of(source)
        if not source.is_aliased_class and not self._has_selectable(selectable):
            other = self._related_from(source.mapper, selectable)
            if other is not None:
                return other
        self.adaption.note(source)
        return self.adaption.selectable_of(source)

    def _has_selectable(self, selectable: Any) -> bool:
        return any(selectable is e.selectable for e in self.roots) or any(
            selectable is target for target, *_ in self._made
        )

    def _related_from(self, mapper: Any, selectable: Any) -> Any:
        """What stands in FROM already that has the rows of a mapper, if not as it is."""
        froms = self._froms_so_far()
        if froms:
            matching = find_left_clause_that_matches_given(froms, selectable)
            if len(matching) != 1:
                return None
            found = froms[matching[0]]
            return None if clause_is_present(selectable, found) else found
        for raw in self.statement._raw_columns:
            entity = entity_of(raw)
            if entity is not None and not entity.is_aliased_class:
                if entity.base_mapper is mapper.base_mapper:
                    return entity.selectable
        return None

    def _froms_so_far(self) -> list[Any]:
        """The FROM list that the statement's own one and the joins up to here make."""
        bare = self.statement._generate()
        bare._propagate_attrs = sa_util.EMPTY_DICT
        bare._memoized_select_entities = bare._where_criteria = ()
        bare._from_obj = tuple(plain_from(f) for f in self.statement._from_obj)
        bare._raw_columns = [plain_from(raw) for raw in self.statement._raw_columns]
        bare._setup_joins = tuple(self._made)
        return list(SelectState(bare, self.compiler).from_clauses)

    def _joined_as(self, entity: Any, left: Any) -> Any:
        """What an entity is joined as: an alias where its tables are joined already.

        Args:
            left: what is joined from; None where nothing was said.
        """
        if entity is None:
            return None
        if not self._used_tables:
            first = left if left is not None else self._first_from()
            self._used_tables.update(_tables_of(first))
        tables = _tables_of(entity)
        if not entity.is_aliased_class and isinstance(entity.selectable, Join):
            if entity is not left and not tables.isdisjoint(self._used_tables):
                entity = self._automatic_alias(entity)
        self._used_tables |= tables
        self.adaption.note(entity)
        return entity

    def _automatic_alias(self, mapper: Any) -> Any:
        warn(
            f"An alias is being generated automatically against joined entity {mapper} "
            "due to overlapping tables.  This is a legacy pattern which may be "
            "deprecated in a later release.  Use the aliased(<entity>, flat=True) "
            "construct explicitly, see the linked example.",
            code="xaj2",
        )
        alias = aliased(mapper.class_, flat=True)
        self._aliases.append(alias)  # nothing else holds it
        insp = self.replaced[mapper] = alias._aliased_insp
        self.adaption.add(mapper, insp._adapter)
        return insp

    def _first_from(self) -> Any:
        """What joins begin from where they don't say."""
        for element in self.statement._from_obj:
            entity = joined_entity(element)
            return element if entity is None else entity
        for raw in self.statement._raw_columns:
            for entity in entities_within(raw):
                return entity
        return None

    def _selectable_target(self, target: Any, prop: Any) -> Any:
        if not target.is_derived_from(prop.mapper.persist_selectable):
            raise sa_exc.InvalidRequestError(
                f"Selectable '{getattr(target, 'description', target)}' is not "
                f"derived from '{prop.mapper.persist_selectable.description}'"
            )
        return target

    def _check_target(self, prop: Any, dest: Any) -> None:
        mapper = getattr(dest, "mapper", None)
        if mapper is not None and not (
            mapper.isa(prop.mapper) or prop.mapper.isa(mapper)
        ):
            raise sa_exc.InvalidRequestError(
                f"Join target {dest} does not correspond to the right side of join "
                f"condition {prop}"
            )


def _check_left(left: Any, attr: Any) -> None:
    """What is joined from explicitly must be what the attribute belongs to.

    Raises:
        InvalidRequestError: it is something else.
    """
    entity = entity_of(left)
    if entity is None:
        entity = left
    if entity is not attr._parententity:
        raise sa_exc.InvalidRequestError(
            f"explicit from clause {entity} does not match left side of relationship "
            f"attribute {attr}"
        )


def _tables_of(element: Any) -> set[Any]:
    """The tables of an entity or FROM element that are not hidden in an alias."""
    if element is None:
        return set()
    return leaves_of(getattr(element, "selectable", element))
