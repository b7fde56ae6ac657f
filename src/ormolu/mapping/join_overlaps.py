"""Relationships that would copy values to the same column.

Two relationships that write one foreign key column, and are not told that they are the
two ends of one association, undo each other's work in a flush.  :class:`SyncTargets`
remembers which relationship writes which column, and warns of the second.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, Final, Protocol
from weakref import WeakKeyDictionary

from .._core.warnings import warn

if TYPE_CHECKING:
    from ormolu.mapping.annotations import AnyColumn

__all__ = ["CopyingProperty", "SyncTargets"]

_ALL: Final = "__*"
"""Among the names that a relationship may overlap with: all of them."""


class CopyingProperty(Protocol):
    """What is asked of a relationship.  ``str()`` of it names it in messages."""

    key: str

    @property
    def overlaps(self) -> Collection[str]:
        """The keys of relationships that this one may share columns with."""

    @property
    def parent(self) -> Any:
        """The mapper of the class that has the relationship."""

    @property
    def mapper(self) -> Any:
        """The mapper of the related class."""


class SyncTargets:
    """The columns that relationships write, for the mappers of one registry."""

    def __init__(self) -> None:
        # the columns copied from are kept as text, since an object would keep the
        # column copied to alive through its metadata
        self._writers: WeakKeyDictionary[
            AnyColumn, WeakKeyDictionary[CopyingProperty, str]
        ] = WeakKeyDictionary()
        # mappers are configured under a lock of its own, but disposed of at any time
        self._lock = threading.RLock()

    def claim(
        self,
        prop: CopyingProperty,
        pairs: Iterable[tuple[AnyColumn, AnyColumn]],
        reverse: Collection[CopyingProperty] = (),
    ) -> None:
        """Note the columns that a relationship writes, warn of those taken.

        Arguments:
            prop: a relationship that is not ``viewonly``.
            pairs: what it copies, from one column to another; its
                ``synchronize_pairs`` and ``secondary_synchronize_pairs``.
            reverse: the relationships that are the other end of its association.
        """
        for source, target in pairs:
            with self._lock:
                writers = self._writers.setdefault(target, WeakKeyDictionary())
                rivals = {
                    rival: copied
                    for rival, copied in writers.items()
                    if rival not in reverse and _are_rivals(prop, rival)
                }
            if rivals:
                _warn(prop, source, target, rivals)
            with self._lock:
                writers[prop] = str(source)

    def forget(self, mapper: object) -> None:
        """Drop the claims of relationships from or to a mapper that is disposed of."""
        with self._lock:
            for writers in self._writers.values():
                for prop in list(writers):
                    if mapper in (prop.parent, prop.mapper):
                        del writers[prop]


def _are_rivals(prop: CopyingProperty, other: CopyingProperty) -> bool:
    """Whether two relationships that write one column are in each other's way."""
    if prop is other or not {other.key, _ALL}.isdisjoint(prop.overlaps):
        return False
    if not {prop.key, _ALL}.isdisjoint(other.overlaps):
        return False
    # a subclass may have its own version of a relationship of its base
    if prop.key == other.key and prop.parent.common_parent(other.parent):
        return False
    return not (
        _are_siblings(prop.parent, other.parent)
        or _are_siblings(prop.mapper, other.mapper)
    )


def _are_siblings(mapper: Any, other: Any) -> bool:
    """Whether two mappers are of one hierarchy, so that no object is of both."""
    return (
        mapper.common_parent(other) and not mapper.isa(other) and not other.isa(mapper)
    )


def _warn(
    prop: CopyingProperty,
    source: AnyColumn,
    target: AnyColumn,
    rivals: dict[CopyingProperty, str],
) -> None:
    """Warn that a relationship writes what others write."""
    conflicts = ", ".join(
        sorted(
            f"'{rival}' (copies {copied} to {target})"
            for rival, copied in rivals.items()
        )
    )
    keys = ",".join(sorted(rival.key for rival in rivals))
    warn(
        f"relationship '{prop}' will copy column {source} to column {target}, which "
        f"conflicts with relationship(s): {conflicts}. If this is not the intention, "
        "consider if these relationships should be linked with back_populates, or if "
        "viewonly=True should be applied to one or more if they are read-only. For the "
        "less common case that foreign key constraints are partially overlapping, the "
        "orm.foreign() annotation can be used to isolate the columns that should be "
        "written towards.   To silence this warning, add the parameter "
        f"'overlaps=\"{keys}\"' to the '{prop}' relationship.",
        code="qzyx",
    )
