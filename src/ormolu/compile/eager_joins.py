"""Joined eager loading: LEFT OUTER JOINs added to a SELECT of entities."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy.sql import util as sql_util
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ColumnClause
from sqlalchemy.sql.selectable import Join, SelectState, Subquery

from .._core.selectables import leaves_of
from ..hydrate.description import EntityLoad, JoinedLoad
from ..mapping.aliased import aliased
from ..mapping.with_polymorphic import target_of
from .entity_plan import ColumnList, stops
from .join_chain import JoinChain, Link


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
        self.keep: list[Any] = []  # the aliases, which nothing else holds
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
        depth = self.builder.planner.depth(strategy, path)
        joined = path[len(self.builder.path) :]  # what led to the statement may recur
        if stops(prop, step, joined, depth):
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

    def apply(self, core: Any) -> Any:
        """The SELECT with the joins added, inside a subquery where it must be."""
        self._add_local_columns()
        if _needs_wrapping(core, self.multi_row):
            return self._apply_wrapped(core)
        froms = list(froms_before_where(core, self.builder.compiler).froms)
        core = core._generate()  # without what the look at its froms memoized
        core._setup_joins = ()
        core._memoized_select_entities = ()
        froms, order_by = self._joined(froms, self.base)
        core._from_obj = tuple(froms)
        core._raw_columns = list(self.builder.columns.elements)
        if order_by:
            core._order_by_clauses = (*core._order_by_clauses, *order_by)
        return core

    def _add_local_columns(self) -> None:
        """What the conditions compare must be there, or it cannot leave a subquery.

        Where a class refers to itself, its foreign key is in the parent's table as well.
        """
        for wanted in self.wanted:
            entity = wanted.parent.entity
            table = wanted.parent.mapper.persist_selectable
            for column in compared_columns(wanted.prop):
                if table.c.contains_column(column):
                    adapted = self.builder.planner.expression_of(entity, column)
                    if adapted is not None:
                        self.builder.columns.add(adapted)

    def _joined(self, froms: list[Any], adapt: Any) -> tuple[list[Any], list[Any]]:
        """The FROM list with the joins, and what the relationships are ordered by.

        What is joined to goes to the end, as in SQLAlchemy.
        """
        joining = Joining(self, froms, adapt)
        for wanted in self.wanted:
            joining.add(wanted)
        untouched = [f for i, f in enumerate(froms) if i not in joining.chains]
        joined = [chain.build() for chain in joining.chains.values()]
        return [*untouched, *joined], joining.order_by

    def _apply_wrapped(self, core: Any) -> Any:
        """LIMIT and the like belong to the entity's rows, not to the joined ones."""
        inner = core
        order_by = list(core._order_by_clauses)
        columns = self.builder.columns
        count = len(columns.elements)
        present = set(columns.elements)  # labels as well as what they name
        expanded = _expand_by_order(list(columns.elements), order_by)
        missing = [c for c in expanded if c not in present]
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
        froms, added_order = self._joined([subquery], adapter)
        outer = _empty_select(core)
        outer._raw_columns = list(outer_columns.elements)
        outer._from_obj = tuple(froms)
        outer._order_by_clauses = (*(adapter.copy_and_process(order_by)), *added_order)
        return outer


class Joining:
    """Adds the eager joins of one statement to its FROM list.

    Args:
        eager: the joins that were asked for.
        froms: the FROM elements; one is appended where an entity has none yet.
        adapt: adapts expressions to the subquery that is selected from, if any.
    """

    def __init__(self, eager: EagerJoins, froms: list[Any], adapt: Any) -> None:
        self.builder = eager.builder
        self.eager = eager
        self.froms = froms
        self.adapt = adapt
        self.chains: dict[int, JoinChain] = {}
        self.order_by: list[Any] = []
        # by the id of an entity's load: its chain, and the outer join around it
        self._places: dict[int, tuple[JoinChain, Link | None]] = {}
        # the ids of those that not every row of the statement may have
        self._partial: set[int] = set()

    def add(self, wanted: Wanted) -> None:
        """Join one relationship, and what is wanted below it."""
        parent = wanted.parent
        alias = _alias_of(wanted)
        insp = alias._aliased_insp
        self.eager.keep.append(alias)
        _hide_from_order_by(insp)
        place = self._places.get(id(parent))
        chain, around = self._root_chain(parent) if place is None else place
        partial = id(parent) in self._partial
        if place is None:  # what we joined narrows the relationship on purpose
            partial = _is_of_descendant(wanted)
        inner = not partial and _is_inner(wanted, nested=around is not None)
        around = chain.add(
            self._joins(wanted, insp, at_root=place is None),
            inner=inner,
            within=around,
            after=parent.entity.selectable,
        )
        self._add_below(wanted, insp, (chain, around), partial)

    def _root_chain(self, parent: EntityLoad) -> tuple[JoinChain, None]:
        source = parent.entity.selectable
        if self.adapt is not None:
            source = self.adapt.selectable
        position = _find_from(self.froms, source)
        chain = self.chains.get(position)
        if chain is None:
            chain = self.chains[position] = JoinChain(self.froms[position])
        return chain, None

    def _joins(self, wanted: Wanted, insp: Any, at_root: bool) -> list[tuple[Any, Any]]:
        """(element, condition) of the joins to a relationship's target."""
        step, prop = wanted.step, wanted.prop
        criteria = (
            () if step is None or step.attr is None else step.attr._extra_criteria
        )
        source = wanted.parent.entity.selectable
        joins = prop.create_joins(source, insp.selectable, criteria)
        if self.builder.criteria is not None:
            joins = self._with_criteria(wanted, insp, joins)
        primary = joins.primaryjoin
        if self.adapt is not None and at_root:
            primary = self.adapt.traverse(primary)
        if prop.order_by:
            self.order_by.extend(_adapted_order(prop, insp, joins.secondary))
        if joins.secondary is None:
            return [(insp.selectable, primary)]
        return [(joins.secondary, primary), (insp.selectable, joins.secondaryjoin)]

    def _with_criteria(self, wanted: Wanted, insp: Any, joins: Any) -> Any:
        """The joins with what the statement's criteria options say of the target."""
        prop, step = wanted.prop, wanted.step
        target = prop.entity if step is None or step.attr is None else step.target
        criterion = self.builder.criteria.eager(prop.mapper, target, insp.selectable)
        if criterion is None:
            return joins
        criterion = joins.target_adapter.traverse(criterion)
        if joins.secondary is None:
            return joins._replace(primaryjoin=joins.primaryjoin & criterion)
        return joins._replace(secondaryjoin=joins.secondaryjoin & criterion)

    def _add_below(self, wanted: Wanted, insp: Any, place: Any, partial: bool) -> None:
        """What is joined further comes where its relationship does among the columns."""
        eager, planner = self.eager, self.builder.planner
        outer, eager.wanted = eager.wanted, []
        self.builder.root = wanted.parent.root
        load = planner.start(insp, wanted.child, (*wanted.path, wanted.prop))
        self._places[id(load)] = place
        if partial:
            self._partial.add(id(load))

        def join_further() -> None:
            below, eager.wanted = eager.wanted, []
            for further in below:
                self.add(further)

        planner.add_to(load, self.builder.columns, join_further)
        eager.wanted = outer
        wanted.parent.joined.append(JoinedLoad(wanted.prop, load))


def compared_columns(prop: Any) -> list[Any]:
    """The columns in a relationship's condition, those of the parent first."""
    found = dict.fromkeys(local for local, _ in prop.local_remote_pairs)
    for element in visitors.iterate(prop.join.deannotated_primaryjoin):
        if isinstance(element, ColumnClause):
            found.setdefault(element)
    return list(found)


def _is_inner(wanted: Wanted, nested: bool) -> bool:
    """Whether a join is an inner one; an unnested one only where none above is outer."""
    step = wanted.step
    inner = wanted.prop.innerjoin
    if step is not None and "innerjoin" in step.args:
        inner = step.args["innerjoin"]
    return bool(inner) and not (nested and inner == "unnested")


def _is_of_descendant(wanted: Wanted) -> bool:
    """Whether only rows of some descendants of the parent have the relationship."""
    return not wanted.parent.mapper.isa(wanted.prop.parent)


def _adapted_order(prop: Any, insp: Any, secondary: Any) -> list[Any]:
    adapter: Any = sql_util.ClauseAdapter(
        insp.selectable, equivalents=insp.mapper._equivalent_columns
    )
    if secondary is not None:
        adapter = adapter.chain(sql_util.ClauseAdapter(secondary))
    return [adapter.traverse(clause) for clause in prop.order_by]


def _alias_of(wanted: Wanted) -> Any:
    """The alias that a relationship's target is joined as.

    Raises:
        InvalidRequestError: for one of a hierarchy whose tables are not aliased.
    """
    step, prop = wanted.step, wanted.prop
    attr = None if step is None else step.attr
    if attr is None or attr._of_type in (None, prop.mapper):
        return _own_alias(prop.entity)
    given = target_of(prop, attr)
    if isinstance(given.selectable, Join):
        if given.mapper.local_table in leaves_of(given.selectable):
            raise sa_exc.InvalidRequestError(
                "Detected unaliased columns when generating joined load.  Make sure to "
                "use aliased=True or flat=True when using joined loading with "
                "with_polymorphic()."
            )
    return given.entity


def _own_alias(entity: Any) -> Any:
    """The alias of a relationship's target that only one eager join uses."""
    if entity.is_aliased_class:
        return aliased(
            entity.entity, entity.selectable._anonymous_fromclause(flat=True)
        )
    return aliased(entity.class_, flat=True)


def _hide_from_order_by(insp: Any) -> None:
    """A name in the user's ORDER BY never means a column that only we joined."""
    insp._adapter.allow_label_resolve = False
    for column in insp.selectable.c:
        column._allow_label_resolve = False


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


def _needs_wrapping(core: Any, multi_row: bool) -> bool:
    """Whether joins, or their columns alone, would change which rows are found."""
    if core._distinct or core._group_by_clauses:
        return True
    return multi_row and (
        core._limit_clause is not None
        or core._offset_clause is not None
        or core._fetch_clause is not None
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
