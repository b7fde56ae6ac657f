"""Names under which the package registers itself with Core."""

from __future__ import annotations

from typing import Final

PLUGIN: Final = "ormolu"
"""The compile plugin that Core chooses for statements of mapped entities."""

NO_NAMES: Final = {"ormolu_no_names": True}
"""Annotates a FROM element that ``filter_by`` finds no names in."""
