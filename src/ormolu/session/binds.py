"""Which engine serves which mapper or table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy import inspect as sa_inspect
from sqlalchemy import util as sa_util
from sqlalchemy.sql import visitors
from sqlalchemy.sql.selectable import TableClause


class BindTable:
    """Engines by class, mapper and table.

    Args:
        binds: what `Session` was given.
    """

    def __init__(self, binds: Mapping[Any, Any] | None) -> None:
        self.by_key: dict[Any, Any] = {}
        for key, bind in (binds or {}).items():
            self.add(key, bind)

    def __bool__(self) -> bool:
        return bool(self.by_key)

    def as_dict(self) -> Mapping[Any, Any]:
        """Engines by class and table, as they are now; not to be changed."""
        return sa_util.immutabledict(self.by_key)

    def add(self, key: Any, bind: Any) -> None:
        """Use ``bind`` for a class, mapper or table."""
        if isinstance(key, TableClause):
            self.by_key[key] = bind
            return
        found = sa_inspect(key, raiseerr=False)
        if found is not None and getattr(found, "is_mapper", False):
            self.by_key[found.class_] = bind
            for table in found.tables:
                self.by_key[table] = bind
        elif found is not None and getattr(found, "is_selectable", False):
            self.by_key[found] = bind
        elif isinstance(key, type):
            self.by_key[key] = bind
        else:
            raise sa_exc.ArgumentError(f"Not an acceptable bind target: {key}")

    def find(self, mapper: Any, clause: Any) -> Any:
        """The bind of a mapper or a statement, None when there is none."""
        if not self.by_key:
            return None
        if mapper is not None:
            for cls in mapper.class_.__mro__:
                if cls in self.by_key:
                    return self.by_key[cls]
            if clause is None:
                clause = mapper.persist_selectable
        if clause is not None:
            for element in visitors.iterate(clause):
                if element in self.by_key:
                    return self.by_key[element]
        return None
