"""Objects that change their state outside of a session."""

from __future__ import annotations

from sqlalchemy import exc as sa_exc

from .._speedups import state as kernel
from ..instrument.expiry import clear_expired, declare_expired
from ..instrument.flags import NO_VALUE
from ..instrument.state import session_of

DELETED = kernel.DELETED
EXPIRED = kernel.EXPIRED
FRESH = kernel.FRESH


def make_transient(instance: object) -> None:
    """Take an object out of its session and forget its identity."""
    struct = kernel.state_of(instance)
    session = session_of(instance)
    if session is not None:
        session._expunge_one(instance)
    struct._o_home = None
    clear_expired(instance)
    extras = struct._o_extras
    if extras:
        extras.pop("callables", None)
    origin = struct._o_origin
    if origin is not None:
        struct._o_origin = origin.of_made_transient()
    struct._o_key = None
    struct._o_flags &= ~DELETED


def make_transient_to_detached(instance: object) -> None:
    """Make a transient object one that seems to have been detached.

    Raises:
        InvalidRequestError: when it has a session or an identity already.
    """
    struct = kernel.state_of(instance)
    if session_of(instance) is not None or struct._o_key is not None:
        raise sa_exc.InvalidRequestError("Given object must be transient")
    mapper = struct._o_layout.mapper
    values = [kernel.peek(instance, s) for s in struct._o_layout.pk_slots]
    values = [NO_VALUE if v is kernel.UNLOADED else v for v in values]
    struct._o_key = mapper.key_of_values(values)
    struct._o_flags &= ~(DELETED | EXPIRED | FRESH)
    kernel.forget_changes(instance)
    unloaded = [
        k
        for k in (*mapper._expirable_keys, *mapper._deferred_keys)
        if kernel.peek_key(instance, k) is kernel.UNLOADED
    ]
    if unloaded:
        declare_expired(struct, unloaded)
        struct._o_flags |= kernel.PARTIAL
