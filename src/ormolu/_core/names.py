"""Names under which the package registers itself with Core."""

from __future__ import annotations

from typing import Final

PLUGIN: Final = "ormolu"
"""The compile plugin that Core chooses for statements of mapped entities."""
