"""A column whose attribute reads as a dataclass default until it is set."""

from __future__ import annotations

from typing import Any

from sqlalchemy.schema import ColumnDefault, Sequence

from .._core.declarative import NO_ARG
from ..mapping.properties import ColumnProperty


def is_shown(default: Any) -> bool:
    """Whether a default of a dataclass field is what instances show meanwhile."""
    return (
        default is not NO_ARG
        and default is not None
        and not isinstance(default, (ColumnDefault, Sequence))
        and not callable(default)
    )


class DefaultedColumn(ColumnProperty):
    """A column property with a default for instances that have no value yet.

    The default is only shown: it is neither stored nor part of a change.

    Args:
        default: the value.
        column: as the other arguments, those of `ColumnProperty`.
    """

    inherit_cache = True

    own_insert_default: Any = None
    """What INSERTs of the class have for a column that does not know the default; None
    for what the column says."""

    def __init__(self, default: Any, column: Any, **kw: Any) -> None:
        super().__init__(column, **kw)
        self._default_scalar_value = default

    @classmethod
    def of(cls, prop: ColumnProperty, default: Any) -> DefaultedColumn:
        """A property with a default that its column knows nothing of."""
        made = cls.__new__(cls)
        made.__dict__.update(prop.__dict__)
        made._default_scalar_value = made.own_insert_default = default
        return made

    def _make_impl(self, attr: Any, mapper: Any) -> Any:
        impl = super()._make_impl(attr, mapper)
        default = self._default_scalar_value
        impl.on_init_scalar.append(lambda obj, value: default)
        return impl
