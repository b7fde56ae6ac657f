"""A column whose attribute reads as a dataclass default until it is set."""

from __future__ import annotations

from typing import Any

from ..mapping.properties import ColumnProperty


class DefaultedColumn(ColumnProperty):
    """A column property with a default for instances that have no value yet.

    The default is only shown: it is neither stored nor part of a change.

    Args:
        default: the value.
        column: as the other arguments, those of `ColumnProperty`.
    """

    inherit_cache = True

    own_insert_default: Any = None
    """What INSERTs of the class have for a column that is not its own; None for what
    the column says."""

    def __init__(self, default: Any, column: Any, **kw: Any) -> None:
        super().__init__(column, **kw)
        self._default_scalar_value = default

    def _make_impl(self, attr: Any, mapper: Any) -> Any:
        impl = super()._make_impl(attr, mapper)
        default = self._default_scalar_value
        impl.on_init_scalar.append(lambda obj, value: default)
        return impl
