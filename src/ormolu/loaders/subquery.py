"""``subqueryload``: one more SELECT that joins from the first one, as a subquery."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.sql import util as sql_util
from sqlalchemy.sql.selectable import SelectLabelStyle
from sqlalchemy.sql.util import ColumnAdapter

from .._core.warnings import warn
from .._speedups import state as kernel
from ..compile.entities import entity_of
from ..compile.lambdas import without_lambdas
from ..compile.load_options import OwnLoad, node_below
from ..compile.query_style import QueryStyle, query_style
from ..hydrate.context import QueryContext
from ..instrument.flags import LOAD_AGAINST_COMMITTED, PASSIVE_OFF
from ..mapping.aliased import aliased
from ..mapping.with_polymorphic import target_of
from .following import follow
from .lazy import attribute_value, criteria_of
from .post import POST_LOADERS, run_post_loads

PLUS_COL = SelectLabelStyle.LABEL_STYLE_TABLENAME_PLUS_COL

UNLOADED = kernel.UNLOADED

_expand_by_order: Any = sql_util.expand_column_list_from_order_by


class Hop(NamedTuple):
    """One relationship on the way from the first statement's entity.

    Attributes:
        prop: the relationship.
        target: the alias that the user gave by ``of_type()``; None otherwise.
    """

    prop: Any
    target: Any = None


class Origin(NamedTuple):
    """The statement that is repeated as a subquery, and the way from its entity.

    Attributes:
        statement: the first SELECT.
        params: the parameters that it was executed with.
        root: which element of it is the entity.
        hops: the relationships from that entity to the objects that were loaded.
    """

    statement: Any
    params: Any
    root: int
    hops: tuple[Hop, ...]

    def along(self, hops: tuple[Hop, ...]) -> Origin:
        """The same statement, with more relationships to go along."""
        return self._replace(hops=self.hops + hops)


def origin_of(context: QueryContext, load: Any, prop: Any) -> Origin | None:
    """The statement that gave an entity's objects; None when it is no SELECT.

    Args:
        context: of the load that the entity is a part of.
        load: the entity.
        prop: the relationship that is to be loaded.
    """
    joined = tuple(Hop(prop) for prop in load.chain)
    if context.origin is not None:
        return context.origin.along(joined)  # type: ignore[no-any-return]
    statement = context.query
    if not getattr(statement, "is_select", False):
        return None
    if getattr(statement, "_is_lambda_element", False):
        warn(
            f'subqueryloader for "{prop}" must invoke lambda callable at '
            f"{statement!r} in order to produce a new query, decreasing the "
            "efficiency of caching for this statement.  Consider using "
            "selectinload() for more effective full-lambda caching"
        )
        statement = statement._resolved
    statement = without_lambdas(statement)
    return Origin(statement, context.params, load.root, joined)


class SubqueryQuery:
    """The SELECT of one relationship for all parents that another SELECT gave.

    Args:
        origin: the other SELECT and the way to the parents.
        post: the relationship, with what the options say of it.
        path: the relationships that eager loading must not repeat.

    Attributes:
        locals: the parents' columns that the rows are told apart by.
        target: what it selects of the related objects.
        statement: its rows are the related entity, then the values of those columns.
    """

    __slots__ = ("_keep", "locals", "statement", "target")

    def __init__(self, origin: Origin, post: Any, path: Any) -> None:
        prop, step = post.prop, post.step
        named = step is not None and step.attr is not None
        target = self.target = target_of(prop, step.attr if named else None)
        criteria = criteria_of(step) if named else ()
        first = origin.hops[0].prop if origin.hops else prop
        embedded = _embedded(origin, first)
        # aliases are kept here, for the statement does not
        following = [*(hop.prop for hop in origin.hops[1:]), prop]
        self._keep = between = [
            _alias_of(hop, further.parent)
            for hop, further in zip(origin.hops, following, strict=False)
        ]
        self.locals = _local_columns(prop)
        if between:
            parent, adapter = between[-1], between[-1]._adapter
        else:
            parent = aliased(prop.parent.class_, embedded)._aliased_insp
            adapter = _adapter_to(embedded, prop.parent)
            self._keep = [parent]
        annotations = {"parententity": parent, "parentmapper": parent.mapper}
        keys = [adapter.traverse(c)._annotate(annotations) for c in self.locals]
        statement = select(target, *keys).select_from(embedded)
        source = embedded
        for hop, alias in zip(origin.hops, between, strict=True):
            statement, _ = _joined(statement, hop.prop, source, alias)
            source = alias.selectable
        statement, secondary = _joined(statement, prop, source, target, criteria)
        if prop.order_by:
            statement = statement.order_by(*_adapted_order(prop, target, secondary))
        node = node_below(post.node, post.step)
        own = OwnLoad(node, path, hops=len(origin.hops) + 1)
        self.statement = statement.options(own).set_label_style(PLUS_COL)


def _local_columns(prop: Any) -> list[Any]:
    """The parent's columns in the join: those that are compared with others first."""
    local = prop.local_columns
    compared = [column for column, _ in prop.local_remote_pairs if column in local]
    others = sorted(local.difference(compared), key=str)
    return list(dict.fromkeys([*compared, *others]))


def _alias_of(hop: Hop, parent: Any) -> Any:
    """The alias of an entity that is only joined along.

    Args:
        parent: the mapper that the next relationship belongs to.
    """
    if hop.target is not None:
        return hop.target._descendants.get(parent, hop.target)
    entity = hop.prop.entity
    if entity.is_aliased_class:
        return aliased(entity.entity)._aliased_insp
    mapper = parent if parent.isa(hop.prop.mapper) else hop.prop.mapper
    return aliased(mapper.class_)._aliased_insp


def _joined(
    statement: Any, prop: Any, source: Any, target: Any, criteria: tuple[Any, ...] = ()
) -> tuple[Any, Any]:
    """A SELECT joined along a relationship, and the alias of its secondary table."""
    joins = prop.create_joins(source, target.selectable, criteria)
    if joins.secondary is None:
        return statement.join(target, joins.primaryjoin), None
    through = statement.join(joins.secondary, joins.primaryjoin)
    return through.join(target, joins.secondaryjoin), joins.secondary


def _adapted_order(prop: Any, target: Any, secondary: Any) -> list[Any]:
    order_by = prop.order_by
    if target.is_aliased_class:
        order_by = [target._adapter.traverse(clause) for clause in order_by]
    if secondary is not None:
        adapter: Any = sql_util.ClauseAdapter(secondary)
        order_by = [adapter.traverse(clause) for clause in order_by]
    return list(order_by)


# -- the first statement as a subquery ---------------------------------------------


def _embedded(origin: Origin, first: Any) -> Any:
    """The first statement with nothing but the columns that the join starts from."""
    statement = origin.statement._generate()
    entity = entity_of(statement._raw_columns[origin.root])
    if not statement._from_obj:
        statement._from_obj = tuple(statement.columns_clause_froms)
    style = query_style(statement)
    plain = QueryStyle(legacy=False, from_base=style.from_base)
    statement._with_options = (plain,) if plain.from_base else ()
    entity = _part_of(entity, first.parent)
    annotated = [_column_of(entity, column) for column in _local_columns(first)]
    distinct = _repeats_keys(first, annotated)
    if not statement._has_row_limiting_clause:
        statement = statement.order_by(None)
    if distinct:
        statement._distinct = True
    if distinct:  # what a DISTINCT is ordered by must be selected
        order_by = statement._order_by_clauses
        annotated += _expand_by_order(list(annotated), order_by)
    statement._raw_columns = annotated
    return statement.set_label_style(PLUS_COL).subquery()


def _adapter_to(embedded: Any, mapper: Any) -> Any:
    """What finds the columns of a mapper in the first statement."""
    return ColumnAdapter(embedded, equivalents=mapper._equivalent_columns)


def _part_of(entity: Any, mapper: Any) -> Any:
    """The entity as which a statement selects a descendant along with its base."""
    if entity.is_aliased_class:
        return entity._descendants.get(mapper, entity)
    if mapper in entity._with_polymorphic_mappers:
        return entity
    return mapper if mapper.isa(entity) else entity


def _column_of(entity: Any, column: Any) -> Any:
    aliased = entity.is_aliased_class
    adapter = entity._adapter if aliased else entity._polymorphic_adapter
    if adapter is not None:
        column = adapter.traverse(column)
    return column._annotate({"parententity": entity, "parentmapper": entity.mapper})


def _repeats_keys(prop: Any, columns: list[Any]) -> bool:
    """Whether rows without DISTINCT would repeat parents' keys."""
    if prop.distinct_target_key is not None:
        return bool(prop.distinct_target_key)
    return any(
        not set(table.primary_key) <= set(columns)
        for table in {column.table for column in columns}
    )


# -- the load ----------------------------------------------------------------------


class SubqueryLoad:
    """The load of one relationship for the objects of one load.

    Args:
        load: the entity that the objects are.
        overwrite: give it also to objects that have it (``populate_existing``).
    """

    def __init__(self, session: Any, post: Any, load: Any, overwrite: bool) -> None:
        self.session = session
        self.prop = post.prop
        self.mapper = post.prop.parent
        self.overwrite = overwrite
        self.impl = self.prop.parent.class_manager[self.prop.key].impl

    def load(
        self, objects: list[Any], query: SubqueryQuery, origin: Origin, follows: Any
    ) -> None:
        """Execute, and give each object what belongs to it.

        Args:
            query: the statement.
            origin: what further statements repeat, up to the related objects.
            follows: the context of the load that the objects came from.
        """
        following = follow(
            self.session,
            self.prop.mapper,
            (self.prop,),
            query.statement,
            origin.params or {},
            follows,
            self.overwrite,
            origin,
        )
        related: dict[Any, list[Any]] = {}
        for child, *key in following.rows:
            related.setdefault(tuple(key), []).append(child)
        for obj, key in zip(objects, self._keys(objects, query.locals), strict=True):
            if self.overwrite or kernel.peek_key(obj, self.prop.key) is UNLOADED:
                self._assign(obj, related.get(key, ()))
        if following.plan.post:
            run_post_loads(self.session, following.plan, following.run, self.overwrite)

    def _keys(self, objects: list[Any], columns: list[Any]) -> Iterator[Any]:
        """The values of each object that its rows are found by, as they were loaded."""
        names = [self.mapper.get_property_by_column(c).key for c in columns]
        passive = PASSIVE_OFF | LOAD_AGAINST_COMMITTED
        for obj in objects:
            struct = kernel.state_of(obj)
            yield tuple(
                attribute_value(obj, struct, self.mapper, name, passive)
                for name in names
            )

    def _assign(self, obj: Any, found: Any) -> None:
        if len(found) > 1:
            found = list({id(x): x for x in found}.values())
        if self.prop.uselist:
            self.impl.set_committed_value(obj, list(found))
            return
        if len(found) > 1:
            warn(
                "Multiple rows returned with uselist=False for eagerly-loaded "
                f"attribute '{self.prop}' "
            )
        self.impl.set_committed_value(obj, found[0] if found else None)


def load_subquery(
    session: Any,
    objects: list[Any],
    post: Any,
    path: Any,
    overwrite: bool,
    load: Any,
    context: QueryContext,
) -> None:
    """Load a relationship of many objects by joining from their own statement."""
    origin = origin_of(context, load, post.prop)
    if origin is None:
        return
    query = SubqueryQuery(origin, post, path)
    target = None
    if post.step is not None and post.step.attr is not None:
        given = post.step.attr._of_type
        if given is not None and given.is_aliased_class:
            target = given
    further = origin.along((Hop(post.prop, target),))
    SubqueryLoad(session, post, load, overwrite).load(objects, query, further, context)


POST_LOADERS["subquery"] = load_subquery
