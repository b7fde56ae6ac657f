"""Core's event system, as the event families here build on it.

``sqlalchemy.event`` keeps a list of families for each name of an event, and gives a
target to the first that accepts it.  ``sqlalchemy.orm`` has families for the same
names, and its instance and mapper families accept any class that is not mapped yet.
So the families here are asked first, whichever package is imported first, and decline
what belongs to the other; a plain class that nobody mapped may become either's, so
what is listened for on it is noted with both.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.event.attr import RefCollection as RefCollection
from sqlalchemy.event.base import Events as Events
from sqlalchemy.event.base import _registrars
from sqlalchemy.event.base import dispatcher as dispatcher
from sqlalchemy.event.registry import EventTarget as EventTarget
from sqlalchemy.event.registry import _EventKey

__all__ = [
    "EventTarget",
    "Events",
    "RefCollection",
    "ask_first",
    "class_level_collection",
    "dispatch_of",
    "dispatcher",
    "event_names",
    "listen_elsewhere",
    "listener_of",
    "rebuilt_key",
    "same_listener_for",
    "with_listener",
]


def ask_first(family: Any) -> Any:
    """A class decorator: let Core offer targets to this family before others."""
    for name in family.dispatch._event_names:
        families = _registrars[name]
        if family in families:
            families.remove(family)
            families.insert(0, family)
    return family


def event_names(family: Any) -> frozenset[str]:
    """The names of a family's events."""
    return frozenset(family.dispatch._event_names)


def dispatch_of(family: Any) -> Any:
    """The listeners that a whole family has."""
    return family.dispatch


def listen_elsewhere(
    own: Iterable[Any], target: Any, identifier: str, fn: Any, **kw: Any
) -> None:
    """Note a listener with the other packages that accept its target too.

    Args:
        own: the families that have it already.
        target: a class that is not mapped yet.
        identifier: the name of the event.
        fn: the user's function.
    """
    skip = set(own)
    for family in list(_registrars[identifier]):
        if family in skip or family.__module__.startswith("ormolu."):
            continue
        accepted = family._accept_with(target, identifier)
        if accepted is not None:
            key: Any = _EventKey(target, identifier, fn, accepted)
            key.listen(**kw)
            return


def listener_of(event_key: Any) -> Any:
    """The function that a listener's key stands for, wrapped as it may be."""
    return event_key._listen_fn


def with_listener(event_key: Any, fn: Any) -> Any:
    """The same key for a function that wraps the listener."""
    return event_key.with_wrapper(fn)


def same_listener_for(event_key: Any, target: Any) -> Any:
    """The same listener on another target; removing one removes both."""
    return event_key.with_dispatch_target(target)


def class_level_collection(family: Any, name: str) -> Any:
    """The collection of listeners that a whole family has for an event."""
    return getattr(family.dispatch, name)


def rebuilt_key(target: Any, identifier: str, fn: Any, wrapped: Any, to: Any) -> Any:
    """The key of a listener that was given for ``target`` and goes to another one."""
    key: Any = _EventKey(
        target, identifier, fn, to, _fn_wrap=None if wrapped is fn else wrapped
    )
    return key
