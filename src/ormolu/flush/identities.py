"""Objects whose discriminator names another class."""

from __future__ import annotations

from typing import Any

from .._core.warnings import warn_limited
from .._speedups import state as kernel
from ..exc import instance_text


def warn_of_identity(mapper: Any, obj: Any) -> None:
    """Warn of an object that is not loaded as what it is saved as."""
    key = mapper._polymorphic_key
    if key is None or key not in mapper.layout.index:
        return
    acceptable = mapper._plans.get("acceptable identities")
    if acceptable is None:
        acceptable = mapper._acceptable_identities()
        mapper._plans["acceptable identities"] = acceptable
    value = kernel.peek(obj, mapper.layout.index[key])
    if value is not kernel.UNLOADED and value not in acceptable:
        warn_limited(
            "Flushing object %s with incompatible polymorphic identity %r; the object "
            "may not refresh and/or load correctly",
            instance_text(obj),
            value,
        )
