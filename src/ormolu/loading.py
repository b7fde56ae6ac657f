"""Loading of what is there already; see ``sqlalchemy.orm.loading``."""

from __future__ import annotations

from .query.merging import merge_frozen_result, merge_result

__all__ = ["merge_frozen_result", "merge_result"]
