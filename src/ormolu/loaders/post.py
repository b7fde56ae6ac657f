"""Loads that follow a load: what ``selectinload`` and its kin ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

PostLoader = Callable[..., None]

POST_LOADERS: dict[str, PostLoader] = {}
"""By strategy name: called with (session, objects, post load, path, overwrite)."""


def run_post_loads(session: Any, plan: Any, run: Any, overwrite: bool = False) -> None:
    """Run the second statements of a finished load.

    Args:
        plan: the load plan.
        run: the kernel's run, whose collected objects are loaded for.
        overwrite: load also what is loaded already (``populate_existing``).
    """
    for load, entity_plan in plan.post:
        objects = run.collected.get(entity_plan)
        if not objects:
            continue
        unique = list({id(o): o for o in objects if o is not None}.values())
        for post in load.post:
            loader = POST_LOADERS.get(post.strategy)
            if loader is None:
                raise NotImplementedError(
                    f"Loader strategy {post.strategy!r} of {post.prop} "
                    "is not implemented yet."
                )
            loader(session, unique, post, (*load.path, post.prop), overwrite, load)
