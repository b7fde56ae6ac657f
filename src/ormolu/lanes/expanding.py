"""Statements with IN lists on the fast lane: one text for each number of values.

Core writes a parameter for each value into the text of every execution.  Here the text
is kept for the next list that is as long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import BindTyping

from .fast import FastStatement

LENGTHS = 100
"""How many texts of one statement are kept."""


def suits_expanded(compiled: Any) -> bool:
    """Whether nothing but IN lists of single values keeps a statement from a cursor."""
    if compiled.literal_execute_params:
        return False
    if compiled.dialect.bind_typing is BindTyping.SETINPUTSIZES:
        return False
    return all(
        bind.expanding and not bind.literal_execute and not bind.type._is_tuple_type
        for bind in compiled.post_compile_params
    )


class UnfitListError(Exception):
    """The value of an IN list is none that this lane knows what to do with."""


class ExpandingStatement:
    """A compiled statement whose IN lists get as many parameters as they have values.

    Args:
        compiled: Core's compiled statement; see `suits_expanded`.
    """

    __slots__ = ("_by_lengths", "_compiled", "_fixed", "_lists", "coltypes")

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self._lists = tuple(
            name
            for bind, name in compiled.bind_names.items()
            if bind in compiled.post_compile_params
        )
        # lists that the compiler made, such as the identities of a class's rows
        self._fixed = {
            name: bind.value
            for bind, name in compiled.bind_names.items()
            if name in self._lists and bind.callable is None and not bind.required
        }
        self._by_lengths: dict[
            tuple[int, ...], tuple[FastStatement, Sequence[Sequence[str]]]
        ] = {}
        self.coltypes: list[Any] | None = None

    def fetch_all(
        self,
        connection: Connection,
        values: Mapping[str, Any],
        given: Mapping[str, Any] | None = None,
    ) -> list[Any]:
        """Execute on a DBAPI cursor and return the driver's rows.

        Args:
            values: by name; those of IN lists are lists or tuples.  A list that is not
                among them has the value that it was compiled with.
            given: the parameters as the user gave them, for errors; None for the values.

        Raises:
            UnfitListError: before anything was sent, for a list of another kind.
            DBAPIError: the driver's errors, wrapped as Core wraps them.
        """
        complete = {**self._fixed, **values}
        flat = dict(complete)
        lists = [flat.pop(name) for name in self._lists]
        if not all(isinstance(found, (list, tuple)) for found in lists):
            raise UnfitListError
        lengths = tuple(map(len, lists))
        found = self._by_lengths.get(lengths)
        if found is None:
            found = self._expand(lengths, complete)
        fast, names = found
        for parts, elements in zip(names, lists, strict=True):
            flat.update(zip(parts, elements, strict=True))
        rows = fast.fetch_all(connection, flat, given)
        if self.coltypes is None:
            self.coltypes = fast.coltypes
        return rows

    def _expand(self, lengths: tuple[int, ...], values: Mapping[str, Any]) -> Any:
        expanded = self._compiled.construct_expanded_state(
            dict(values), escape_names=False
        )
        fast = FastStatement(self._compiled, expanded)
        names = [expanded.parameter_expansion.get(name, ()) for name in self._lists]
        if len(self._by_lengths) >= LENGTHS:
            self._by_lengths.clear()
        self._by_lengths[lengths] = (fast, names)
        return fast, names
