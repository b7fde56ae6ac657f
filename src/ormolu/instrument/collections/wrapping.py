"""Small helpers of the methods that replace those of a collection class."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias

from ..flags import NO_KEY
from .adapter import live_adapter
from .protocols import Initiator
from .roles import INSTRUMENTED

Method: TypeAlias = Callable[..., Any]
Wrapper: TypeAlias = Callable[[Method], Method]


def replaces_method(original: Method) -> Callable[[Method], Method]:
    """Give a wrapper the looks of the original, and mark it as instrumented."""

    def finish(wrapper: Method) -> Method:
        finished: Method = wraps(original)(wrapper)
        # wraps() copies the marks of the original as well
        setattr(finished, INSTRUMENTED, True)
        return finished

    return finish


def fire_append(
    collection: Any, item: Any, initiator: Initiator = None, key: Any = NO_KEY
) -> Any:
    """Announce an item about to be added; returns the one to add."""
    if initiator is not False:
        adapter = live_adapter(collection)
        if adapter is not None:
            return adapter.fire_append_event(item, initiator, key)
    return item


def fire_present(collection: Any, item: Any, initiator: Initiator = None) -> None:
    """Announce that an item was added which is there already."""
    if initiator is not False:
        adapter = live_adapter(collection)
        if adapter is not None:
            adapter.fire_append_wo_mutation_event(item, initiator, None)


def fire_remove(
    collection: Any, item: Any, initiator: Initiator = None, key: Any = NO_KEY
) -> None:
    """Announce an item that leaves."""
    if initiator is not False:
        adapter = live_adapter(collection)
        if adapter is not None:
            adapter.fire_remove_event(item, initiator, key)


def fire_pre_remove(collection: Any, initiator: Initiator = None) -> None:
    """Announce that an item not yet known is about to leave."""
    if initiator is not False:
        adapter = live_adapter(collection)
        if adapter is not None:
            adapter.fire_pre_remove_event(initiator)
