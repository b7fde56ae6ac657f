"""Loads that follow a load: what ``selectinload`` and its kin ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._speedups import state as kernel
from ..hydrate.context import NO_CONTEXT, QueryContext
from ..hydrate.description import SubclassLoad

UNLOADED = kernel.UNLOADED

PostLoader = Callable[..., None]

POST_LOADERS: dict[str, PostLoader] = {}
"""By strategy name: called with (session, objects, post load, path, overwrite, entity
load, context of the first load)."""


SUBCLASS_LOADER: list[Any] = []
"""Called with (session, objects, subclass load, entity load, overwrite, context)."""

# A refresh of one object has no peers to share a statement with: its lazy loads do,
# which have statements that are prepared already.
OF_REFRESH = {"selectin": "immediate", "subquery": "immediate"}


def run_post_loads(
    session: Any,
    plan: Any,
    run: Any,
    overwrite: bool = False,
    refresh: bool = False,
    missing_only: bool = False,
    query: Any = None,
    params: Any = None,
) -> None:
    """Run the second statements of a finished load.

    Args:
        plan: the load plan.
        run: the kernel's run, whose collected objects are loaded for.
        overwrite: load also what is loaded already (``populate_existing``).
        refresh: the load was the refresh of one object.
        missing_only: ask only for objects that lack the relationship; without it the
            statements name all, as SQLAlchemy's do, and refresh what was expired.
        query: the statement of the load, where the run has no context.
        params: its parameters.
    """
    context = run.context or NO_CONTEXT
    if plan.repeats and context.query is None and query is not None:
        # a listener's context knows the options, but not the statement
        options = context.execution_options
        context = QueryContext(
            session, query, options, params, inherited=context.inherited
        )
    for load, entity_plan in plan.post:
        objects = run.collected.get(entity_plan)
        if not objects:
            continue
        unique = list({id(o): o for o in objects if o is not None}.values())
        if load.switch is not None and not refresh:
            for wanting, later in _by_class(load.switch.later, unique):
                SUBCLASS_LOADER[0](session, wanting, later, load, overwrite, context)
        for post in load.post:
            strategy = post.strategy
            if refresh:
                strategy = OF_REFRESH.get(strategy, strategy)
            loader = POST_LOADERS.get(strategy)
            if loader is None:
                raise NotImplementedError(
                    f"Loader strategy {post.strategy!r} of {post.prop} "
                    "is not implemented yet."
                )
            wanting = unique
            parent = post.prop.parent
            if load.switch is not None or not load.mapper.isa(parent):
                wanting = [o for o in unique if kernel.layout_of(o).mapper.isa(parent)]
            if missing_only:
                key = post.prop.key
                wanting = [o for o in wanting if kernel.peek_key(o, key) is UNLOADED]
            if wanting:
                path = (*load.path, post.prop)
                loader(session, wanting, post, path, overwrite, load, context)


def _by_class(
    subclass_loads: list[SubclassLoad], objects: list[Any]
) -> list[tuple[list[Any], SubclassLoad]]:
    """The second statements for descendants with their objects, as these came."""
    found: dict[int, tuple[list[Any], SubclassLoad]] = {}
    for obj in objects if subclass_loads else ():
        mapper = kernel.layout_of(obj).mapper
        for later in subclass_loads:
            if mapper in later.classes:
                found.setdefault(id(later), ([], later))[0].append(obj)
    return list(found.values())
