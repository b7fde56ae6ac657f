"""The sessions of the process, and questions about an object's session."""

from __future__ import annotations

import weakref
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy import inspect as sa_inspect
from sqlalchemy import util as sa_util

from .._speedups import state as kernel
from ..instrument.manager import manager_of_class
from ..instrument.state import missing_state, session_of

sessions: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
"""Every session in memory by its ``hash_key``."""

_next_key = iter(range(1, 2**62))


def enter_session(session: Any) -> int:
    """Note a new session and return the key that it is known by."""
    key = next(_next_key)
    sessions[key] = session
    return key


def object_session(instance: object) -> Any:
    """The session that an instance is in, or None.

    Raises:
        UnmappedInstanceError: when its class is not mapped.
    """
    if (
        kernel.state_or_none(instance) is None
        or manager_of_class(type(instance)) is None
    ):
        raise missing_state(instance)
    return session_of(instance)


def was_deleted(instance: object) -> bool:
    """Whether a flush of the session deleted an instance."""
    return bool(kernel.state_of(instance)._o_flags & kernel.DELETED)


def close_all_sessions() -> None:
    """Close every session that is in memory."""
    for reference in sessions.valuerefs():  # other threads may make new ones
        session = reference()
        if session is not None:
            session.close()


def identity_key(
    class_: Any = None,
    ident: Any = None,
    *,
    instance: Any = None,
    row: Any = None,
    identity_token: Any = None,
) -> Any:
    """An identity key: ``(class, primary key values, token)``.

    Source: ``sqlalchemy.orm.util.identity_key``.
    """
    if class_ is not None:
        mapper = sa_inspect(class_)
        if row is None:
            if ident is None:
                raise sa_exc.ArgumentError("ident or row is required")
            return mapper.identity_key_from_primary_key(
                tuple(sa_util.to_list(ident)), identity_token
            )
        return mapper.identity_key_from_row(row, identity_token)
    if instance is not None:
        return sa_inspect(instance).mapper.identity_key_from_instance(instance)
    raise sa_exc.ArgumentError("class or instance is required")


def for_update_arguments(value: Any) -> dict[str, Any] | None:
    """The arguments of ``with_for_update`` from what users give.

    Raises:
        ArgumentError: for an empty dict, which may mean either.
    """
    if value is None or value is False:
        return None
    if value is True:
        return {}
    if isinstance(value, dict):
        return value
    if isinstance(value, str):
        raise sa_exc.ArgumentError(
            "with_for_update should be the boolean value True, or a dictionary with "
            f"options, not {value!r}"
        )
    return {
        name: getattr(value, name)
        for name in ("nowait", "read", "of", "skip_locked", "key_share")
        if getattr(value, name, None)
    }


class SessionClassMethods:
    """What can be asked of `Session` without having one."""

    @classmethod
    def identity_key(
        cls,
        class_: Any = None,
        ident: Any = None,
        *,
        instance: Any = None,
        row: Any = None,
        identity_token: Any = None,
    ) -> Any:
        """The identity key of a class and key, of an instance, or of a row."""
        return identity_key(
            class_, ident, instance=instance, row=row, identity_token=identity_token
        )

    @classmethod
    def object_session(cls, instance: object) -> Any:
        """The session of an object."""
        return object_session(instance)

    @classmethod
    def close_all(cls) -> None:
        """Close every session."""
        close_all_sessions()
