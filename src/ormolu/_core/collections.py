"""Read-only collections of columns and properties, as Core builds its own."""

from __future__ import annotations

from typing import Any

from sqlalchemy.sql.base import WriteableColumnCollection
from sqlalchemy.util import ReadOnlyProperties as ReadOnlyProperties


class ReadOnlyColumns(WriteableColumnCollection[str, Any]):
    """The columns of a mapper by the name of their attribute."""

    def contains_key(self, key: str) -> bool:
        """Whether a column stands under that name."""
        return key in self._index
