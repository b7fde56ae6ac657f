"""The loader criteria that hold for a statement while it is compiled.

They are those of the outermost statement, for itself and for everything inside of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import and_
from sqlalchemy.sql.elements import ColumnClause
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.schema import Column
from sqlalchemy.sql.selectable import FromClause, Join, SelectBase

from .._core.joins import deep_annotate, replaced
from .._core.selectables import (
    clause_is_present,
    froms_of,
    shared_attributes,
)
from ..hydrate.description import is_criteria_option
from ..mapping.orm_join import EntityJoin
from .load_options import own_load

WITHIN = "for_loader_criteria"
"""The annotation of a statement that is part of criteria: the options of those.

They are not applied in it once more, or this would never end.
"""

OUTERMOST = "ormolu_criteria"


def options_with_criteria(statement: Any) -> tuple[Any, ...]:
    """The criteria options of a statement, with those from before its columns changed."""
    given = [
        o for o in getattr(statement, "_with_options", ()) if is_criteria_option(o)
    ]
    for memo in getattr(statement, "_memoized_select_entities", ()):
        given[:0] = [o for o in memo._with_options if is_criteria_option(o)]
    return tuple(given)


def criteria_for(statement: Any, compiler: Any) -> Criteria | None:
    """The criteria that hold for a statement.

    Args:
        compiler: that of the outermost statement; None when nothing is compiled, and
            nothing holds.
    """
    if compiler is None:
        return None
    options = _options_of_outermost(statement, compiler)
    within = statement._annotations.get(WITHIN, frozenset())
    return Criteria(tuple(o for o in options if o not in within), within)


def announce_outermost(statement: Any, compiler: Any) -> tuple[Any, ...]:
    """Note the criteria options of the statement that everything else is a part of."""
    options = options_with_criteria(statement)
    shared_attributes(compiler)[OUTERMOST] = options
    return options


def _options_of_outermost(statement: Any, compiler: Any) -> tuple[Any, ...]:
    found: tuple[Any, ...] | None = shared_attributes(compiler).get(OUTERMOST)
    if found is not None:
        return found
    # one of Core's own did not announce itself: a UNION, an INSERT into a table
    outermost = compiler.stack[0].get("selectable") if compiler.stack else statement
    return announce_outermost(outermost, compiler)


class Criteria:
    """What holds for the entities of one statement: options, and their classes.

    A class that shares its parent's table has rows there by their discriminator.

    Args:
        options: the options.
        within: those whose criteria the statement is part of.
    """

    def __init__(
        self, options: Iterable[Any], within: frozenset[Any] = frozenset()
    ) -> None:
        self._options = options
        self._within = within

    def of(self, entity: Any) -> list[Any]:
        """The criteria for a mapper or alias that is selected from."""
        found = self.of_options(entity)
        of_class = class_criterion(entity)
        return found if of_class is None else [*found, of_class]

    def of_options(self, entity: Any) -> list[Any]:
        """The same without what tells the rows of a class from others of its table."""
        return [
            self._marked(option, entity)
            for option in self._options
            if option.applies_to(entity)
        ]

    def of_classes(self) -> Criteria:
        """What holds whatever the options say."""
        return Criteria((), self._within)

    def joined(self, entity: Any) -> Any:
        """The same as one expression, for what is joined to; None when there are none."""
        found = [c for e in _with_bases([entity]) for c in self.of(e)]
        return and_(*found) if found else None

    def eager(self, mapper: Any, target: Any, alias: Any) -> Any:
        """The criteria for a mapper whose rows a loader joins, to be adapted; or None.

        The loader's own alias is the entity itself, whether or not the option is for
        aliases.

        Args:
            target: the entity that the relationship leads to.
            alias: the selectable that it is joined as.
        """
        found = []
        for option in self._options:
            if not (option.propagate_to_loaders and option.is_about(mapper)):
                continue
            of_alias = option.entity is not None and option.entity.is_aliased_class
            if of_alias and option.entity is not target:
                continue
            criterion = self._marked(option, option.entity if of_alias else mapper)
            if of_alias:
                criterion = _moved(criterion, target.selectable, alias)
            found.append(criterion)
        of_class = mapper._single_table_criterion()
        if of_class is not None:
            found.append(of_class)
        return and_(*found) if found else None

    def _marked(self, option: Any, entity: Any) -> Any:
        criterion = deep_annotate(
            option.criterion_of(entity),
            {WITHIN: self._within | {option}},
            detect_subquery_cols=True,
            ind_cols_on_fromclause=True,
        )
        if entity.is_aliased_class:
            criterion = entity._adapter.traverse(criterion)
        return criterion


def class_criterion(entity: Any) -> Any:
    """What tells rows of a class from others of its table; None where nothing must."""
    if entity.is_aliased_class and entity.base is not None:
        return None  # the rows are those of its base class
    criterion = entity.mapper._single_table_criterion()
    if criterion is not None and entity.is_aliased_class:
        criterion = entity._adapter.traverse(criterion)
    return criterion


def _moved(criterion: Any, source: Any, alias: Any) -> Any:
    """A criterion about one alias as one about another of the same rows."""
    columns = {c: alias.c[c.key] for c in source.c if c.key in alias.c}

    def replace(element: Any) -> Any:
        return columns.get(element) if isinstance(element, ColumnClause) else None

    return replaced(criterion, replace)


def plain_criteria(statement: Any, entity: Any) -> list[Any]:
    """The criteria of a statement for its entity, for evaluation in Python."""
    found = []
    for option in options_with_criteria(statement):
        if option.applies_to(entity):
            criterion = option.criterion_of(entity)
            if entity.is_aliased_class:
                criterion = entity._adapter.traverse(criterion)
            found.append(criterion)
    if not isinstance(entity.mapper.polymorphic_on, Column):
        return found  # the class of an object says it, and nothing else can
    of_class = entity.mapper._single_table_criterion()
    return found if of_class is None else [*found, of_class]


class WhereCriteria:
    """Adds criteria to the WHERE clause of a SELECT.

    Args:
        criteria: the criteria.
        statement: the SELECT of entities.
        joined: the entities that are joined to, whose criteria are in ON clauses.
    """

    def __init__(self, criteria: Criteria, statement: Any, joined: set[Any]) -> None:
        self._criteria = criteria
        self._statement = statement
        self._joined = joined

    def add(self, core: Any, compiler: Any, asfrom: bool, lateral: bool) -> None:
        """Add the criteria of each entity that the plain SELECT takes its rows from.

        What is only referred to may stand in the FROM list of a statement around it.
        """
        roots = dict.fromkeys(_with_bases(self._roots()))
        wanted = self._wanted(roots)
        earlier = self._wanted(e for e in self._earlier() if e not in roots)
        others = self._wanted(e for e in self._others() if e not in roots)
        if earlier or others:
            froms, displayed = froms_of(core, compiler, asfrom, lateral)
            for entity, found in earlier.items():
                if _is_present(entity, displayed):
                    wanted[entity] = found
            for entity, found in others.items():
                # what no FROM has yet is added there by the criteria themselves
                if _is_present(entity, displayed) or not _is_present(entity, froms):
                    wanted[entity] = found
        for found in wanted.values():
            core._where_criteria = (*core._where_criteria, *found)

    def _wanted(self, entities: Iterable[Any]) -> dict[Any, list[Any]]:
        """The criteria of each entity that has some and that is not joined to."""
        return {
            entity: found
            for entity in dict.fromkeys(_with_bases(entities))
            if entity not in self._joined and (found := self._criteria.of(entity))
        }

    def _roots(self) -> Iterator[Any]:
        """The entities that the statement selects, or selects from."""
        statement = self._statement
        is_own = own_load(statement) is not None
        for raw in statement._raw_columns:
            if raw._is_from_clause or not is_own:  # beside an entity there are keys
                yield from entities_within(raw)
        for element in statement._from_obj:
            yield from _entities_of_from(element)
        yield from _left_entities(statement._setup_joins)

    def _earlier(self) -> Iterator[Any]:
        """Those of before its columns were replaced."""
        for memo in self._statement._memoized_select_entities:
            for raw in memo._raw_columns:
                yield from entities_within(raw)
            yield from _left_entities(memo._setup_joins)

    def _others(self) -> Iterator[Any]:
        """Those that the WHERE clause refers to."""
        for criterion in self._statement._where_criteria:
            yield from reversed(list(entities_within(criterion)))


def _with_bases(entities: Iterable[Any]) -> Iterator[Any]:
    """Entities, each with the alias that it is a descendant's part of."""
    for entity in entities:
        yield entity
        if entity.is_aliased_class and entity.base is not None:
            yield entity.base


def _is_present(entity: Any, froms: Iterable[Any]) -> bool:
    return any(clause_is_present(entity.selectable, f) for f in froms)


def _left_entities(setups: Iterable[Any]) -> Iterator[Any]:
    for target, onclause, left, _ in setups:
        if left is not None:
            yield from _entities_of_from(left)
        for attribute in (target, onclause):
            entity = getattr(attribute, "_parententity", None)
            if entity is not None:
                yield entity


def _entities_of_from(element: Any) -> Iterator[Any]:
    entity = joined_entity(element)
    if entity is not None:
        yield entity


def joined_entity(element: Any) -> Any:
    """The entity that a FROM element is, or begins with; None for another element."""
    entity = element._annotations.get("parententity")
    if entity is None and isinstance(element, EntityJoin):
        return element.first_entity
    return entity


def add_to_joins(froms: Iterable[Any], conditions: Mapping[Any, Any]) -> None:
    """Extend the ON clauses of joins that Core has found the conditions of.

    Args:
        froms: the FROM list; the joins in it are the statement's own.
        conditions: by the right side of a join, what to add.
    """
    for element in froms if conditions else ():
        while isinstance(element, Join):
            if element.right in conditions:
                joined: Any = element.onclause
                element.onclause = and_(joined, conditions[element.right])
            element = element.left


def entities_within(expression: Any) -> Iterator[Any]:
    """The entities that an expression refers to, outside of its subqueries."""
    waiting = [expression]
    while waiting:
        element = waiting.pop()
        entity = element._annotations.get("parententity")
        if entity is not None:
            yield entity
        elif not _is_subquery(element):
            waiting.extend(reversed(list(element.get_children())))


def _is_subquery(element: Any) -> bool:
    if isinstance(element, FunctionElement):
        return False  # a FROM clause as well, but first of all an expression
    return isinstance(element, (FromClause, SelectBase))
