"""What the end of a transaction does to the objects of its session.

A listener that raises stops none of it: every object gets its state, and what was raised
first comes out at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .._speedups import state as kernel
from ..instrument.expiry import expire_all
from ..instrument.extras import extras_of

MODIFIED = kernel.MODIFIED


def restore(transaction: Any) -> None:
    """After a rollback: new objects leave, deleted ones return, others expire."""
    session = transaction.session
    tracker = session._tracker
    leaving = {id(o): o for o in (*transaction._new.objects(), *tracker.new.values())}
    returning = [*transaction._deleted.objects(), *tracker.deleted.values()]
    _all(
        lambda: _let_leave(session, leaving.values()),
        lambda: _switch_keys_back(transaction, leaving),
        lambda: _let_return(session, [o for o in returning if id(o) not in leaving]),
        lambda: expire_each(_changed(transaction)),
    )


def _all(*steps: Callable[[], None]) -> None:
    """Take every step, and then raise what the first of them to fail raised."""
    failure: BaseException | None = None
    for step in steps:
        try:
            step()
        except BaseException as error:
            failure = failure or error
    if failure is not None:
        raise failure


def expire_each(objects: Iterable[Any]) -> None:
    """Expire every object, whatever the listeners of some raise."""
    failure: BaseException | None = None
    for obj in objects:
        try:
            expire_all(obj)
        except BaseException as error:
            failure = failure or error
    if failure is not None:
        raise failure


def _let_leave(session: Any, objects: Iterable[Any]) -> None:
    told = [(obj, session._make_transient_again(obj)) for obj in objects]
    if not session._hears:
        return
    for obj, was_persistent in told:
        if was_persistent:
            session.dispatch.persistent_to_transient(session, obj)
        else:
            session.dispatch.pending_to_transient(session, obj)


def _switch_keys_back(transaction: Any, leaving: dict[int, Any]) -> None:
    switched = []
    for obj, (old, _) in transaction._key_switches.items():
        struct = kernel.state_of(obj)
        if id(obj) in leaving:
            struct._o_key = old  # also where its row is gone, as in SQLAlchemy
        elif struct._o_home is not None:
            switched.append((obj, struct._o_home, old))
    for obj, home, _ in switched:  # all first: they may have swapped their keys
        home.discard(obj)
    for obj, home, old in switched:
        home.add(obj, old)


def _let_return(session: Any, objects: list[Any]) -> None:
    # all first: one that comes back may take the place of another
    returning = [o for o in {id(o): o for o in objects}.values() if not _has_left(o)]
    told = [obj for obj in returning if session._revive(obj)]
    session._tracker.deleted.clear()
    if session._hears:
        for obj in told:
            session.dispatch.deleted_to_persistent(session, obj)


def _has_left(obj: Any) -> bool:
    """Whether an object was expunged since it was deleted, and stays so."""
    struct = kernel.state_of(obj)
    return struct._o_home is None and bool(struct._o_flags & kernel.DELETED)


def _changed(transaction: Any) -> list[Any]:
    """The objects whose values may no longer be the database's."""
    objects: list[Any] = transaction.session._tracker.objects()
    if not transaction.nested:
        return objects
    dirty = transaction._dirty
    return [o for o in objects if kernel.state_of(o)._o_flags & MODIFIED or o in dirty]


def detach_deleted(obj: Any) -> None:
    """A committed delete: the object is detached now."""
    struct = kernel.state_of(obj)
    home = struct._o_home
    if home is not None and home.token is not None:
        extras_of(struct)["identity_token"] = home.token
    struct._o_home = None


def let_deleted_go(transaction: Any) -> None:
    """After a commit: what was deleted is detached."""
    session = transaction.session
    deleted = transaction._deleted.objects()
    for obj in deleted:
        detach_deleted(obj)
    transaction._deleted.clear()
    if session._hears:
        for obj in deleted:
            session.dispatch.deleted_to_detached(session, obj)


def keep_changes(transaction: Any) -> None:
    """After the outermost commit: objects expire, the deleted ones go."""
    session = transaction.session
    if not session.expire_on_commit:
        return
    _all(
        lambda: expire_each(session._tracker.objects()),
        lambda: let_deleted_go(transaction),
    )
