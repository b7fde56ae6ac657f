"""Reloading: expired attributes, deferred columns, refresh."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

from sqlalchemy import LABEL_STYLE_TABLENAME_PLUS_COL, select
from sqlalchemy import exc as sa_exc
from sqlalchemy.sql.schema import Column

from .._speedups import state as kernel
from ..compile.entity_plan import IMMEDIATE, strategy_name
from ..compile.load_options import OwnLoad, own_load
from ..compile.options import WITH_EXPRESSION
from ..exc import DetachedInstanceError, ObjectDeletedError, instance_text
from ..hydrate.description import node_of_own_load
from ..instrument.expiry import (
    clear_expired,
    expired_keys,
    is_expired,
)
from ..instrument.flags import (
    ATTR_EMPTY,
    ATTR_WAS_SET,
    NO_AUTOFLUSH,
    NO_RAISE,
    PASSIVE_NO_RESULT,
    SQL_OK,
)
from ..instrument.load_watch import note_refresh
from ..instrument.state import session_of
from ..lanes.prepared import PreparedLoad
from ..lanes.purpose import column_purpose
from .by_key import key_parameters, key_values, select_by_key
from .of_descendant import criteria_without_base, parameters_of_key
from .post import run_post_loads

EAGER = frozenset({"joined", *IMMEDIATE})


def load_expired(mapper: Any, obj: Any, passive: int) -> Any:
    """Reload an instance's expired attributes in one statement."""
    if not passive & SQL_OK:
        return PASSIVE_NO_RESULT
    names = {*expired_keys(obj), *_eager_keys(obj, EAGER), *_given_keys(obj)}
    # where all that is expired has changes, the row brings everything anew
    load_columns(mapper, obj, names or None, autoflush=not passive & NO_AUTOFLUSH)
    clear_expired(obj)
    return ATTR_WAS_SET


def _eager_keys(obj: Any, strategies: Container[str]) -> set[str]:
    """Expired relationships that the reload of expired columns brings along."""
    struct = kernel.state_of(obj)
    layout = struct._o_layout
    node = node_of_own_load(struct._o_origin)
    if node is None and not _has_eager_relationships(layout.mapper):
        return set()
    props = layout.mapper._props
    originals = struct._o_originals or ()
    return {
        key
        for key in layout.related_keys
        if key not in originals
        and strategy_name(
            props[key], node.step_for(key, "relationship") if node else None
        )
        in strategies
        and is_expired(obj, key)
    }


def _given_keys(obj: Any) -> set[str]:
    """Expired attributes whose SQL was given by the statement that loaded the object."""
    node = node_of_own_load(kernel.state_of(obj)._o_origin)
    if node is None:
        return set()
    return {
        key
        for key, step in node.steps.items()
        if step.strategy == WITH_EXPRESSION and is_expired(obj, key)
    }


def _has_eager_relationships(mapper: Any) -> bool:
    """Whether any relationship is loaded at once where no option says otherwise."""
    found = mapper._plans.get("has eager relationships")
    if found is None:
        found = mapper._plans["has eager relationships"] = any(
            strategy_name(prop, None) in EAGER for prop in mapper._relationship_props
        )
    return bool(found)


def load_deferred(prop: Any, obj: Any, passive: int) -> Any:
    """Load a column that was left out, with the others of its group."""
    struct = kernel.state_of(obj)
    if struct._o_key is None:
        return ATTR_EMPTY
    # what the load of an expired object had asked for is over
    expired = is_expired(obj, prop.key)
    step = None if expired else _column_step(struct, prop)
    if prop.is_query_expression and (step is None or step.strategy != "defer"):
        return ATTR_EMPTY  # the statement gave no expression
    if (
        step is None
        and not expired
        and not _lacks_columns(struct)
        and not prop.deferred
        and isinstance(prop.columns[0], Column)
    ):
        return ATTR_EMPTY  # never given a value, so NULL in its row
    if not passive & SQL_OK:
        return PASSIVE_NO_RESULT
    session = session_of(obj)
    if session is None:
        raise DetachedInstanceError(
            f"Parent instance {instance_text(obj)} is not bound to a Session; "
            f"deferred load operation of attribute '{prop.key}' cannot proceed"
        )
    raises = prop.raiseload if step is None else step.args.get("raiseload")
    if raises and not passive & NO_RAISE:
        raise sa_exc.InvalidRequestError(
            f"'{prop}' is not available due to raiseload=True"
        )
    # a change, even one that took the value away, is not loaded over
    names = _group_of(prop, obj).difference(struct._o_originals or ())
    if not names:
        return ATTR_EMPTY
    load_columns(struct._o_layout.mapper, obj, names)
    return ATTR_WAS_SET


def _leaves_columns(struct: Any) -> bool:
    """Whether the load of an object may have left columns for later."""
    origin = struct._o_origin
    return origin is not None and origin.leaves_columns


def _lacks_columns(struct: Any) -> bool:
    """Whether the rows of an object's load had not all that was asked for."""
    return _leaves_columns(struct) and struct._o_origin.partial


def _column_step(struct: Any, prop: Any) -> Any:
    node = struct._o_origin.node if _leaves_columns(struct) else None
    return None if node is None else node.step_for(prop.key, "column")


def _group_of(prop: Any, obj: Any) -> set[str]:
    if prop.group is None:
        return {prop.key}
    mapper = kernel.layout_of(obj).mapper
    return {
        p.key
        for p in mapper._column_props
        if p.group == prop.group and kernel.peek_key(obj, p.key) is kernel.UNLOADED
    } | {prop.key}


def load_columns(
    mapper: Any, obj: Any, names: Iterable[str] | None, *, autoflush: bool = True
) -> None:
    """Load some columns of a persistent instance from its row, or all.

    Raises:
        DetachedInstanceError: when the instance has no session.
        ObjectDeletedError: when the row is gone.
    """
    session = session_of(obj)
    if session is None:
        raise DetachedInstanceError(
            f"Instance {instance_text(obj)} is not bound to a Session; "
            "attribute refresh operation cannot proceed"
        )
    struct = kernel.state_of(obj)
    only = None if names is None else frozenset(names)
    values = _key_to_load(mapper, obj, struct)
    if autoflush:
        extra = _eager_keys(obj, IMMEDIATE)
        session._autoflush()
        if extra and only is not None:  # the flush may have loaded it
            only -= extra - _eager_keys(obj, IMMEDIATE)
        values = _key_to_load(mapper, obj, struct)  # a flush may have changed it
    node = node_of_own_load(struct._o_origin)
    found = refresh_from_row(session, mapper, obj, values, only, node=node)
    if not found:
        raise ObjectDeletedError(obj)


def _key_to_load(mapper: Any, obj: Any, struct: Any) -> tuple[Any, ...]:
    """The primary key of an instance's row; from its attributes, if it is pending."""
    if struct._o_key is not None:
        return key_values(mapper, struct._o_key)
    values = tuple(kernel.peek_key(obj, k) for k in mapper._pk_keys)
    if any(v is kernel.UNLOADED for v in values):
        raise sa_exc.InvalidRequestError(
            f"Instance {instance_text(obj)} cannot be refreshed - it's not  persistent "
            "and does not contain a full primary key."
        )
    return values


def _select_to_refresh(
    mapper: Any,
    values: tuple[Any, ...],
    only: frozenset[str] | None,
    node: Any,
    joined: bool,
) -> Any:
    """The SELECT of attributes of one instance, from as few tables as have them."""
    criteria = None
    if only is not None and not joined:
        criteria = criteria_without_base(mapper, only)
    if criteria is None:
        own = OwnLoad(node, (), only, refresh=True)
        return select_by_key(mapper, values, own)
    own = OwnLoad(node, (), only, refresh=True, bare=True)
    statement = select(mapper).where(*criteria).options(own)
    return statement.set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)


def refresh_from_row(
    session: Any,
    mapper: Any,
    obj: Any,
    values: tuple[Any, ...],
    only: frozenset[str] | None,
    *,
    node: Any = None,
    with_for_update: Any = None,
    options: tuple[Any, ...] = (),
    joined: bool = False,
) -> bool:
    """Load attributes of an instance from its row; whether there is a row.

    Args:
        joined: select from all tables of the class, not just from those it takes.
    """
    nulls = tuple(i for i, v in enumerate(values) if v is None)
    # a node may be that of a base class, for objects of several classes
    name = ("refresh", mapper, only, nulls, joined)
    plain = with_for_update is None and not options
    cache = mapper._plans if node is None else node.prepared
    prepared = cache.get(name) if plain else None
    if prepared is None:
        statement = _select_to_refresh(mapper, values, only, node, joined)
        if with_for_update is not None:
            statement = statement.with_for_update(**with_for_update)
        if options:
            statement = statement.options(*options)
        prepared = PreparedLoad(statement)
        if plain:
            cache[name] = prepared
    index = kernel.layout_of(obj).index
    slots = None if only is None else {index[k] for k in only if k in index}
    connection = session._connection_for(mapper, prepared.statement)
    note_refresh(obj)
    bare = getattr(own_load(prepared.statement), "bare", False)
    found, plan, run = prepared.load(
        session._tracker,
        connection,
        parameters_of_key(values) if bare else key_parameters(values),
        purpose=column_purpose(kernel.state_of(obj)._o_origin),
        refresh=obj,
        refresh_slots=slots,
    )
    if plan.post and found:
        run_post_loads(session, plan, run, refresh=True)
    return bool(found)
