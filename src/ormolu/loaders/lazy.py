"""Lazy loading: a relationship is read from the database when it is first used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import LABEL_STYLE_NONE, and_, bindparam, select
from sqlalchemy import exc as sa_exc
from sqlalchemy.sql import visitors
from sqlalchemy.sql.selectable import TableClause

from .._core.warnings import warn
from .._speedups import state as kernel
from ..compile.entity_plan import strategy_name
from ..compile.load_options import OwnLoad
from ..compile.options import PathNode, Step
from ..exc import DetachedInstanceError, ObjectDeletedError, instance_text
from ..instrument.expiry import expired_keys
from ..instrument.flags import (
    ATTR_EMPTY,
    ATTR_WAS_SET,
    INIT_OK,
    LOAD_AGAINST_COMMITTED,
    NO_AUTOFLUSH,
    NO_RAISE,
    NO_VALUE,
    NON_PERSISTENT_OK,
    PASSIVE_CLASS_MISMATCH,
    PASSIVE_NO_RESULT,
    PASSIVE_OFF,
    RELATED_OBJECT_OK,
    SQL_OK,
)
from ..instrument.state import session_of
from ..lanes.prepared import PreparedLoad
from ..lanes.purpose import NO_OPTIONS, NO_PURPOSE, Purpose, lazy_purpose
from ..mapping.direction import MANYTOONE
from .by_key import load_by_key
from .expired import EAGER, load_expired
from .post import run_post_loads

FORBIDDING = ("noload", "raise", "raise_on_sql")


class Along(NamedTuple):
    """The eager load that a load of one relationship is a part of.

    Attributes:
        path: the relationships that it went along, this one included.
        node: the options of the instance's entity.
        execution_options: those of the statement that it came with.
    """

    path: tuple[Any, ...]
    node: PathNode | None
    execution_options: Mapping[str, Any] = NO_OPTIONS


def load_related(prop: Any, obj: Any, passive: int, along: Along | None = None) -> Any:
    """Answer the read of a relationship that has no value yet.

    Args:
        prop: the relationship.
        obj: the instance.
        passive: what may be done to find the value.
        along: the eager load that this is a part of, if it is.

    Returns:
        an object, None, a list of objects, or a `LoaderCallableStatus`.

    Raises:
        DetachedInstanceError: when the instance has no session.
        InvalidRequestError: when the strategy forbids the load.
    """
    struct = kernel.state_of(obj)
    pending = struct._o_key is None
    extras = struct._o_extras
    loads_pending = prop.load_on_pending or bool(extras and extras.get("load_pending"))
    if pending and not loads_pending:
        return ATTR_EMPTY
    use_get = prop._use_get
    if (not passive & SQL_OK and not use_get) or (
        not passive & NON_PERSISTENT_OK and pending
    ):
        return PASSIVE_NO_RESULT
    if along is None:
        along = Along((), _node_of(struct))
    node = along.node
    step = node.step_for(prop.key, "relationship") if node else None
    strategy = strategy_name(prop, step)
    if step is not None and criteria_of(step):
        use_get = False
    if struct._o_flags & kernel.EXPIRED and strategy in FORBIDDING:
        strategy = strategy_name(prop, None)  # what its load had asked for is over
    if strategy == "noload":
        return ATTR_EMPTY
    if strategy == "raise" and not passive & NO_RAISE:
        _refuse(prop, strategy)
    session = session_of(obj)
    if session is None:
        if passive & NO_RAISE:
            return PASSIVE_NO_RESULT
        raise DetachedInstanceError(
            f"Parent instance {instance_text(obj)} is not bound to a Session; "
            f"lazy load operation of attribute '{prop.key}' cannot proceed"
        )
    eager = strategy in EAGER and not passive & LOAD_AGAINST_COMMITTED
    mapper = struct._o_layout.mapper
    if (
        eager
        and struct._o_flags & kernel.EXPIRED
        and passive & SQL_OK
        and _lacks_values(prop, obj, mapper)
    ):  # their load brings it along
        load_expired(mapper, obj, passive)
        if kernel.peek_key(obj, prop.key) is not kernel.UNLOADED:
            return ATTR_WAS_SET
    if use_get:
        return _load_by_get(prop, obj, struct, session, passive, strategy, along)
    if strategy == "raise_on_sql" and not passive & NO_RAISE:
        _refuse(prop, strategy)
    return _emit(prop, obj, struct, session, passive, pending, along)


def _lacks_values(prop: Any, obj: Any, mapper: Any) -> bool:
    """Whether values are to be loaded first that the load has as its parameters."""
    return any(
        kernel.peek_key(obj, mapper.get_property_by_column(column).key)
        is kernel.UNLOADED
        for column in prop.local_columns
    )


def _purpose(prop: Any, obj: Any, struct: Any, session: Any, along: Along) -> Purpose:
    """What a lazy load is for, where anybody asks."""
    options, origin = along.execution_options, struct._o_origin
    if session._hears or options or (origin is not None and origin.inherited):
        return lazy_purpose(prop, obj, origin, options)
    return NO_PURPOSE


def _node_of(struct: Any) -> PathNode | None:
    origin = struct._o_origin
    return None if origin is None else origin.node


def _refuse(prop: Any, strategy: str) -> None:
    raise sa_exc.InvalidRequestError(
        f"'{prop}' is not available due to lazy='{strategy}'"
    )


# -- many-to-one by the key of the other side --------------------------------


def _load_by_get(
    prop: Any,
    obj: Any,
    struct: Any,
    session: Any,
    passive: int,
    strategy: str,
    along: Along,
) -> Any:
    missing = kernel.peek_key(obj, prop.key) is kernel.UNLOADED
    key = _foreign_key(prop, obj, struct, passive)
    if missing and kernel.peek_key(obj, prop.key) is not kernel.UNLOADED:
        return ATTR_WAS_SET  # by the eager load of the row that the key is in
    if key is PASSIVE_NO_RESULT or key is NO_VALUE:
        return key
    if key is None:
        return None
    mapper = prop.mapper
    found = session._tracker.home(mapper.layout, _token(struct)).get(key)
    if found is not None:
        checked = _checked(found, mapper, session, passive)
        if checked is not None:
            return checked
    if not passive & SQL_OK or not passive & RELATED_OBJECT_OK:
        return PASSIVE_NO_RESULT
    if strategy == "raise_on_sql" and not passive & NO_RAISE:
        _refuse(prop, strategy)
    if not passive & NO_AUTOFLUSH:
        session._autoflush()
    node, path = along.node, along.path
    child = node.children.get(prop.key) if node else None
    purpose = _purpose(prop, obj, struct, session, along)
    return load_by_key(session, mapper, key, child, path, purpose=purpose, lazy=True)


def _token(struct: Any) -> Any:
    home = struct._o_home
    return None if home is None else home.token


def _checked(found: Any, mapper: Any, session: Any, passive: int) -> Any:
    """What a reference to a known object reads as; None where its row is gone."""
    if not isinstance(found, mapper.class_):
        return PASSIVE_CLASS_MISMATCH
    if kernel.state_of(found)._o_flags & kernel.EXPIRED and expired_keys(found):
        if not passive & SQL_OK:
            return PASSIVE_NO_RESULT
        if not passive & RELATED_OBJECT_OK:
            return found
        try:
            mapper._load_expired(found, passive)
        except ObjectDeletedError:
            session._remove_newly_deleted([found])
            return None
    return found


def _foreign_key(prop: Any, obj: Any, struct: Any, passive: int) -> Any:
    """The other side's primary key from the values here; None when it is NULL."""
    if struct._o_key is None:
        passive = passive ^ (passive & SQL_OK)
    by_remote = {
        prop.mapper._key_column(r): local for local, r in prop.local_remote_pairs
    }
    values = []
    mapper = struct._o_layout.mapper
    for column in prop.mapper.primary_key:
        local = by_remote[column]
        key = mapper.get_property_by_column(local).key
        value = attribute_value(obj, struct, mapper, key, passive)
        if value is PASSIVE_NO_RESULT:
            return PASSIVE_NO_RESULT
        if value is NO_VALUE and not passive & INIT_OK:
            return NO_VALUE
        values.append(None if value is NO_VALUE else value)
    if all(v is None for v in values):
        return None
    if not prop.mapper.allow_partial_pks and any(v is None for v in values):
        return None
    return values[0] if len(values) == 1 else tuple(values)


def attribute_value(obj: Any, struct: Any, mapper: Any, key: str, passive: int) -> Any:
    """A column's value for the parameters of a lazy load."""
    originals = struct._o_originals
    if passive & LOAD_AGAINST_COMMITTED and originals and key in originals:
        value = originals[key]
        return None if value is kernel.UNLOADED else value
    value = kernel.peek_key(obj, key)
    if value is not kernel.UNLOADED:
        return value
    impl = mapper.class_manager[key].impl
    return impl.get(obj, passive ^ (passive & INIT_OK))


# -- by a statement -----------------------------------------------------------


class LazyStatement:
    """The SELECT of one relationship, with the columns that its parameters come from.

    Attributes:
        repeats: whether several of its rows may be of one object.
    """

    __slots__ = ("parameters", "prepared", "repeats")

    def __init__(
        self,
        prop: Any,
        node: PathNode | None,
        criteria: tuple[Any, ...] = (),
        path: tuple[Any, ...] = (),
    ) -> None:
        criterion, bind_to_col, _ = prop.join.create_lazy_clause()
        self.parameters: dict[str, Any] = {}
        names: dict[str, str] = {}
        prefix = _parameter_prefix(criterion, bind_to_col)
        for number, (bind_key, column) in enumerate(bind_to_col.items(), 1):
            names[bind_key] = name = f"{prefix}_{number}"
            self.parameters[name] = column

        def replace(element: Any, **_: Any) -> Any:
            key = getattr(element, "key", None)
            if element.__visit_name__ == "bindparam" and key in names:
                return bindparam(names[key], type_=element.type)
            return None

        criterion = visitors.replacement_traverse(criterion, {}, replace)
        if criteria:
            criterion = and_(criterion, *criteria)
        statement = select(prop.entity)
        if prop.secondary is not None:
            statement = statement.select_from(prop.entity, prop.secondary)
        statement = statement.where(criterion)
        if prop.order_by:
            statement = statement.order_by(*prop.order_by)
        own = OwnLoad(without_reverse(prop, node), path)
        statement = statement.options(own).set_label_style(LABEL_STYLE_NONE)
        self.prepared = PreparedLoad(statement)
        self.repeats = (
            prop.secondary is not None
            or prop.viewonly
            or bool(criteria)
            # a join or union may have a key more than once
            or not isinstance(prop.entity.selectable, TableClause)
        )


def _parameter_prefix(criterion: Any, own: Any) -> str:
    """What the parameters' names begin with: unlike those of the user's own."""
    for element in visitors.iterate(criterion):
        if element.__visit_name__ == "bindparam":
            key = getattr(element, "key", "")
            if key not in own and (" param)" in key or key.startswith("param_")):
                return "lazy_param"
    return "param"


def without_reverse(prop: Any, node: PathNode | None) -> PathNode | None:
    """Nested options; references back to the parent stay lazy, it is loaded already."""
    backs = [
        rev
        for rev in prop._reverse_property
        if rev.direction is MANYTOONE
        and rev._use_get
        and strategy_name(rev, None) != "select"
    ]
    if not backs:
        return node
    node = PathNode() if node is None else node.copy()
    for rev in backs:
        if rev.key not in node.steps:
            node.steps[rev.key] = Step(rev.class_attribute, "select")
    return node


def criteria_of(step: Any) -> tuple[Any, ...]:
    """What an option adds to a relationship's condition, by ``and_()``."""
    return () if step.attr is None else step.attr._extra_criteria


def lazy_statement(
    prop: Any, node: PathNode | None, path: tuple[Any, ...] = ()
) -> LazyStatement:
    """The statement of a relationship, kept with its mapper or with its options."""
    child = node.children.get(prop.key) if node else None
    step = node.step_for(prop.key, "relationship") if node else None
    criteria = () if step is None else criteria_of(step)
    if criteria:
        assert node is not None
        cache = node.prepared
    else:
        cache = prop.parent._plans if child is None else child.prepared
    name = ("lazy", prop, path)
    found = cache.get(name)
    if found is None:
        found = cache[name] = LazyStatement(prop, child, criteria, path)
    return found


def _emit(
    prop: Any,
    obj: Any,
    struct: Any,
    session: Any,
    passive: int,
    pending: bool,
    along: Along,
) -> Any:
    path = along.path or (() if along.node is None else (prop,))
    statement = lazy_statement(prop, along.node, path)
    values: dict[str, Any] = {}
    mapper = struct._o_layout.mapper
    missing = kernel.peek_key(obj, prop.key) is kernel.UNLOADED
    for name, column in statement.parameters.items():
        key = mapper.get_property_by_column(column).key
        value = attribute_value(
            obj, struct, mapper, key, _parameter_passive(passive, pending)
        )
        if value is PASSIVE_NO_RESULT:
            return PASSIVE_NO_RESULT
        values[name] = value
    if missing and kernel.peek_key(obj, prop.key) is not kernel.UNLOADED:
        return ATTR_WAS_SET  # by the eager load of the row that has a parameter
    if NO_VALUE in values.values() or (pending and None in values.values()):
        return [] if prop.uselist else None
    if not pending and not passive & NO_AUTOFLUSH:
        session._autoflush()
    connection = session._connection_for(prop.mapper, statement.prepared.statement)
    purpose = _purpose(prop, obj, struct, session, along)
    found, plan, run = statement.prepared.load(
        session._tracker, connection, values, purpose=purpose
    )
    if plan.post:
        run_post_loads(
            session,
            plan,
            run,
            missing_only=True,
            query=statement.prepared.statement,
            params=values,
        )
    if prop.uselist:
        return _unique(found) if statement.repeats or plan_repeats(plan) else found
    return _one(prop, _unique(found))


def _parameter_passive(passive: int, pending: bool) -> int:
    passive |= PASSIVE_OFF ^ (PASSIVE_OFF & INIT_OK)
    return passive ^ (passive & SQL_OK) if pending else passive


def plan_repeats(plan: Any) -> bool:
    """Whether joined collections repeat the entity in the rows."""
    return any(load.joined for load, _ in plan.entities)


def _unique(found: list[Any]) -> list[Any]:
    return list({id(x): x for x in found if x is not None}.values())


def _one(prop: Any, found: list[Any]) -> Any:
    if len(found) > 1:
        warn(
            "Multiple rows returned with "
            f"uselist=False for lazily-loaded attribute '{prop}' "
        )
    return found[0] if found else None
