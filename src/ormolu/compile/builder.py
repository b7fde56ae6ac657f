"""Turns a SELECT of entities into the SELECT of columns that Core compiles."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy import util as sa_util
from sqlalchemy.sql.selectable import Join, SelectLabelStyle

from .._core.selectables import leaves_of
from ..hydrate.description import (
    BundleLoad,
    ColumnLoad,
    EntityLoad,
    LoadDescription,
    repeated_options,
)
from ..hydrate.result_keys import row_keys
from ..mapping.bundle import Bundle, bundle_of, part_name
from ..mapping.queryable import inspect_entity
from .adaption import Adaption
from .criteria import (
    WhereCriteria,
    add_to_joins,
    criteria_for,
)
from .eager_joins import EagerJoins, froms_before_where
from .entities import (
    attribute_name,
    entity_of,
    is_list,
    label_of_entity,
    naming,
    plain_from,
)
from .entity_plan import ColumnList, EntityPlanner
from .from_base import adapt_to_base
from .joins import Joins
from .lambdas import without_lambdas
from .load_options import own_load
from .options import build_tree
from .query_style import options_of, query_style


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
        self.adaption = Adaption()
        self.joins = Joins(statement, compiler, self.adaption, self.criteria)
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
        if style.legacy and self.convention is attribute_name:
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
        self.joins.start()
        self.eager = EagerJoins(self)
        self.eager.enabled = style.eager
        self.with_posts = style.posts
        self.planner = EntityPlanner(self)
        core._from_obj = tuple(plain_from(f) for f in statement._from_obj)
        # first: a join may take an entity from an alias, in the columns as well
        core._memoized_select_entities = tuple(
            self._plain_memo(m) for m in statement._memoized_select_entities
        )
        core._setup_joins = self.joins.plain(statement._setup_joins)
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
        if (
            (core._setup_joins and core._where_criteria)
            or self.joins.on_criteria
            or unjoined
        ):
            froms = froms_before_where(core, self.compiler).from_clauses
            core._from_obj = tuple(f for f in froms if f not in unjoined)
            core._setup_joins = core._memoized_select_entities = ()
            add_to_joins(core._from_obj, self.joins.on_criteria)
        if self.eager.wanted:
            core = self.eager.apply(core)
        self.description = LoadDescription(
            outputs,
            len(self.columns.elements),
            needs_unique=self.eager.has_collections,
            asked=tuple(statement._raw_columns),
        )
        return core

    def _output(self, raw: Any, entity: Any) -> Any:
        if entity is not None:
            node = self.root_node
            if node is None:
                node = self.tree.get(entity)
            selected = self.joins.replaced.get(entity, entity)
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
        if is_list(raw):
            return TableOutput([self._column_output(c) for c in raw._select_iterable])
        name = self.convention(raw)
        position = self.columns.add_always(self.adaption.clause(raw))
        return ColumnLoad(position, name, row_keys(raw))

    def _table_output(self, raw: Any) -> Any:
        return TableOutput(
            [
                ColumnLoad(
                    self.columns.add(self.adaption.clause(c)),
                    self.convention(c) or c.key,
                    row_keys(c),
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
        where = WhereCriteria(criteria, self.statement, self.joins.entities)
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
        roots = [self.joins.replaced.get(e, e) for e in self.joins.roots]
        if not any(_hidden(entity, entity.selectable) for entity in roots):
            return ()
        selectables = tuple(dict.fromkeys(entity.selectable for entity in roots))
        if not core._setup_joins:
            core._from_obj = selectables
            return ()
        target, _, left, _ = core._setup_joins[0]
        if left is not None:
            return ()
        started = tuple(s for s in selectables if s is not target)
        core._from_obj = started
        return started

    def _plain_memo(self, memo: Any) -> Any:
        copied = memo._clone() if hasattr(memo, "_clone") else memo
        copied._setup_joins = self.joins.plain(memo._setup_joins)
        copied._raw_columns = [
            entity.selectable if (entity := entity_of(raw)) is not None else raw
            for raw in memo._raw_columns
        ]
        copied._with_options = ()
        return copied


def _correlate_tables(core: Any) -> None:
    """Correlate to the tables of an entity that is selected from a join of them."""
    for name in ("_correlate", "_correlate_except"):
        given = getattr(core, name)
        if given:
            leaves = (leaves_of(plain_from(f)) if f is not None else {f} for f in given)
            setattr(core, name, tuple(leaf for found in leaves for leaf in found))


def _hidden(entity: Any, selectable: Any) -> bool:
    """Whether columns of an entity don't imply the FROM element that it stands for.

    Those of a join belong to the tables inside; those of an alias inside an alias may
    belong to the inner one alone.
    """
    if isinstance(selectable, Join):
        return True
    return entity is not None and bool(getattr(entity, "_nested_under", None))


class TableOutput:
    """The columns of a FROM element, or list, that stands among the selected ones."""

    def __init__(self, parts: list[ColumnLoad]) -> None:
        self.parts = parts
        self.name = ""


__all__ = ["EntityLoad", "SelectBuilder", "inspect_entity"]
