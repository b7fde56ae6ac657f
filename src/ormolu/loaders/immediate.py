"""``immediateload``: the lazy load of every object, right after its own load."""

from __future__ import annotations

from typing import Any

from .._speedups import state as kernel
from ..instrument.flags import (
    PASSIVE_NO_FETCH_RELATED,
    PASSIVE_OFF,
    LoaderCallableStatus,
)
from .lazy import Along, load_related
from .post import POST_LOADERS


def load_immediately(
    session: Any,
    objects: list[Any],
    post: Any,
    path: Any,
    overwrite: bool,
    load: Any,
    context: Any,
) -> None:
    """Read the relationship of each object that has not got it."""
    along = Along(path, load.node, context.execution_options)
    _load_each(objects, post.prop, PASSIVE_OFF, along, overwrite)


def load_from_identity_map(
    session: Any,
    objects: list[Any],
    post: Any,
    path: Any,
    overwrite: bool,
    load: Any,
    context: Any,
) -> None:
    """Where immediate loading ends, take what the session has already."""
    along = Along(path, load.node, context.execution_options)
    _load_each(objects, post.prop, PASSIVE_NO_FETCH_RELATED, along, overwrite)


def _load_each(
    objects: list[Any], prop: Any, passive: int, along: Any, overwrite: bool
) -> None:
    for obj in objects:
        if not overwrite and kernel.peek_key(obj, prop.key) is not kernel.UNLOADED:
            continue
        value = load_related(prop, obj, passive, along)
        if not isinstance(value, LoaderCallableStatus):
            kernel.layout_of(obj).attributes[prop.key].impl.set_committed_value(
                obj, value
            )


POST_LOADERS["immediate"] = load_immediately
POST_LOADERS["identity"] = load_from_identity_map
