"""Joined eager loading: LEFT OUTER JOINs added to a SELECT of entities."""

from __future__ import annotations

from typing import Any

from sqlalchemy.sql import util as sql_util
from sqlalchemy.sql.selectable import Join, SelectState, Subquery

from ..hydrate.description import EntityLoad, JoinedLoad
from ..mapping.aliased import aliased
from .entity_plan import ColumnList, recurs


class Wanted:
    """One eager join that was asked for."""

    __slots__ = ("child", "parent", "path", "prop", "step", "strategy")

    def __init__(
        self,
        parent: EntityLoad,
        prop: Any,
        step: Any,
        child: Any,
        path: tuple[Any, ...],
        strategy: str,
    ) -> None:
        self.parent = parent
        self.prop = prop
        self.step = step
        self.child = child
        self.path = path
        self.strategy = strategy


class EagerJoins:
    """Collects the eager joins of one statement and applies them."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder
        self.wanted: list[Wanted] = []
        self.has_collections = False
        self.multi_row = False
        self._made: set[Any] = set()  # the aliases that were joined
        self._keep: list[Any] = []  # they refer to their classes weakly
        self.enabled = True
        self.base: Any = None

    def want(
        self,
        parent: EntityLoad,
        prop: Any,
        step: Any,
        child: Any,
        path: tuple[Any, ...],
        strategy: str,
    ) -> None:
        """Ask for a relationship to be loaded along; ignored where it recurs."""
        if strategy == "contains_eager":
            self._plan_contained(parent, prop, step, child, path)
            return
        if not self.enabled:
            return
        if step is None and recurs(prop, path):
            return
        if prop.uselist:
            self.has_collections = self.multi_row = True
        self.wanted.append(Wanted(parent, prop, step, child, path, strategy))

    def _plan_contained(
        self, parent: EntityLoad, prop: Any, step: Any, child: Any, path: Any
    ) -> None:
        """The user joined the related rows himself (``contains_eager``)."""
        entity = step.target
        alias = step.args.get("alias")
        if alias is not None:
            entity = alias
        if prop.uselist:
            self.has_collections = True
        load = self.builder.planner.plan(
            entity, child, self.builder.columns, (*path, prop)
        )
        parent.joined.append(JoinedLoad(prop, load))

    # -- applying ------------------------------------------------------------

    def apply(self, core: Any, outputs: list[Any]) -> Any:
        """The SELECT with the joins added, inside a subquery where it must be."""
        if self.multi_row and _needs_wrapping(core):
            return self._apply_wrapped(core, outputs)
        froms = list(froms_before_where(core, self.builder.compiler).froms)
        core = core._generate()  # without what the look at its froms memoized
        core._setup_joins = ()
        core._memoized_select_entities = ()
        order_by: list[Any] = []
        froms = self._add_joins(froms, self.builder.columns, order_by, self.base)
        core._from_obj = tuple(froms)
        core._raw_columns = list(self.builder.columns.elements)
        if order_by:
            core._order_by_clauses = (*core._order_by_clauses, *order_by)
        return core

    def _add_joins(
        self,
        froms: list[Any],
        columns: ColumnList,
        order_by: list[Any],
        adapt: Any = None,
    ) -> list[Any]:
        done: dict[int, bool] = {}
        for wanted in self.wanted:
            froms = self._add_join(wanted, froms, columns, order_by, adapt, done)
        return froms

    def _add_join(
        self,
        wanted: Wanted,
        froms: list[Any],
        columns: ColumnList,
        order_by: list[Any],
        adapt: Any,
        done: dict[int, bool],
    ) -> list[Any]:
        prop, parent = wanted.prop, wanted.parent
        target = prop.mapper.class_
        alias = aliased(target)
        insp = alias._aliased_insp
        source = parent.entity.selectable
        step = wanted.step
        criteria = (
            () if step is None or step.attr is None else step.attr._extra_criteria
        )
        joins = prop.create_joins(source, insp.selectable, criteria)
        primary = joins.primaryjoin
        if adapt is not None and parent.entity not in self._made:
            primary = adapt.traverse(primary)
        inner = self._is_inner(wanted) and done.get(id(parent), True)
        position = _find_from(
            froms,
            source
            if adapt is None or parent.entity in self._made
            else adapt.selectable,
        )
        left = froms[position]
        if joins.secondary is None:
            joined = Join(left, insp.selectable, primary, isouter=not inner)
        elif inner:
            joined = Join(
                Join(left, joins.secondary, primary),
                insp.selectable,
                joins.secondaryjoin,
            )
        else:
            nested = Join(joins.secondary, insp.selectable, joins.secondaryjoin)
            joined = Join(left, nested, primary, isouter=True)
        # what is joined to goes to the end, as in SQLAlchemy
        froms = [*froms[:position], *froms[position + 1 :], joined]
        self._made.add(insp)
        self._keep.append(alias)
        if prop.order_by:
            order_by.extend(self._adapted_order(prop, insp, joins.secondary))
        outer, self.wanted = self.wanted, []
        path = (*wanted.path, prop)
        load = self.builder.planner.start(insp, wanted.child, path)
        done[id(load)] = inner
        below, self.wanted = self.wanted, outer
        for further in below:  # their columns come before those of the entity
            froms = self._add_join(further, froms, columns, order_by, adapt, done)
        self.builder.planner.add_columns(load, columns)
        parent.joined.append(JoinedLoad(prop, load))
        return froms

    def _adapted_order(self, prop: Any, insp: Any, secondary: Any) -> list[Any]:
        adapter: Any = sql_util.ClauseAdapter(insp.selectable)
        if secondary is not None:
            adapter = adapter.chain(sql_util.ClauseAdapter(secondary))
        return [adapter.traverse(clause) for clause in prop.order_by]

    def _is_inner(self, wanted: Wanted) -> bool:
        step = wanted.step
        inner = wanted.prop.innerjoin
        if step is not None and "innerjoin" in step.args:
            inner = step.args["innerjoin"]
        return bool(inner) and inner != "unnested"

    def _apply_wrapped(self, core: Any, outputs: list[Any]) -> Any:
        """LIMIT and the like belong to the entity's rows, not to the joined ones."""
        inner = core
        order_by = list(core._order_by_clauses)
        columns = self.builder.columns
        count = len(columns.elements)
        missing = list(_expand_by_order(list(columns.elements), order_by))
        inner._raw_columns = [*columns.elements, *missing]
        subquery = inner.set_label_style(inner._label_style).alias()
        assert isinstance(subquery, Subquery)
        adapter = sql_util.ColumnAdapter(subquery)
        outer_columns = ColumnList()
        for element in columns.elements[:count]:
            outer_columns.add_always(adapter.columns[element])
        for element in missing:
            outer_columns.add(adapter.columns[element])
        self.builder.columns = outer_columns
        added_order: list[Any] = []
        froms = self._add_joins([subquery], outer_columns, added_order, adapter)
        outer = _empty_select(core)
        outer._raw_columns = list(outer_columns.elements)
        outer._from_obj = tuple(froms)
        outer._order_by_clauses = (*(adapter.copy_and_process(order_by)), *added_order)
        return outer


def froms_before_where(core: Any, compiler: Any) -> SelectState:
    """The FROM list that a SELECT has by its columns and joins, without its WHERE.

    Criteria name tables that only follow; a join never starts from one of them.
    """
    bare = core._generate()
    bare._where_criteria = ()
    return SelectState(bare, compiler)


_expand_by_order: Any = sql_util.expand_column_list_from_order_by


def _empty_select(core: Any) -> Any:
    """A SELECT with nothing but the options and execution settings of another."""
    outer = core._generate()
    for name in (
        "_setup_joins",
        "_memoized_select_entities",
        "_where_criteria",
        "_having_criteria",
        "_group_by_clauses",
        "_order_by_clauses",
        "_distinct_on",
        "_prefixes",
        "_suffixes",
        "_hints",
        "_statement_hints",
    ):
        if name in outer.__dict__:
            outer.__dict__[name] = type(core).__dict__.get(name, ())
            del outer.__dict__[name]
    for name in (
        "_limit_clause",
        "_offset_clause",
        "_fetch_clause",
        "_pre_columns_clause",
    ):
        outer.__dict__.pop(name, None)
    outer._distinct = False
    return outer


def _needs_wrapping(core: Any) -> bool:
    return bool(
        core._limit_clause is not None
        or core._offset_clause is not None
        or core._fetch_clause is not None
        or core._distinct
        or core._group_by_clauses
    )


def _find_from(froms: list[Any], selectable: Any) -> int:
    for index, element in enumerate(froms):
        if element is selectable:
            return index
    found = sql_util.find_left_clause_that_matches_given(froms, selectable)
    if found:
        return int(found[0])
    froms.append(selectable)
    return len(froms) - 1
