"""Helpers that users import from ``sqlalchemy.orm.util``."""

from __future__ import annotations

from .mapping.aliased import AliasedClass, AliasedInsp, aliased
from .mapping.bundle import Bundle
from .mapping.cascade import CascadeOptions
from .mapping.inspecting import class_mapper, object_mapper
from .session.session import identity_key, object_session, was_deleted

__all__ = [
    "AliasedClass",
    "AliasedInsp",
    "Bundle",
    "CascadeOptions",
    "aliased",
    "class_mapper",
    "identity_key",
    "object_mapper",
    "object_session",
    "was_deleted",
]
