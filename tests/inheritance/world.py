"""Small hierarchies that a test maps for itself."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKey, Integer, String

from ormolu import Entity
from tests.flush.world import World


class Hierarchies(World):
    """A world of classes that may inherit from each other."""

    def map(self, name: str, table: Any, base: Any = None, **options: Any) -> Any:
        """A new class, mapped to a table.

        Args:
            name: that of the class.
            table: its table, None for that of the base.
            base: the class that it inherits from.
        """
        if base is not None:
            cls = type(name, (base,), {"__module__": "world"})
            self.registry.map_imperatively(cls, table, inherits=base, **options)
            return cls
        if table is None:
            raise TypeError("a class without a base needs a table")
        return super().map(name, table, **options)

    def new_class(self, base: Any = None, **namespace: Any) -> Any:
        """A class that is not mapped yet, with the kind of state of this world."""
        if base is None:
            base = Entity if self.mode == "embedded" else object
        return type("Own", (base,), {"__module__": "world", **namespace})


def of_parent(target: str = "base.id") -> Column[Any]:
    """The key of a table that is joined to its parent's."""
    return Column("id", Integer, ForeignKey(target), primary_key=True)


def kind() -> Column[Any]:
    """A discriminator."""
    return Column("kind", String)
