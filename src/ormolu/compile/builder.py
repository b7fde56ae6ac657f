"""Turns a SELECT of entities into the SELECT of columns that Core compiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import and_
from sqlalchemy import exc as sa_exc
from sqlalchemy import util as sa_util
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.elements import ClauseList, ColumnElement, Label, NamedColumn
from sqlalchemy.sql.selectable import Join, SelectLabelStyle, SelectState
from sqlalchemy.sql.util import find_left_clause_that_matches_given

from .._core.selectables import clause_is_present, leaves_of
from .._core.warnings import warn
from ..hydrate.description import (
    BundleLoad,
    ColumnLoad,
    EntityLoad,
    LoadDescription,
    repeated_options,
)
from ..mapping.aliased import aliased
from ..mapping.bundle import Bundle, bundle_of, part_name
from ..mapping.queryable import QueryableAttribute, inspect_entity
from .adaption import Adaption
from .criteria import (
    WhereCriteria,
    add_to_joins,
    criteria_for,
    entities_within,
    joined_entity,
)
from .eager_joins import EagerJoins, froms_before_where
from .entity_plan import ColumnList, EntityPlanner
from .from_base import adapt_to_base
from .lambdas import without_lambdas
from .load_options import own_load
from .options import build_tree
from .query_style import options_of, query_style


def entity_of(element: Any) -> Any:
    """The mapper or alias that an element of a statement stands for, or None."""
    if getattr(element, "_is_from_clause", False):
        return element._annotations.get("parententity")
    return None


def label_of_entity(entity: Any) -> str:
    """The name of an entity in a result row; None for an alias without a name."""
    if entity.is_aliased_class:
        return entity.name  # type: ignore[no-any-return]
    return str(entity.class_.__name__)


def naming(label_style: Any) -> Callable[[Any], Any]:
    """What names the columns of a SELECT's rows; a new one for each SELECT."""
    if label_style is SelectLabelStyle.LABEL_STYLE_LEGACY_ORM:
        return _attribute_name
    convention: Callable[[Any], Any] = SelectState._column_naming_convention(
        label_style
    )
    return convention


def describe_entities(statement: Any) -> list[dict[str, Any]]:
    """``Select.column_descriptions``."""
    name = naming(statement._label_style)
    found = []
    for raw in without_lambdas(statement)._raw_columns:
        if _is_several(raw) and entity_of(raw) is None and bundle_of(raw) is None:
            for column in raw._select_iterable:
                found.append(describe_entity(column, statement, name))
        else:
            found.append(describe_entity(raw, statement, name))
    return found


def _is_several(raw: Any) -> bool:
    """Whether a selected element stands for columns, one or many, of its own."""
    return bool(raw._is_from_clause) or _is_list(raw)


def _is_list(raw: Any) -> bool:
    """Whether an element is a list of columns, as the ``clauses`` of a composite."""
    return isinstance(raw, ClauseList) and not isinstance(raw, ColumnElement)


def describe_entity(raw: Any, statement: Any, name: Any = None) -> dict[str, Any]:
    """One element of ``Select.column_descriptions``."""
    entity = entity_of(raw)
    if entity is not None:
        return {
            "name": label_of_entity(entity),
            "type": entity.class_,
            "aliased": entity.is_aliased_class,
            "expr": entity.entity,
            "entity": entity.entity,
        }
    bundle = bundle_of(raw)
    if bundle is not None:
        return {
            "name": bundle.name,
            "type": type(bundle),
            "aliased": False,
            "expr": bundle,
            "entity": bundle.entity and bundle.entity.entity,
        }
    parent = raw._annotations.get("parententity")
    if parent is None and isinstance(raw, Label):
        parent = raw.element._annotations.get("parententity")
    expr = raw
    if parent is not None and "proxy_key" in raw._annotations:
        expr = getattr(parent.entity, raw._annotations["proxy_key"], raw)
    return {
        "name": getattr(raw, "_proxy_key", None) if name is None else name(raw),
        "type": getattr(raw, "type", None),
        "aliased": bool(parent is not None and parent.is_aliased_class),
        "expr": expr,
        "entity": None if parent is None else parent.entity,
    }


def _attribute_name(raw: Any) -> Any:
    """The name that a column has in the rows of a ``Query``."""
    name = raw._annotations.get("proxy_key")
    if name is None and isinstance(raw, NamedColumn):
        name = raw.key
    return name


def namespaces_of(statement: Any) -> set[Any]:
    """Everything that ``filter_by`` looks its names up in."""
    found: set[Any] = set()
    statement = without_lambdas(statement)
    setups = list(statement._setup_joins)
    for memo in statement._memoized_select_entities:
        setups.extend(memo._setup_joins)
        for raw in memo._raw_columns:
            _add_namespace(found, raw)
    for target, _onclause, *_ in setups:
        relationship = _relationship_of(target)
        if relationship is None:
            found.add(_namespace(target))
        else:
            found.add(relationship._of_type or relationship.comparator.entity)
    for element in statement._from_obj:
        found.add(_namespace(element))
    for raw in statement._raw_columns:
        _add_namespace(found, raw)
    return found


def _namespace(element: Any) -> Any:
    entity = entity_of(element)
    return element if entity is None else entity


def _add_namespace(found: set[Any], raw: Any) -> None:
    entity = raw._annotations.get("parententity")
    if entity is not None:
        found.add(entity)
        return
    for element in raw._from_objects:
        found.add(_namespace(element))


def _relationship_of(element: Any) -> Any:
    if isinstance(element, QueryableAttribute):
        prop = element.comparator.property
        if getattr(prop, "_is_relationship", False):
            return element
    return None


def _configure_entities(statement: Any) -> None:
    """Configure the mappers of what is selected, if nothing else did so yet."""
    for raw in statement._raw_columns:
        entity = raw._annotations.get("parententity")
        if entity is not None and not entity.mapper.configured:
            entity.mapper._check_configure()


class SelectBuilder:
    """Builds one statement; used once.

    Args:
        statement: the SELECT with entities.
        compiler: Core's compiler; None when only the structure is wanted.
        toplevel: whether its rows come back to us (eager loads apply then).
        asfrom: whether it is a FROM element of another statement.
        lateral: whether it is one that may refer to those before it.
    """

    def __init__(
        self,
        statement: Any,
        compiler: Any,
        toplevel: bool,
        *,
        asfrom: bool = False,
        lateral: bool = False,
    ) -> None:
        self.statement = statement = without_lambdas(statement)
        self.compiler = compiler
        self.toplevel = toplevel
        self.columns = ColumnList()
        self.asfrom = asfrom
        self.lateral = lateral
        self.criteria = criteria_for(statement, compiler)
        # the entities of what is selected, and the joins up to here
        self.roots: list[Any] = []
        self.joins: list[Any] = []
        self.joined: set[Any] = set()
        self.joined_entities: set[Any] = set()
        # by what is joined to without an ON clause, further conditions of it
        self.on_criteria: dict[Any, Any] = {}
        self.adaption = Adaption()
        self.used_tables: set[Any] = set()
        self.replaced: dict[Any, Any] = {}
        self.kept: list[Any] = []
        own = self.own = own_load(statement)
        self.only = None if own is None else own.only
        self.path = () if own is None else own.path
        self.hops = 0 if own is None else own.hops
        self.root_node = None if own is None else own.node
        self.options: tuple[Any, ...] = (
            own.options
            if own is not None
            else repeated_options(statement._with_options)
        )
        self.description: LoadDescription | None = None
        self.root = 0

    def build(self) -> Any:
        statement = self.statement
        core = statement._generate()
        core._propagate_attrs = sa_util.EMPTY_DICT
        core._with_options = ()
        style = query_style(statement)
        self.convention = naming(statement._label_style)
        if style.legacy and self.convention is _attribute_name:
            core._label_style = SelectLabelStyle.LABEL_STYLE_TABLENAME_PLUS_COL
        _configure_entities(statement)
        entities = [entity_of(raw) for raw in statement._raw_columns]
        roots = [
            e
            for raw, e in zip(statement._raw_columns, entities, strict=False)
            if e is not None
        ]
        self.tree = {}
        if self.toplevel:
            strict = style.eager and not style.from_base
            self.tree = build_tree(options_of(statement, roots), roots, strict)
        self.roots = [e for raw in statement._raw_columns for e in entities_within(raw)]
        for entity in self.roots:
            self.adaption.note(entity)
        self.eager = EagerJoins(self)
        self.eager.enabled = style.eager
        self.with_posts = style.posts
        self.planner = EntityPlanner(self)
        core._from_obj = tuple(_plain_from(f) for f in statement._from_obj)
        # first: a join may take an entity from an alias, in the columns as well
        core._memoized_select_entities = tuple(
            self._plain_memo(m) for m in statement._memoized_select_entities
        )
        core._setup_joins = self._plain_joins(statement._setup_joins)
        outputs = []
        for index, raw in enumerate(statement._raw_columns):
            self.root = index
            outputs.append(self._output(raw, entities[index]))
        core._raw_columns = list(self.columns.elements)
        unjoined = self._add_root_froms(core)
        _correlate_tables(core)
        if self.adaption:
            self.adaption.select(core)
        if style.from_base:
            core._from_obj = core._from_obj[:1]
            self.eager.base = adapt_to_base(core, self.columns)
        if self.criteria is not None and not style.from_base:
            self._add_criteria(core)
        if (core._setup_joins and core._where_criteria) or self.on_criteria or unjoined:
            froms = froms_before_where(core, self.compiler).from_clauses
            core._from_obj = tuple(f for f in froms if f not in unjoined)
            core._setup_joins = core._memoized_select_entities = ()
            add_to_joins(core._from_obj, self.on_criteria)
        if self.eager.wanted:
            core = self.eager.apply(core)
        self.description = LoadDescription(
            outputs,
            len(self.columns.elements),
            needs_unique=self.eager.has_collections,
        )
        return core

    def _output(self, raw: Any, entity: Any) -> Any:
        if entity is not None:
            node = self.root_node
            if node is None:
                node = self.tree.get(entity)
            selected = self.replaced.get(entity, entity)
            load = self.planner.plan(selected, node, self.columns, self.path)
            load.name = label_of_entity(entity)
            return load
        bundle = bundle_of(raw)
        if bundle is not None:
            return self._bundle_output(bundle)
        return self._column_output(raw)

    def _bundle_output(self, bundle: Any) -> BundleLoad:
        parts: list[Any] = []
        for expr in bundle.exprs:
            if isinstance(expr, Bundle):
                parts.append(self._bundle_output(expr))
            else:
                adapted = self.adaption.clause(expr)
                parts.append(ColumnLoad(self.columns.add(adapted), part_name(expr)))
        return BundleLoad(bundle, parts, bundle.name)

    def _column_output(self, raw: Any) -> Any:
        if getattr(raw, "_is_from_clause", False):
            return self._table_output(raw)
        if _is_list(raw):
            return TableOutput([self._column_output(c) for c in raw._select_iterable])
        name = self.convention(raw)
        position = self.columns.add_always(self.adaption.clause(raw))
        return ColumnLoad(position, name, _row_keys(raw))

    def _table_output(self, raw: Any) -> Any:
        return TableOutput(
            [
                ColumnLoad(
                    self.columns.add(self.adaption.clause(c)),
                    self.convention(c) or c.key,
                    _row_keys(c),
                )
                for c in raw._select_iterable
            ]
        )

    def _add_criteria(self, core: Any) -> None:
        """Add what options say of the entities that the rows are taken from.

        The row of an instance that is refreshed is found whatever they say; that of a
        table alone is not the place to ask for its class.
        """
        assert self.criteria is not None
        if self.own is not None and self.own.bare:
            return
        criteria = self.criteria
        if self.own is not None and self.own.refresh:
            criteria = criteria.of_classes()
        where = WhereCriteria(criteria, self.statement, self.joined_entities)
        where.add(core, self.compiler, self.asfrom, self.lateral)

    # -- FROM --------------------------------------------------------------

    def _add_root_froms(self, core: Any) -> tuple[Any, ...]:
        """Have the entities stand in FROM where nothing else says what does.

        Returns:
            those that are there for a join to start from; the others leave again.
        """
        if not self.columns.elements:
            raise sa_exc.InvalidRequestError(
                "No columns with which to SELECT from: the entities of the statement "
                "have no columns left to load"
            )
        if self.own is not None and self.own.bare:
            return ()
        if core._from_obj or any(
            m._setup_joins for m in core._memoized_select_entities
        ):
            return ()
        roots = [self.replaced.get(e, e) for e in self.roots]
        if not any(_hidden(entity, entity.selectable) for entity in roots):
            return ()
        selectables = tuple(dict.fromkeys(entity.selectable for entity in roots))
        if not core._setup_joins:
            core._from_obj = selectables
            return ()
        target, _, left, _ = core._setup_joins[0]
        if left is not None:
            return ()
        core._from_obj = tuple(s for s in selectables if s is not target)
        return core._from_obj  # type: ignore[no-any-return]

    def _plain_memo(self, memo: Any) -> Any:
        copied = memo._clone() if hasattr(memo, "_clone") else memo
        copied._setup_joins = self._plain_joins(memo._setup_joins)
        copied._raw_columns = [
            entity.selectable if (entity := entity_of(raw)) is not None else raw
            for raw in memo._raw_columns
        ]
        copied._with_options = ()
        return copied

    def _plain_joins(self, setups: Any) -> tuple[Any, ...]:
        first = len(self.joins)
        for target, onclause, left, flags in setups:
            self.joins.extend(self._plain_join(target, onclause, left, flags))
        return tuple(self.joins[first:])

    def _plain_join(self, target: Any, onclause: Any, left: Any, flags: Any) -> Any:
        relationship = _relationship_of(onclause)
        if relationship is not None and _relationship_of(target) is not None:
            relationship = None
        if onclause is None:
            relationship = _relationship_of(target)
            if relationship is not None:
                target = None
        if relationship is None:
            if _relationship_of(target) is not None:
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
        right = _plain_from(target) if entity is None else entity.selectable
        if left is not None:
            left = _plain_from(left)
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
        self.joined_entities.add(entity)
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
        if step in self.joined:
            return []  # a path that overlaps with an earlier one
        self.joined.add(step)
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
        joins = joins._replace(primaryjoin=self.adaption.clause(joins.primaryjoin))
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
            selectable is target for target, *_ in self.joins
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
        bare._from_obj = tuple(_plain_from(f) for f in self.statement._from_obj)
        bare._raw_columns = [_plain_from(raw) for raw in self.statement._raw_columns]
        bare._setup_joins = tuple(self.joins)
        return list(SelectState(bare, self.compiler).from_clauses)

    def _joined_as(self, entity: Any, left: Any) -> Any:
        """What an entity is joined as: an alias where its tables are joined already.

        Args:
            left: what is joined from; None where nothing was said.
        """
        if entity is None:
            return None
        if not self.used_tables:
            first = left if left is not None else self._first_from()
            self.used_tables.update(_tables_of(first))
        tables = _tables_of(entity)
        if not entity.is_aliased_class and isinstance(entity.selectable, Join):
            if entity is not left and not tables.isdisjoint(self.used_tables):
                entity = self._automatic_alias(entity)
        self.used_tables |= tables
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
        self.kept.append(alias)  # nothing else holds it
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


def _correlate_tables(core: Any) -> None:
    """Correlate to the tables of an entity that is selected from a join of them."""
    for name in ("_correlate", "_correlate_except"):
        given = getattr(core, name)
        if given:
            leaves = (
                leaves_of(_plain_from(f)) if f is not None else {f} for f in given
            )
            setattr(core, name, tuple(leaf for found in leaves for leaf in found))


def _tables_of(element: Any) -> set[Any]:
    """The tables of an entity or FROM element that are not hidden in an alias."""
    if element is None:
        return set()
    return leaves_of(getattr(element, "selectable", element))


def _hidden(entity: Any, selectable: Any) -> bool:
    """Whether columns of an entity don't imply the FROM element that it stands for.

    Those of a join belong to the tables inside; those of an alias inside an alias may
    belong to the inner one alone.
    """
    if isinstance(selectable, Join):
        return True
    return entity is not None and bool(getattr(entity, "_nested_under", None))


def _row_keys(raw: Any) -> tuple[Any, ...]:
    """What a column of a row can be asked for by, beside its name."""
    entity = raw._annotations.get("parententity")
    key = raw._annotations.get("proxy_key")
    if entity is None or key is None:
        return (raw,)
    attribute = getattr(entity.entity, key, None)
    found = (raw, raw._deannotate())
    return found if attribute is None else (*found, attribute)


class TableOutput:
    """The columns of a FROM element, or list, that stands among the selected ones."""

    def __init__(self, parts: list[ColumnLoad]) -> None:
        self.parts = parts
        self.name = ""


def _plain_from(element: Any) -> Any:
    """A FROM element without the annotations of an entity."""
    entity = entity_of(element)
    if entity is not None:
        return entity.selectable
    return element


__all__ = ["EntityLoad", "SelectBuilder", "inspect_entity"]
