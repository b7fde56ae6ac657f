"""Options that Ormolu's own statements carry: where they stand, what they load."""

from __future__ import annotations

from typing import Any

from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.sql.cache_key import HasCacheKey

from .options import PathNode


class OwnLoad(ExecutableOption, HasCacheKey):
    """What a statement made by a loader loads.

    Args:
        node: the options below the statement's entity.
        path: relationships that led here, which eager loading must not repeat.
        only: attribute keys to load, when not all of the entity's.
        options: the options that lazy loads of the objects repeat.
        hops: how many of those relationships the statement itself goes along, from
            another one that is its subquery.
        refresh: it reloads an instance, whose row no criteria may hide.
        bare: it selects from nothing but the tables that its columns are of.
    """

    inherit_cache = True
    propagate_to_loaders = False
    _is_has_cache_key = True
    _is_core = False

    def __init__(
        self,
        node: PathNode | None = None,
        path: tuple[Any, ...] = (),
        only: frozenset[str] | None = None,
        options: tuple[Any, ...] = (),
        hops: int = 0,
        refresh: bool = False,
        bare: bool = False,
    ) -> None:
        self.node = node
        self.path = path
        self.only = only
        self.options = options
        self.hops = hops
        self.refresh = refresh
        self.bare = bare

    def _gen_cache_key(self, anon_map: Any, bindparams: Any) -> Any:
        return (
            OwnLoad,
            None if self.node is None else self.node.cache_key(anon_map, bindparams),
            self.path,
            self.only,
            self.hops,
            self.refresh,
            self.bare,
        )


def node_below(node: PathNode | None, step: Any) -> PathNode | None:
    """The node of what a loader's statement loads.

    Where an option asked for the objects and said no more, an empty one tells so.
    """
    return PathNode() if node is None and step is not None else node


def own_load(statement: Any) -> OwnLoad | None:
    """The `OwnLoad` of a statement, None when the statement is the user's."""
    for option in statement._with_options:
        if isinstance(option, OwnLoad):
            return option
    return None
