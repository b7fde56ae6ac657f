"""``immediateload``: the lazy load of every object, right after its own load."""

from __future__ import annotations

from typing import Any

from .._speedups import state as kernel
from .lazy import load_with_others
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
    key = post.prop.key
    for obj in objects:
        if overwrite or kernel.peek_key(obj, key) is kernel.UNLOADED:
            if context.execution_options:
                load_with_others(post.prop, obj, context.execution_options)
            else:
                getattr(obj, key)


POST_LOADERS["immediate"] = load_immediately
