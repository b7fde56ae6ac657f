"""The methods of ``Query`` that execute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row
from sqlalchemy import exc as sa_exc

from ..compile.entities import entity_of
from ..mapping.bundle import bundle_of
from .generative import GenerativeQuery


class ExecutingQuery(GenerativeQuery):
    """Rows, objects and counts of a query."""

    @property
    def is_single_entity(self) -> bool:
        """Whether the query selects one thing only, and gives it out bare."""
        return not self._tuples and len(self._select._raw_columns) == 1

    @property
    def _is_bare(self) -> bool:
        """Whether what is selected is one entity, or stands for one."""
        raws = self._select._raw_columns
        return len(raws) == 1 and not self._tuples and bool(_is_single(raws[0]))

    def _iter(self) -> Any:
        """The result of the query: bare objects for a single entity, else rows."""
        query = self._before_compile()
        statement = query._statement_only()
        result = query.session.execute(statement, query._params or None)
        return query._handed_out(result)

    def _handed_out(self, result: Any) -> Any:
        """A result of the query as users get it: bare objects, each once."""
        if self._is_bare:
            result = result.scalars()
        elif not any(entity_of(raw) is not None for raw in self._select._raw_columns):
            return result
        if not self._select._execution_options.get("yield_per"):
            result = result.unique()
        return result

    def all(self) -> list[Any]:
        """All objects or rows."""
        return self._iter().all()  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[Any]:
        result = self._iter()
        try:
            yield from result
        except GeneratorExit:
            getattr(result, "_real_result", result)._soft_close()
            raise

    def first(self) -> Any:
        """The first object or row, None when there is none."""
        if self._statement is not None:
            return self._iter().first()
        return self.limit(1)._iter().first()

    def one(self) -> Any:
        """The only object or row.

        Raises:
            NoResultFound: when there is none.
            MultipleResultsFound: when there are several.
        """
        return self._iter().one()

    def one_or_none(self) -> Any:
        """The only object or row, None when there is none.

        Raises:
            MultipleResultsFound: when there are several.
        """
        return self._iter().one_or_none()

    def scalar(self) -> Any:
        """The first element of the only row, None when there is no row."""
        try:
            found = self.one()
        except sa_exc.NoResultFound:
            return None
        return found[0] if isinstance(found, (Row, tuple)) else found

    def __getitem__(self, item: int | slice) -> Any:
        if isinstance(item, slice):
            return self._slice_items(item)
        if item < 0:
            raise _negative_index()
        return list(self[item : item + 1])[0]  # noqa: RUF015  IndexError is due

    def _slice_items(self, item: slice) -> Any:
        start, stop = item.start, item.stop
        if isinstance(start, int) and isinstance(stop, int) and stop - start <= 0:
            return []
        if any(isinstance(i, int) and i < 0 for i in (start, stop)):
            raise _negative_index()
        found = list(self.slice(start, stop))
        return found[:: item.step] if item.step is not None else found

    def __str__(self) -> str:
        statement = self._before_compile()._statement_only()
        if self._params and self._statement is None:
            statement = statement.params(**self._params)
        try:
            bind = self.session.get_bind(clause=statement) if self.session else None
        except sa_exc.UnboundExecutionError:
            bind = None
        return str(statement.compile(bind))


def _negative_index() -> IndexError:
    return IndexError(
        "negative indexes are not accepted by SQL index / slice operators"
    )


def _is_single(raw: Any) -> bool:
    if entity_of(raw) is not None:
        return True
    bundle = bundle_of(raw)
    return bundle is not None and bool(bundle.single_entity)
