"""``selectin_polymorphic``: one more SELECT with IN for what a subclass adds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    LABEL_STYLE_TABLENAME_PLUS_COL,
    bindparam,
    select,
    tuple_,
)

from .._speedups import state as kernel
from ..compile.load_options import OwnLoad
from ..hydrate.context import QueryContext
from ..hydrate.description import EntityLoad, SubclassLoad
from ..lanes.prepared import PreparedLoad
from .following import follow
from .post import SUBCLASS_LOADER, run_post_loads
from .selectin import CHUNK


def load_subclass(
    session: Any,
    objects: list[Any],
    later: SubclassLoad,
    load: EntityLoad,
    overwrite: bool,
    context: QueryContext,
) -> None:
    """Load the attributes of a subclass for objects that a base class's rows gave."""
    if later.prepared is None:
        statement = _statement(later, load)
        later.prepared = (statement, PreparedLoad(statement))
    statement, prepared = later.prepared
    for start in range(0, len(objects), CHUNK):
        chunk = objects[start : start + CHUNK]
        following = follow(
            session,
            later.entity.mapper,
            (),
            statement,
            {"primary_keys": [kernel.state_of(o)._o_key for o in chunk]},
            context,
            overwrite,
            prepared=prepared,
        )
        if following.run is not None and following.plan.post:
            run_post_loads(session, following.plan, following.run, overwrite)


def _statement(later: SubclassLoad, load: EntityLoad) -> Any:
    entity = later.entity
    columns = [_selected(entity, c) for c in entity.mapper.primary_key]
    key = columns[0] if len(columns) == 1 else tuple_(*columns)
    statement = select(entity).where(key.in_(bindparam("primary_keys", expanding=True)))
    own = OwnLoad(later.node, load.path, later.keys)
    return statement.options(own).set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)


def _selected(entity: Any, column: Any) -> Any:
    return entity._adapter.traverse(column) if entity.is_aliased_class else column


SUBCLASS_LOADER.append(load_subclass)
