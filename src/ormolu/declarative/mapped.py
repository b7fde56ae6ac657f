"""Annotations that say more than ``Mapped`` does."""

from __future__ import annotations

from typing import TypeVar

from ..mapping.mapped import DynamicMapped as DynamicMapped
from ..mapping.mapped import Mapped as Mapped
from ..mapping.mapped import MappedBase
from ..mapping.mapped import WriteOnlyMapped as WriteOnlyMapped

_T_co = TypeVar("_T_co", covariant=True)


class Unmapped(MappedBase[_T_co]):
    """Annotation of a column that is in the table and not in the mapping.

    Goes with ``unmapped_column()``.
    """

    __slots__ = ()
