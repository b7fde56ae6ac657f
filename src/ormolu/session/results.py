"""Results of rows that were hydrated before the user reads them.

They are Core's ``Result`` and ``ScalarResult`` with shorter ways to what is asked for
most: all rows, or the only one, of a result that nothing was read from yet.  Core's ways
took a fifth of a query by key.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import chain
from typing import Any, NoReturn, Self

from sqlalchemy import exc as sa_exc
from sqlalchemy.engine.result import IteratorResult, ScalarResult

from ..exc import instance_text


class EntityResult(IteratorResult[Any]):
    """The result of rows that are there already.

    Args:
        metadata: the names of a row's elements.
        rows: bare entities if `scalar`, else one tuple a row.
        scalar: whether a row is one bare entity.
        session: whose objects are among them.
        generation: the session's while it keeps the objects; None when the rows are
            the user's whatever becomes of the session.
        raw: the cursor result that the rows came from, None on the fast lane.
    """

    raw: Any = None
    context: Any = None

    def __init__(
        self,
        metadata: Any,
        rows: list[Any],
        scalar: bool,
        session: Any,
        generation: int | None,
        raw: Any = None,
    ) -> None:
        # what the base class's would set; its call took 0.3 us
        self._metadata = metadata
        self._source_supports_scalars = scalar
        if raw is not None:
            self.raw = raw
        # None once somebody reads the rows, this class or the iterator
        self._unread: list[Any] | None = rows
        self._session = session
        self._generation = generation

    # Core's class has a plain attribute here, which its methods also set: so may they
    # with this one, but mypy takes it for read-only
    @cached_property
    def iterator(self) -> Iterator[Any]:  # type: ignore[override]
        """Over the rows, for Core's methods; made when one asks for it."""
        rows, self._unread = self._unread, None
        if rows is None:
            return iter(())
        checked = _read(
            rows, self._session, self._generation, self._source_supports_scalars
        )
        return chain.from_iterable(checked)

    def yield_per(self, num: int) -> Self:
        """Take note of the wish, which no `unique` may come with."""
        super().yield_per(num)
        return self._checked()

    def unique(self, strategy: Any = None) -> Self:
        """Leave rows out that were there before."""
        super().unique(strategy)
        return self._checked()

    def _checked(self) -> Self:
        if self._yield_per and self._unique_filter_state:
            self._unread = None
            self.iterator = _refused_rows()
        return self

    def scalars(self, index: Any = 0) -> Any:
        """The elements of the rows in one place."""
        return EntityScalars(self, index)

    def scalar(self) -> Any:
        """The first element of the first row, None when there is no row."""
        only = self._take_only_scalar()
        return super().scalar() if only is None else only

    def scalar_one(self) -> Any:
        """The first element of the only row.

        Raises:
            NoResultFound: when there is none.
            MultipleResultsFound: when there are several.
        """
        only = self._take_only_scalar()
        return super().scalar_one() if only is None else only

    def scalar_one_or_none(self) -> Any:
        """The first element of the only row, None when there is no row.

        Raises:
            MultipleResultsFound: when there are several.
        """
        only = self._take_only_scalar()
        return super().scalar_one_or_none() if only is None else only

    def _take_only_scalar(self) -> Any:
        if self._source_supports_scalars and self._unique_filter_state is None:
            return self.take_only()
        return None

    def take_all(self, hard: bool) -> list[Any] | None:
        """All rows, with which the result is closed; None when some were read.

        Args:
            hard: whether asking for more is an error afterwards.
        """
        rows = self._unread
        if rows is None or self._hard_closed:
            return None
        generation = self._generation
        if generation is not None and generation != self._session._generation:
            return None  # the iterator refuses them
        self._unread = None
        if self.raw is not None:
            self._soft_close(hard=hard)
        else:  # what that would do, without its calls
            self._soft_closed = True
            self._hard_closed = hard
        return rows

    def take_only(self) -> Any:
        """The only row, with which the result is closed; None unless there is one.

        Core takes a row that is None for none.
        """
        rows = self._unread
        if rows is not None and len(rows) == 1 and rows[0] is not None:
            taken = self.take_all(hard=True)
            return None if taken is None else taken[0]
        return None


class EntityScalars(ScalarResult[Any]):
    """The elements in one place of the rows of an `EntityResult`."""

    __slots__ = ()

    _real_result: EntityResult

    def all(self) -> Any:
        """All elements that are left, in a list."""
        if self._unique_filter_state is None and self._post_creational_filter is None:
            rows = self._real_result.take_all(hard=False)
            if rows is not None:
                return rows
        return super().all()

    def one(self) -> Any:
        """The only element.

        Raises:
            NoResultFound: when there is none.
            MultipleResultsFound: when there are several.
        """
        only = self._take_only()
        return super().one() if only is None else only

    def one_or_none(self) -> Any:
        """The only element, None when there is none.

        Raises:
            MultipleResultsFound: when there are several.
        """
        only = self._take_only()
        return super().one_or_none() if only is None else only

    def first(self) -> Any:
        """The first element, None when there is none."""
        only = self._take_only()
        return super().first() if only is None else only

    def _take_only(self) -> Any:
        """The only row where rows are the elements, and all of them are wanted."""
        if self._unique_filter_state is None and self._post_creational_filter is None:
            return self._real_result.take_only()
        return None


def _read(
    rows: list[Any], session: Any, generation: int | None, scalar: bool
) -> Iterator[list[Any]]:
    """The rows, unless the session has let their objects go before they are read."""
    if generation is not None and generation != session._generation and rows:
        obj = rows[0] if scalar else rows[0][0]
        raise sa_exc.InvalidRequestError(
            f"Object {instance_text(obj)} cannot be converted to 'persistent' state, as "
            "this identity map is no longer valid.  Has the owning Session been closed?"
        )
    yield rows


def _refused_rows() -> Iterator[Any]:
    refuse_unique()
    yield


def refuse_unique() -> NoReturn:
    """Refuse to leave rows out of a result that is read in chunks."""
    raise sa_exc.InvalidRequestError(
        "Can't use the ORM yield_per feature in conjunction with unique()"
    )
