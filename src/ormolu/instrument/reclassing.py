"""An instance that is new changes its class, and with it its mapping."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc as sa_exc

from .._speedups import state as kernel
from ..exc import instance_text
from .entity import Entity

STATE_KEY = "_sa_instance_state"


def change_class(obj: Any, cls: type) -> None:
    """Make a transient instance one of another class, keeping its attributes.

    Args:
        obj: the instance.
        cls: the class, of the same storage: a subclass or a superclass that adds no
            slots.

    Raises:
        InvalidRequestError: the instance is stored, or in a session.
    """
    struct: Any = kernel.state_or_none(obj)
    if struct is not None and (struct._o_key is not None or struct._o_home is not None):
        raise sa_exc.InvalidRequestError(
            f"Instance {instance_text(obj)} is not transient; its class can't change"
        )
    layout = kernel.registered_layout(type(obj))
    # made again of their columns
    composites = () if layout is None else layout.mapper._composite_keys
    left = {STATE_KEY, *composites}
    values = {k: v for k, v in vars(obj).items() if k not in left}
    if isinstance(obj, Entity):
        _forget(struct)
        struct._o_dict.clear()
    else:
        vars(obj).clear()
    obj.__class__ = cls
    for key, value in values.items():
        adapter = getattr(value, "_sa_adapter", None)
        setattr(obj, key, value if adapter is None else _plain(value))


def _forget(struct: Any) -> None:
    struct._o_layout = struct._o_values = struct._o_related = None
    struct._o_originals = struct._o_origin = struct._o_extras = struct._o_view = None
    struct._o_flags = kernel.FRESH


def _plain(collection: Any) -> Any:
    """A collection without its instrumentation, to be assigned elsewhere."""
    for kind in (list, set, dict):
        if isinstance(collection, kind):
            return kind(collection)
    return list(collection._sa_adapter)
