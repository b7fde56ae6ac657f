"""``History``: what changed on one attribute since it was loaded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from .flags import NO_VALUE, PASSIVE_NO_RESULT


class History(NamedTuple):
    """Added, unchanged and deleted values of an attribute.

    Source: ``sqlalchemy.orm.attributes.History``.
    """

    added: Sequence[Any]
    unchanged: Sequence[Any]
    deleted: Sequence[Any]

    def __bool__(self) -> bool:
        return self != HISTORY_BLANK

    def empty(self) -> bool:
        """Whether there is neither a change nor a known value."""
        return not bool((self.added or self.deleted) or self.unchanged)

    def sum(self) -> list[Any]:
        """Added, unchanged and deleted values in one list."""
        return [*(self.added or ()), *(self.unchanged or ()), *(self.deleted or ())]

    def non_deleted(self) -> list[Any]:
        """Added and unchanged values."""
        return [*(self.added or ()), *(self.unchanged or ())]

    def non_added(self) -> list[Any]:
        """Unchanged and deleted values."""
        return [*(self.unchanged or ()), *(self.deleted or ())]

    def has_changes(self) -> bool:
        """Whether something was added or deleted."""
        return bool(self.added or self.deleted)


HISTORY_BLANK = History((), (), ())


def scalar_history(original: Any, current: Any, equal: bool) -> History:
    """History of a changed scalar; ``NO_VALUE`` stands for nothing there."""
    if equal:
        return History((), [current], ())
    if original is NO_VALUE:
        return History([None if current is NO_VALUE else current], (), ())
    if current is NO_VALUE:
        return History((), (), [original])
    return History([current], (), [original])


def object_history(original: Any, current: Any) -> History:
    """History of a changed reference; no object was lost where none was known.

    Args:
        original: an object, None, or ``NO_VALUE`` or ``PASSIVE_NO_RESULT`` where
            none is known.
        current: an object, None, or ``NO_VALUE`` for nothing there.
    """
    if original is NO_VALUE:
        return HISTORY_BLANK if current is NO_VALUE else History([current], (), ())
    if current is original:
        return History((), [current], ())
    if original is None or original is PASSIVE_NO_RESULT:
        return History([None if current is NO_VALUE else current], (), ())
    return History(() if current is NO_VALUE else [current], (), [original])


def collection_history(original: Iterable[Any] | None, current: list[Any]) -> History:
    """History of a collection by the identity of its members.

    Args:
        original: members at the last load or flush; None when nothing changed.
        current: members now.
    """
    if original is None:
        return History((), current, ())
    before = list(original)
    if not before:
        return History(current, [], [])
    ids_before = {id(x) for x in before}
    ids_now = {id(x) for x in current}
    return History(
        [x for x in current if id(x) not in ids_before],
        [x for x in current if id(x) in ids_before],
        [x for x in before if id(x) not in ids_now],
    )
