"""Hands the loaders down to the mapping layer; importing it is enough."""

from __future__ import annotations

from ..mapping.hooks import hooks
from . import immediate as immediate
from . import selectin as selectin
from . import selectin_polymorphic as selectin_polymorphic
from . import subquery as subquery
from . import write_only as write_only
from .expired import load_deferred, load_expired, refresh_from_row
from .lazy import load_related

hooks.load_related = load_related
hooks.load_deferred = load_deferred
hooks.load_expired = load_expired
hooks.load_row = refresh_from_row
