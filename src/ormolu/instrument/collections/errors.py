"""The errors of collections on behalf of their attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

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
