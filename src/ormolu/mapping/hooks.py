"""What upper layers hand down, so that an attribute read can reach the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def _not_provided(*args: Any) -> Any:
    raise NotImplementedError(
        "No loader has been provided: import ormolu, not a part of it, "
        "to load attributes from a database."
    )


class LoadHooks:
    """The loaders that the loading layer provides when it is imported.

    Attributes:
        load_related: (relationship, instance, passive flags) -> value or status.
        load_deferred: (column property, instance, passive flags) -> value or status.
        load_expired: (mapper, instance, passive flags) -> status.
        load_row: (session, mapper, instance, primary key, names) -> found.
        make_write_only: (implementation, instance) -> a collection to write to.
        dynamic_factories: (relationship) -> what makes the query of an instance and
            what reads its items.
    """

    load_related: Callable[[Any, Any, int], Any] = staticmethod(_not_provided)
    load_deferred: Callable[[Any, Any, int], Any] = staticmethod(_not_provided)
    load_expired: Callable[[Any, Any, int], Any] = staticmethod(_not_provided)
    load_row: Callable[[Any, Any, Any, Any, Any], Any] = staticmethod(_not_provided)
    make_write_only: Callable[[Any, Any], Any] = staticmethod(_not_provided)
    dynamic_factories: Callable[[Any], Any] = staticmethod(_not_provided)


hooks = LoadHooks()
