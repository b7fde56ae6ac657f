"""Listeners that keep related attributes, and sessions, in step."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc as sa_exc

from .._speedups import state as kernel
from ..exc import class_name, instance_text
from .collections.adapter import collection_items
from .extras import extras_of
from .flags import NO_VALUE, PASSIVE_NO_FETCH, PASSIVE_NO_RESULT
from .impls import is_object
from .linking import cascades, mirrors
from .manager import MANAGER_KEY
from .state import session_of


def impl_of(obj: Any, key: str) -> Any:
    """The implementation of an attribute for an instance of a mapped class."""
    manager = type(obj).__dict__.get(MANAGER_KEY)
    if manager is None or key not in manager:
        kernel.layout_of(obj)
        raise sa_exc.ArgumentError(
            f"Bidirectional attribute conflict detected: object "
            f"{instance_text(obj)} has no attribute {key!r}"
        )
    return manager[key].impl


def add_backref_listeners(impl: Any, other_key: str, uselist: bool | None) -> None:
    """Mirror changes of an attribute on the objects that it refers to.

    A chain of events carries the token of the change that began it; the other side
    does not answer a change that its own token began.
    """

    def on_set(obj: Any, child: Any, old: Any, initiator: Any) -> Any:
        if old is child:
            return child
        if old is not None and old is not PASSIVE_NO_RESULT and old is not NO_VALUE:
            old_impl = impl_of(old, other_key)
            many = old_impl.collection or old_impl.dynamic
            stop = old_impl.remove_token if many else old_impl.replace_token
            if initiator is not stop:
                old_impl.pop(old, obj, impl.append_token, PASSIVE_NO_FETCH)
        if child is not None:
            child_impl = _child_impl(impl, child, other_key)
            if (
                initiator is not child_impl.append_token
                and initiator is not child_impl.bulk_token
            ):
                child_impl.append(child, obj, initiator, PASSIVE_NO_FETCH)
        return child

    def on_append(obj: Any, child: Any, initiator: Any, key: Any) -> Any:
        if child is None:
            return None
        child_impl = _child_impl(impl, child, other_key)
        if (
            initiator is not child_impl.append_token
            and initiator is not child_impl.bulk_token
        ):
            child_impl.append(child, obj, initiator, PASSIVE_NO_FETCH)
        return child

    def on_remove(obj: Any, child: Any, initiator: Any, *_: Any) -> None:
        if not is_object(child):
            return
        child_impl = impl_of(child, other_key)
        stop = (
            child_impl.bulk_token if child_impl.collection else child_impl.replace_token
        )
        if initiator is child_impl.remove_token or initiator is stop:
            return
        if child_impl.collection or not (uselist and _is_there_twice(impl, obj, child)):
            child_impl.pop(child, obj, initiator, PASSIVE_NO_FETCH)

    if uselist:
        impl.on_append.append(mirrors(on_append, other_key))
    else:
        impl.on_set.append(mirrors(on_set, other_key))
    impl.on_remove.append(on_remove)


def _is_there_twice(impl: Any, obj: Any, child: Any) -> bool:
    """Whether a collection goes on to hold what is removed from it once."""
    if impl.dynamic:
        return False
    collection = kernel.peek_key(obj, impl.key)
    if collection is kernel.UNLOADED or len(collection) < 2:
        return False
    return sum(item is child for item in collection_items(collection)) > 1


def _child_impl(impl: Any, child: Any, key: str) -> Any:
    struct = kernel.state_or_none(child)
    manager = type(child).__dict__.get(MANAGER_KEY)
    if manager is None:
        if struct is None:
            raise AttributeError(
                f"{type(child).__name__!r} object has no attribute "
                f"'_sa_instance_state': {impl} refers to mapped objects, "
                f"and {class_name(type(child))} is not mapped"
            )
        kernel.layout_of(child)
    if manager is None or key not in manager:
        raise ValueError(
            f"Bidirectional attribute conflict detected: Passing object "
            f'{instance_text(child)} to attribute "{impl}" triggers a modify event '
            f'on attribute "{type(child).__name__}.{key}", which does not exist.'
        )
    return manager[key].impl


def add_single_parent_listeners(impl: Any, prop: Any) -> None:
    """Refuse an object that another parent holds (``single_parent=True``)."""

    def check(obj: Any, value: Any, old: Any, initiator: Any) -> Any:
        if value is not None and initiator.key == prop.key:
            if impl.hasparent(value) and value is not old:
                raise sa_exc.InvalidRequestError(
                    f"Instance {instance_text(value)} is already associated with an "
                    f"instance of {prop.parent.class_!r} via its {prop} attribute, "
                    "and is only allowed a single parent.",
                    code="bbf1",
                )
        return value

    def on_append(obj: Any, value: Any, initiator: Any, key: Any) -> Any:
        return check(obj, value, None, initiator)

    impl.active_history = True  # the child that is replaced must be known
    impl.on_append.append(on_append)
    impl.on_set.append(check)


def add_cascade_listeners(impl: Any, prop: Any) -> None:
    """Carry ``save-update`` on, and expunge pending orphans, as changes happen."""

    def on_append(obj: Any, item: Any, initiator: Any, key: Any) -> Any:
        if item is not None:
            _warn_in_flush(obj, "collection append")
            _cascade_save(prop, obj, item, initiator)
        return item

    def on_remove(obj: Any, item: Any, initiator: Any, *_: Any) -> None:
        if is_object(item):
            _warn_in_flush(
                obj, "collection remove" if prop.uselist else "related attribute delete"
            )
            _expunge_orphan(prop, obj, item)

    def on_set(obj: Any, value: Any, old: Any, initiator: Any) -> Any:
        if old is value:
            return value
        session = session_of(obj)
        if session is None:
            return value
        _warn_in_flush(obj, "related attribute set")
        if value is not None:
            _cascade_save(prop, obj, value, initiator)
        if is_object(old) and prop._cascade.delete_orphan:
            old_struct = kernel.state_or_none(old)
            if (
                old_struct is not None
                and old_struct._o_key is None
                and id(old) in old_struct_new(session)
                and prop.mapper._is_orphan(old)
            ):
                session.expunge(old)
        return value

    impl.on_append.append(cascades(on_append))
    impl.on_append_wo_mutation.append(on_append)
    impl.on_remove.append(on_remove)
    impl.on_set.append(cascades(on_set))


def _warn_in_flush(obj: Any, operation: str) -> None:
    """Warn of a change that comes while the SQL of a flush is being sent."""
    session = session_of(obj)
    if session is not None and session._warn_on_events:
        session._flush_warning(operation)


def old_struct_new(session: Any) -> dict[int, Any]:
    """The session's pending objects by id."""
    return session._tracker.new  # type: ignore[no-any-return]


def _cascade_save(prop: Any, obj: Any, item: Any, initiator: Any) -> None:
    session = session_of(obj)
    if session is None or not prop._cascade.save_update:
        return
    if initiator is not None and initiator.key != prop.key:
        return  # the change came by a backref, which does not cascade
    if session._contains(item):
        return
    session._save_or_update(item)


def _expunge_orphan(prop: Any, obj: Any, item: Any) -> None:
    """A pending orphan leaves its session; any other is marked.

    The mark of a persistent one tells when it is made transient, and added again.
    """
    if not prop._cascade.delete_orphan:
        return
    session = session_of(obj)
    struct = kernel.state_or_none(item)
    if struct is None or not prop.mapper._is_orphan(item):
        return
    if session is None or id(item) not in session._tracker.new:
        extras_of(struct)["orphaned"] = True
    else:
        session.expunge(item)
