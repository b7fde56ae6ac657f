"""``selectinload``: one more SELECT with IN for the related objects of many."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import LABEL_STYLE_NONE, and_, bindparam, select, tuple_
from sqlalchemy.sql import operators, visitors

from .._core.warnings import warn
from .._speedups import state as kernel
from ..compile.load_options import OwnLoad, node_below
from ..compile.options import PathNode
from ..hydrate.context import QueryContext
from ..lanes.prepared import PreparedLoad
from ..mapping.aliased import aliased
from ..mapping.direction import MANYTOONE
from ..mapping.with_polymorphic import target_of
from .following import follow
from .lazy import plan_repeats
from .post import POST_LOADERS, run_post_loads

CHUNK = 500
"""Parents in one IN list, as in SQLAlchemy."""

UNLOADED = kernel.UNLOADED


class SelectinQuery:
    """The SELECT of one relationship for many parents.

    Attributes:
        keys: how many columns of a row come before the entity.
        target: what it selects of the related objects.
        by_remote: whether the IN list holds keys of the related objects; where the
            foreign keys are not loaded it cannot.
    """

    __slots__ = (
        "alias",
        "by_remote",
        "chunk",
        "columns",
        "keys",
        "prepared",
        "statement",
        "target",
    )

    def __init__(
        self,
        prop: Any,
        step: Any,
        node: PathNode | None,
        path: Any,
        *,
        with_foreign_keys: bool = True,
    ) -> None:
        attr = None if step is None else step.attr
        criteria: tuple[Any, ...] = () if attr is None else attr._extra_criteria
        target = self.target = target_of(prop, attr)
        chunk = None if step is None else step.args.get("chunksize")
        self.chunk: int = chunk or CHUNK
        self.by_remote = (
            with_foreign_keys
            and bool(prop._use_get and prop.direction is MANYTOONE)
            and not criteria
        )
        self.alias: Any = None
        remaining: tuple[Any, ...] = ()
        if self.by_remote:
            statement = self._select(_adapted(prop.mapper.primary_key, target), target)
        elif _omits_join(prop):
            statement = self._of_foreign_keys(prop, target)
            remaining = tuple(_adapted(criteria, target))
        elif _omits_parent(prop):
            statement = self._from_secondary(prop, target, criteria)
        else:
            statement = self._from_parent(prop, target, attr, criteria)
        self.keys = len(self.columns)
        left = self.columns[0] if self.keys == 1 else tuple_(*self.columns)
        found = left.in_(bindparam("primary_keys", expanding=True))
        statement = statement.where(found, *remaining)
        statement = statement.order_by(*_adapted(prop.order_by or (), target))
        own = OwnLoad(node_below(node, step), path)
        self.statement = statement.options(own).set_label_style(LABEL_STYLE_NONE)
        # criteria bring values of one statement alone, and its plan is not kept
        self.prepared = None if criteria else PreparedLoad(self.statement)

    def _select(self, columns: list[Any], target: Any) -> Any:
        """A SELECT of the columns that tell whose the related object is, and of it."""
        self.columns = columns
        return select(*columns, target)

    def _of_foreign_keys(self, prop: Any, target: Any) -> Any:
        """From the related objects alone, which refer to the parents."""
        columns = _by_key(prop, prop.local_remote_pairs)
        return self._select(_adapted(columns, target), target)

    def _from_secondary(self, prop: Any, target: Any, criteria: tuple[Any, ...]) -> Any:
        """From the association table to the related objects."""
        statement = self._select(_by_key(prop, prop.synchronize_pairs), target)
        join = and_(prop.join.deannotated_secondaryjoin, *criteria)
        if target.is_aliased_class:
            join = target._adapter.traverse(join)
        return statement.select_from(prop.secondary).join(target, join)

    def _from_parent(
        self, prop: Any, target: Any, given: Any, criteria: tuple[Any, ...]
    ) -> Any:
        """From an alias of the parent along the relationship.

        Args:
            given: the attribute of the option, if there is one.
        """
        self.alias = aliased(prop.parent.class_)
        insp = self.alias._aliased_insp
        attr = insp.entity_attribute(prop.key)
        if given is not None and given._of_type is not None:
            attr = attr.of_type(target.entity)
        if criteria:
            attr = attr.and_(*criteria)
        columns = [insp._adapter.columns[c] for c in prop.parent.primary_key]
        return self._select(columns, target).select_from(self.alias).join(attr)


def _by_key(prop: Any, pairs: Any) -> list[Any]:
    """What refers to the parent's primary key, in its order."""
    parent = prop.parent
    found = {parent._key_column(local): remote for local, remote in pairs}
    return [found[column] for column in parent.primary_key]


def _adapted(expressions: Any, target: Any) -> list[Any]:
    """Expressions of a class's tables for what it is selected from."""
    adapter = (
        target._adapter if target.is_aliased_class else target._polymorphic_adapter
    )
    if adapter is None:
        return list(expressions)
    return [adapter.traverse(expression) for expression in expressions]


def _omits_parent(prop: Any) -> bool:
    """Whether the association table has all that tells the parents."""
    return bool(
        prop.omit_join is not False and prop.join.secondary_can_be_used_for_related_join
    )


def _omits_join(prop: Any) -> bool:
    """Whether the foreign key in the related row is the parent's key itself."""
    if prop.omit_join is not None:
        return bool(prop.omit_join)
    if prop.secondary is not None or prop.direction is MANYTOONE:
        return False
    if len(prop.local_remote_pairs) != len(prop.parent.primary_key):
        return False
    locals_ = {prop.parent._key_column(local) for local, _ in prop.local_remote_pairs}
    return locals_ == set(prop.parent.primary_key) and _compares_only(prop)


def _compares_only(prop: Any) -> bool:
    """Whether the join says nothing but that each pair of columns is equal."""
    comparisons = 0
    element: Any
    for element in visitors.iterate(prop.join.deannotated_primaryjoin):
        kind = element.__visit_name__
        if kind == "binary" and element.operator is operators.eq:
            comparisons += 1
        elif kind not in ("column", "clauselist", "expression_clauselist", "table"):
            return False
        elif getattr(element, "operator", operators.and_) is not operators.and_:
            return False
    return comparisons == len(prop.local_remote_pairs)


class SelectinLoad:
    """The load of one relationship for the objects of one load.

    Args:
        overwrite: give it also to objects that have it (``populate_existing``).
        follows: the context of the load that the objects came from.
    """

    def __init__(
        self,
        session: Any,
        prop: Any,
        query: SelectinQuery,
        overwrite: bool,
        follows: QueryContext,
    ) -> None:
        self.follows = follows
        self.context: QueryContext | None = None
        self.session = session
        self.prop = prop
        self.query = query
        self.overwrite = overwrite
        self.impl = prop.parent.class_manager[prop.key].impl
        self._plan: Any = None
        self._repeats = False
        self._collected: dict[Any, list[Any]] = {}

    def lacks_foreign_keys(self, objects: list[Any]) -> bool:
        """Whether a reference cannot be followed for lack of a foreign key."""
        names = self._local_names()
        return any(
            kernel.peek_key(obj, name) is UNLOADED
            # one that was deleted reads as None if it had been known
            and (kernel.state_of(obj)._o_originals or {}).get(name, UNLOADED)
            is UNLOADED
            for obj in objects
            for name in names
        )

    def load(self, objects: list[Any]) -> None:
        """Load for all objects; only those without the relationship are given it.

        The statement asks for all of them, as SQLAlchemy's does: related objects that
        are there already are refreshed where they were expired.
        """
        if self.query.by_remote:
            self._load_many_to_one(objects)
        else:
            self._load_by_parent(objects)
        if self._plan is not None:  # once, whatever the number of statements was
            run_post_loads(self.session, self._plan, self, self.overwrite)

    @property
    def collected(self) -> dict[Any, list[Any]]:
        """The objects that further loads go on from, by the kernel's plan."""
        return self._collected

    def _load_by_parent(self, objects: list[Any]) -> None:
        for chunk in _chunks(objects, self.query.chunk):
            keys = [kernel.state_of(o)._o_key for o in chunk]
            related: dict[Any, list[Any]] = {}
            for *key, child in self._rows(keys):
                single = key[0] if self.query.keys == 1 else tuple(key)
                related.setdefault(single, []).append(child)
            for obj, key in zip(chunk, keys, strict=True):
                if self._lacks(obj):
                    self._assign(obj, related.get(key, ()))

    def _lacks(self, obj: Any) -> bool:
        """Whether an object is to be given what was loaded."""
        return self.overwrite or kernel.peek_key(obj, self.prop.key) is UNLOADED

    def _assign(self, obj: Any, found: Any) -> None:
        if len(found) > 1 and self._repeats:
            found = list({id(x): x for x in found}.values())
        if self.prop.uselist:
            self.impl.set_committed_value(obj, found)
            return
        if len(found) > 1:
            warn(
                "Multiple rows returned with uselist=False for eagerly-loaded "
                f"attribute '{self.prop}' "
            )
        self.impl.set_committed_value(obj, found[0] if found else None)

    def _load_many_to_one(self, objects: list[Any]) -> None:
        wanted: dict[Any, list[Any]] = {}
        alone: list[Any] = []
        for obj, key in zip(objects, self._remote_keys(objects), strict=True):
            if key is not None:
                wanted.setdefault(key, []).append(obj)
            else:
                alone.append(obj)
        for chunk in _chunks(list(wanted), self.query.chunk):
            loaded: dict[Any, Any] = {}
            for *key, child in self._rows(chunk):
                loaded[key[0] if self.query.keys == 1 else tuple(key)] = child
            for key in chunk:
                for obj in wanted[key]:
                    if self._lacks(obj):
                        self.impl.set_committed_value(obj, loaded.get(key))
        for obj in alone:  # last: the rows may have been those of these objects
            if self._lacks(obj):
                self.impl.set_committed_value(obj, None)

    def _remote_keys(self, objects: list[Any]) -> Iterator[Any]:
        """The primary key of what each object refers to; None where there is none."""
        names = self._local_names()
        for obj in objects:
            values = [getattr(obj, name) for name in names]
            if any(v is None for v in values):
                yield None
            else:
                yield values[0] if len(values) == 1 else tuple(values)

    def _local_names(self) -> list[str]:
        """The attributes that hold the foreign key, in the order of what it refers to."""
        prop = self.prop
        by_remote = {
            prop.mapper._key_column(r): local for local, r in prop.local_remote_pairs
        }
        return [
            prop.parent.get_property_by_column(by_remote[c]).key
            for c in prop.mapper.primary_key
        ]

    def _rows(self, keys: list[Any]) -> list[tuple[Any, ...]]:
        """Execute for some keys; rows of the key and the related object."""
        if self.follows.autoflush:
            self.session._autoflush()
        following = follow(
            self.session,
            self.prop.mapper,
            (self.prop,),
            self.query.statement,
            {"primary_keys": keys},
            self.follows,
            self.overwrite,
            prepared=self.query.prepared,
        )
        plan, run = following.plan, following.run
        if run is None:
            return following.rows
        self.context = run.context
        self._repeats = self._repeats or plan_repeats(plan)
        if plan.repeats:  # what comes next is about the rows of this statement alone
            run_post_loads(self.session, plan, run, self.overwrite)
        elif plan.post:
            self._plan = plan
            for entity_plan, objects in run.collected.items():
                self._collected.setdefault(entity_plan, []).extend(objects)
        return following.rows


def _chunks(items: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def load_selectin(
    session: Any,
    objects: list[Any],
    post: Any,
    path: Any,
    overwrite: bool,
    load: Any,
    context: QueryContext,
) -> None:
    """Load a relationship of many objects by one statement, or one for each chunk."""
    query = _query_of(post, path)
    load_all = SelectinLoad(session, post.prop, query, overwrite, context)
    if query.by_remote and load_all.lacks_foreign_keys(objects):
        load_all.query = _query_of(post, path, with_foreign_keys=False)
    load_all.load(objects)


def _query_of(post: Any, path: Any, *, with_foreign_keys: bool = True) -> SelectinQuery:
    """The statement, which is the same for each execution of the objects' plan."""
    if post.prepared is None:
        post.prepared = {}
    kept: dict[bool, SelectinQuery] = post.prepared
    found = kept.get(with_foreign_keys)
    if found is None:
        found = kept[with_foreign_keys] = SelectinQuery(
            post.prop, post.step, post.node, path, with_foreign_keys=with_foreign_keys
        )
    return found


POST_LOADERS["selectin"] = load_selectin
