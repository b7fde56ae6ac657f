"""``CascadeOptions``: which operations a relationship carries on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import exc as sa_exc

ALL = frozenset({"save-update", "merge", "refresh-expire", "expunge", "delete"})
NON_WRITING = frozenset({"merge", "refresh-expire", "expunge"})
KNOWN = ALL | {"all", "none", "delete-orphan"}


class CascadeOptions(frozenset[str]):
    """The cascades of a relationship, each also as an attribute.

    Args:
        value: names, or a string of names separated by commas.

    Raises:
        ArgumentError: for a name that is no cascade.
    """

    save_update: bool
    delete: bool
    refresh_expire: bool
    merge: bool
    expunge: bool
    delete_orphan: bool

    def __new__(cls, value: Iterable[str] | str | None) -> Any:
        if isinstance(value, str) or value is None:
            return cls.from_string(value)
        names = set(value)
        if unknown := names.difference(KNOWN):
            listed = ", ".join(repr(x) for x in sorted(unknown))
            raise sa_exc.ArgumentError(f"Invalid cascade option(s): {listed}")
        if "all" in names:
            names.update(ALL)
        if "none" in names:
            names.clear()
        names.discard("all")
        self = super().__new__(cls, names)
        self.save_update = "save-update" in names
        self.delete = "delete" in names
        self.refresh_expire = "refresh-expire" in names
        self.merge = "merge" in names
        self.expunge = "expunge" in names
        self.delete_orphan = "delete-orphan" in names
        return self

    @classmethod
    def from_string(cls, text: str | None) -> Any:
        return cls([c for c in re.split(r"\s*,\s*", text or "") if c])

    def __repr__(self) -> str:
        return f"CascadeOptions({','.join(sorted(self))!r})"
