"""User statements on the fast lane: plans found by cache key, or on the statement.

A SELECT that is executed again finds its compiled text, parameter builder and load plan
by Core's cache key; the very same statement object finds them without computing one.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.engine import Connection

from ..hydrate.plans import LoadPlan, plan_for
from .expanding import ExpandingStatement, UnfitListError, suits_expanded
from .failing import fail_before
from .fast import FastStatement, suits
from .kept import MISSING, SELECTS, keep, kept_with
from .rows import processors_of_types
from .shapes import lasts, shape_of

MEMO = "_ormolu_plan"

NOT_YET: Any = None
NO_FIELDS: Mapping[str, Any] = {}


class FastSelect:
    """One compiled SELECT of entities, ready for a DBAPI cursor.

    Args:
        compiled: Core's compiled statement.
        bindparams: the parameters of the cache key that it was compiled for.
    """

    __slots__ = (
        "__weakref__",
        "_getters",
        "_in_order",
        "_names",
        "_processors",
        "_sql",
        "_types",
        "description",
        "keeps",
        "plan",
        "statement",
    )

    def __init__(self, compiled: Any, bindparams: list[Any]) -> None:
        self.description = compiled.compile_state.load
        # the statement whose elements' identities are the key, if they are
        self.keeps: Any = None
        self._sql: str = compiled.string
        self._types = [entry.type for entry in compiled._result_columns]
        # made with the driver's types, which the first execution brings
        self.plan: LoadPlan = NOT_YET
        self._processors: Sequence[Any] | None = None
        self.statement: FastStatement | ExpandingStatement = (
            ExpandingStatement(compiled)
            if compiled.post_compile_params
            else FastStatement(compiled)
        )
        positions = {b.key: i for i, b in enumerate(bindparams)}
        # a parameter that only the compiler made keeps its value, as in Core
        getters: dict[str, tuple[str, int]] = {}
        for bind, name in compiled.bind_names.items():
            position = _position(bind, positions)
            if position >= 0 or bind.required:
                getters[name] = bind.key, position
        # saves the dictionary of values by name: 0.6 us
        self._in_order = _taking_values(self.statement, getters)
        self._names = tuple(getters) if self._in_order is None else self._in_order.names
        self._getters = [getters[name] for name in self._names]

    def rows(
        self, connection: Connection, bindparams: list[Any], given: Mapping[str, Any]
    ) -> list[Any] | None:
        """Execute; the driver's rows, None when a parameter has no value.

        Raises:
            StatementError: what computing a value raised, wrapped as Core wraps it.
            DBAPIError: the driver's errors, wrapped as Core wraps them.
        """
        values: list[Any] = []
        for key, position in self._getters:
            if key in given:
                values.append(given[key])
                continue
            if position < 0:
                return None
            bind = bindparams[position]
            if bind.required:
                return None
            if bind.callable is None:
                values.append(bind.value)
                continue
            try:
                values.append(bind.callable())
            except BaseException as error:
                fail_before(connection, error, self._sql, [dict(given)])
        if self._in_order is not None:
            rows = self._in_order.fetch(connection, tuple(values), given)
        else:
            by_name = dict(zip(self._names, values, strict=True))
            try:
                rows = self.statement.fetch_all(connection, by_name, given)
            except UnfitListError:
                return None
        if self.plan is NOT_YET:
            self._processors = processors_of_types(
                self._types, connection.dialect, self.statement.coltypes or ()
            )
            self.plan = plan_for(self.description, self._processors)
        return rows

    def inheriting_plan(self, inherited: tuple[Any, ...]) -> LoadPlan:
        """The plan for objects that inherit options of one execution."""
        return plan_for(self.description, self._processors, inherited)


def _taking_values(
    statement: FastStatement | ExpandingStatement, getters: Mapping[str, Any]
) -> FastStatement | None:
    """The statement if it takes the values as they are, each of them once.

    It does not where the compiler has made a parameter of its own, or where a parameter
    without a place in the text might still want computing.
    """
    if not isinstance(statement, FastStatement) or not statement.takes_values:
        return None
    names = statement.names
    if len(names) != len(getters) or getters.keys() != set(names):
        return None
    return statement


def _position(bind: Any, positions: Mapping[str, int]) -> int:
    """Which parameter of a cache key one of the compiled statement is; -1 for none.

    One that was adapted to an alias has a key of its own.
    """
    if bind.key in positions:
        return positions[bind.key]
    return next((positions[b.key] for b in bind._cloned_set if b.key in positions), -1)


class _Memo:
    """What a statement object remembers; worthless on a copy of the statement."""

    __slots__ = ("bindparams", "dialect", "fast", "owner")

    def __init__(
        self, statement: Any, dialect: Any, fast: FastSelect, bindparams: list[Any]
    ) -> None:
        self.owner = weakref.ref(statement)
        self.dialect = weakref.ref(dialect)
        self.fast = weakref.ref(fast)  # it refers to the dialect
        self.bindparams = bindparams

    def __reduce__(self) -> Any:
        return _no_memo, ()


def _no_memo() -> None:
    return None


def recall(statement: Any) -> tuple[FastSelect, list[Any], Any] | None:
    """What a statement object without options remembers; None if it does not.

    Returns:
        its fast form, its parameters, and the dialect that these are for.
    """
    memo = getattr(statement, "__dict__", NO_FIELDS).get(MEMO)
    if memo.__class__ is not _Memo:
        return None
    owner: Any = memo.owner()
    if owner is not statement:
        return None
    if statement._with_options or statement._execution_options:
        return None
    fast = memo.fast()
    return None if fast is None else (fast, memo.bindparams, memo.dialect())


def find(
    statement: Any, connection: Connection, given: Mapping[str, Any]
) -> tuple[FastSelect, list[Any]] | None:
    """The fast form of a statement and its parameters; None when it has none."""
    dialect = connection.dialect
    fields = statement.__dict__
    memo = fields.get(MEMO)
    if (
        memo.__class__ is _Memo
        and memo.owner() is statement
        and memo.dialect() is dialect
    ):
        known = memo.fast()
        if known is not None:
            return known, memo.bindparams
    if not given and memo != id(statement):
        found = _find_by_shape(statement, dialect)
        if found is not None:
            return found
    cache_key = statement._generate_cache_key()
    if cache_key is None:
        return None
    cache = kept_with(dialect).selects
    key = (cache_key.key, tuple(sorted(given)) if given else ())
    fast = cache.get(key, MISSING)
    if fast is MISSING:
        fast = _make(statement, dialect, cache_key.bindparams, given)
        keep(cache, key, fast, SELECTS)
    if fast is None:
        return None
    fields[MEMO] = _Memo(statement, dialect, fast, cache_key.bindparams)
    return fast, cache_key.bindparams


def _find_by_shape(statement: Any, dialect: Any) -> tuple[FastSelect, list[Any]] | None:
    """The same, for a simple statement; executed again, it gets a memo of its own."""
    found = shape_of(statement, _MEMOS)
    if found is None:
        return None
    shape, bindparams = found
    cache = kept_with(dialect).selects
    fast = cache.get(shape, MISSING)
    if fast is MISSING:
        if not lasts(statement):
            return None
        fast = _make(statement, dialect, bindparams)
        if fast is not None:
            fast.keeps = statement
        keep(cache, shape, fast, SELECTS)
    if fast is None:
        return None
    statement.__dict__[MEMO] = id(statement)  # a copy of the statement has another
    return fast, bindparams


_MEMOS = frozenset((MEMO, "_generate_cache_key"))


def _make(
    statement: Any, dialect: Any, bindparams: list[Any], given: Iterable[str] = ()
) -> FastSelect | None:
    compiled = statement.compile(dialect=dialect, column_keys=sorted(given))
    suitable = suits(compiled) or suits_expanded(compiled)
    if not suitable or getattr(compiled.compile_state, "load", None) is None:
        return None
    return FastSelect(compiled, bindparams)
