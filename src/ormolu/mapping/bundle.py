"""``Bundle``: several columns of a SELECT handed out as one row of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import exc as sa_exc
from sqlalchemy import util as sa_util
from sqlalchemy.engine.result import result_tuple
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.base import WriteableColumnCollection
from sqlalchemy.sql.cache_key import HasCacheKey
from sqlalchemy.sql.elements import ClauseList

from .._core.names import PLUGIN
from .queryable import InspectionAttr

_T = TypeVar("_T", bound=Any)
RowProcessor = Callable[[Any], Any]


class Bundle(
    roles.TypedColumnsClauseRole[_T], roles.ColumnListRole, InspectionAttr, HasCacheKey
):
    """Groups columns under one name; each row holds a row of them.

    Args:
        name: its name in the result row.
        exprs: columns, or further bundles.
        single_entity: let ``Query`` give out bare bundles when it selects nothing else.

    Source: ``sqlalchemy.orm.Bundle``.
    """

    single_entity = False
    is_clause_element = False
    is_mapper = False
    is_aliased_class = False
    is_bundle = True
    inherit_cache = True
    proxy_set: frozenset[Any] = frozenset()

    def __init__(self, name: str, *exprs: Any, **kw: Any) -> None:
        self.name = self._label = name
        self._propagate_attrs: Any = sa_util.EMPTY_DICT
        coerced = [
            coercions.expect(roles.ColumnsClauseRole, e, apply_propagate_attrs=self)
            for e in exprs
        ]
        self.exprs: list[Any] = [e._annotations.get("bundle", e) for e in coerced]
        self.c = self.columns = self._collection()
        self.single_entity = kw.pop("single_entity", self.single_entity)

    def _collection(self) -> Any:
        columns: Any = WriteableColumnCollection((part_name(e), e) for e in self.exprs)
        return columns.as_readonly()

    def _set_propagate_attrs(self, values: Any) -> Bundle[_T]:
        self._propagate_attrs = sa_util.immutabledict(values)
        return self

    def _gen_cache_key(self, anon_map: Any, bindparams: Any) -> Any:
        return (
            type(self),
            self.name,
            self.single_entity,
            tuple(e._gen_cache_key(anon_map, bindparams) for e in self.exprs),
        )

    @property
    def mapper(self) -> Any:
        return self._of_first("parentmapper")

    @property
    def entity(self) -> Any:
        return self._of_first("parententity")

    def _of_first(self, name: str) -> Any:
        first = self.exprs[0]
        if isinstance(first, Bundle):
            return first._of_first(name)
        found = first._annotations.get(name)
        return found.mapper if found is not None and name == "parentmapper" else found

    @property
    def entity_namespace(self) -> Any:
        return self.c

    def _clone(self, **kw: Any) -> Bundle[_T]:
        copied = type(self).__new__(type(self))
        copied.__dict__.update(self.__dict__)
        return copied

    def _deannotate(self, values: Any = None, clone: bool = False) -> Bundle[_T]:
        return self

    @property
    def clauses(self) -> list[Any]:
        """The columns, those of nested bundles included."""
        found: list[Any] = []
        for expr in self.exprs:
            found.extend(expr.clauses if isinstance(expr, Bundle) else [expr])
        return found

    @property
    def _select_iterable(self) -> list[Any]:
        return [c for e in self.clauses for c in e._select_iterable]

    def __clause_element__(self) -> Any:
        element = ClauseList(*self.clauses, group=False)
        propagated = self._propagate_attrs or {"plugin_subject": None}
        return element._annotate(
            {"bundle": self, "entity_namespace": self}
        )._set_propagate_attrs({**propagated, "compile_state_plugin": PLUGIN})

    def label(self, name: str) -> Bundle[_T]:
        """The same bundle under another name."""
        copied = self._clone()
        copied.name = copied._label = name
        return copied

    def create_row_processor(
        self, query: Any, procs: Sequence[RowProcessor], labels: Sequence[str]
    ) -> RowProcessor:
        """Make the function that turns a row into what the bundle stands for.

        Subclasses override it to give out something else than a row.

        Args:
            query: the statement.
            procs: by position, what reads one element from the row.
            labels: the elements' names.
        """
        make = result_tuple(list(labels), [() for _ in labels])

        def process(row: Any) -> Any:
            return make([proc(row) for proc in procs])

        return process


class DictBundle(Bundle[_T]):
    """A bundle whose rows are dicts by column name.

    Source: ``sqlalchemy.orm.DictBundle``.
    """

    inherit_cache = True

    def __init__(self, name: str, *exprs: Any, **kw: Any) -> None:
        super().__init__(name, *exprs, **kw)
        if len({part_name(e) for e in self.exprs}) != len(self.exprs):
            raise sa_exc.ArgumentError(
                "DictBundle does not support duplicate column names"
            )

    def create_row_processor(
        self, query: Any, procs: Sequence[RowProcessor], labels: Sequence[str]
    ) -> RowProcessor:
        """Make the function that turns a row into a dict."""
        pairs = list(zip(labels, procs, strict=True))

        def process(row: Any) -> dict[str, Any]:
            return {label: proc(row) for label, proc in pairs}

        return process


def part_name(expr: Any) -> Any:
    """The name of a bundle's element."""
    if isinstance(expr, Bundle):
        return expr.name
    return getattr(expr, "_proxy_key", None) or getattr(expr, "key", None)


def bundle_of(element: Any) -> Bundle[Any] | None:
    """The bundle that an element of a statement stands for, None when none."""
    return element._annotations.get("bundle")  # type: ignore[no-any-return]
