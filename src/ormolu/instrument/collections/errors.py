"""The errors and warnings of collections on behalf of their attribute."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, NoReturn

from sqlalchemy import exc as sa_exc

from ...exc import ObjectDereferencedError

if TYPE_CHECKING:
    from .protocols import CollectionAttribute


def raise_owner_gone(attr: CollectionAttribute) -> NoReturn:
    """Refuse to change a collection whose instance was garbage collected.

    Raises:
        ObjectDereferencedError: always; the change could never be flushed.
    """
    name = attr.class_.__name__
    raise ObjectDereferencedError(
        f"Can't emit change event for attribute '{name}.{attr.key}' - parent "
        f"object of type <{name}> has been garbage collected."
    )


def warn_caller(message: str) -> None:
    """Warn, and show the line outside of this package that gave the cause."""
    depth = 2
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("ormolu."):
        frame = frame.f_back
        depth += 1
    warnings.warn(message, sa_exc.SAWarning, stacklevel=depth)
