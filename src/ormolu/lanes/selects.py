"""User statements on the fast lane: plans found by cache key, or on the statement.

A SELECT that is executed again finds its compiled text, parameter builder and load plan
by Core's cache key; the very same statement object finds them without computing one.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.engine import Connection

from ..hydrate.plans import LoadPlan, plan_for
from .fast import FastStatement, suits
from .rows import processors_of_types

SIZE = 500
"""Statements that are kept per dialect, as many as Core keeps per engine."""

MEMO = "_ormolu_plan"

NOT_YET: Any = None


class FastSelect:
    """One compiled SELECT of entities, ready for a DBAPI cursor.

    Args:
        compiled: Core's compiled statement.
        bindparams: the parameters of the cache key that it was compiled for.
    """

    __slots__ = ("_getters", "_types", "description", "plan", "statement")

    def __init__(self, compiled: Any, bindparams: list[Any]) -> None:
        self.description = compiled.compile_state.load
        self._types = [entry.type for entry in compiled._result_columns]
        # made with the driver's types, which the first execution brings
        self.plan: LoadPlan = NOT_YET
        self.statement = FastStatement(compiled)
        positions = {b.key: i for i, b in enumerate(bindparams)}
        self._getters: list[tuple[str, str, int]] = [
            (name, bind.key, positions.get(bind.key, -1))
            for bind, name in compiled.bind_names.items()
        ]

    def usable(self) -> bool:
        """Whether every parameter is found in a cache key's parameters."""
        return all(position >= 0 for _, _, position in self._getters)

    def rows(
        self, connection: Connection, bindparams: list[Any], given: Mapping[str, Any]
    ) -> list[Any] | None:
        """Execute; the driver's rows, None when a parameter has no value."""
        values: dict[str, Any] = {}
        for name, key, position in self._getters:
            if key in given:
                values[name] = given[key]
                continue
            bind = bindparams[position]
            if bind.required:
                return None
            if bind.callable is None:
                values[name] = bind.value
                continue
            try:
                values[name] = bind.callable()
            except Exception:
                return None  # Core asks again, and wraps what is raised
        rows = self.statement.fetch_all(connection, values, [dict(given)])
        if self.plan is NOT_YET:
            self.plan = plan_for(
                self.description,
                processors_of_types(
                    self._types, connection.dialect, self.statement.coltypes or ()
                ),
            )
        return rows


class _Memo:
    """What a statement object remembers; worthless on a copy of the statement."""

    __slots__ = ("bindparams", "dialect", "fast", "owner")

    def __init__(
        self, statement: Any, dialect: Any, fast: FastSelect, bindparams: list[Any]
    ) -> None:
        self.owner = weakref.ref(statement)
        self.dialect = weakref.ref(dialect)
        self.fast = fast
        self.bindparams = bindparams

    def __reduce__(self) -> Any:
        return _no_memo, ()


def _no_memo() -> None:
    return None


_caches: WeakKeyDictionary[Any, OrderedDict[Any, FastSelect | None]] = (
    WeakKeyDictionary()
)


def find(
    statement: Any, connection: Connection, given: Mapping[str, Any]
) -> tuple[FastSelect, list[Any]] | None:
    """The fast form of a statement and its parameters; None when it has none."""
    dialect = connection.dialect
    memo = statement.__dict__.get(MEMO)
    if memo is not None and memo.owner() is statement and memo.dialect() is dialect:
        return memo.fast, memo.bindparams
    cache_key = statement._generate_cache_key()
    if cache_key is None:
        return None
    cache = _caches.get(dialect)
    if cache is None:
        cache = _caches[dialect] = OrderedDict()
    key = (cache_key.key, tuple(sorted(given)) if given else ())
    fast = cache.get(key, _MISSING)
    if fast is _MISSING:
        fast = cache[key] = _make(statement, dialect, cache_key, given)
        if len(cache) > SIZE:
            cache.popitem(last=False)
    if fast is None:
        return None
    if cache_key.bindparams == [] or not given or statement.__dict__.get(MEMO) is None:
        statement.__dict__[MEMO] = _Memo(statement, dialect, fast, cache_key.bindparams)
    return fast, cache_key.bindparams


_MISSING: Any = object()


def _make(
    statement: Any, dialect: Any, cache_key: Any, given: Mapping[str, Any]
) -> FastSelect | None:
    compiled = statement.compile(dialect=dialect, column_keys=sorted(given))
    if not suits(compiled) or getattr(compiled.compile_state, "load", None) is None:
        return None
    fast = FastSelect(compiled, cache_key.bindparams)
    return fast if fast.usable() else None
