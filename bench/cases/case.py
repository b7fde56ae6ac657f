"""The shape of one measurable operation, and the expectations shared by all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bench import data
from bench.database import Database
from bench.sizes import Sizes


@dataclass(slots=True)
class Case:
    """An operation made ready: only ``run`` is timed.

    Args:
        count: Units (rows, calls, objects) that one run handles.
        run: The measured function; gets what ``prepare`` returned.
        verify: Raises AssertionError when a result is not the expected one.
        prepare: Runs before each round.
        finish: Runs after each round, with what ``prepare`` returned.
    """

    count: int
    run: Callable[[Any], Any]
    verify: Callable[[Any], None]
    prepare: Callable[[], Any] = lambda: None
    finish: Callable[[Any], None] = lambda _prepared: None


class Expectations:
    """What the results of the operations must be, in plain rows.

    Args:
        database: The seeded database.
        sizes: The sizes that it was seeded with.
    """

    def __init__(self, database: Database, sizes: Sizes) -> None:
        self.database = database
        self.sizes = sizes
        self.keys = data.keys(sizes.calls, sizes.accounts)

    def rows(self, result: Iterable[Sequence[Any]]) -> None:
        """All accounts were read, as rows."""
        same([tuple(row) for row in result], data.account_rows(self.sizes.accounts))

    def accounts(self, result: Iterable[Any]) -> None:
        """All accounts were read, as objects."""
        self.rows([account_values(account) for account in result])

    def point_rows(self, result: Iterable[Sequence[Any]]) -> None:
        """The accounts of the chosen keys were read, as rows."""
        same(
            [tuple(row) for row in result], [data.account_row(key) for key in self.keys]
        )

    def point_accounts(self, result: Iterable[Any]) -> None:
        """The accounts of the chosen keys were read, as objects."""
        self.point_rows([account_values(account) for account in result])

    def inserted(self, keys: Sequence[int]) -> None:
        """The database holds the new rows, each under the key that was fetched back."""
        assert len(keys) == self.sizes.inserts, f"{len(keys)} keys fetched back"
        expected = [
            (key, *row[1:])
            for key, row in zip(keys, self.new_rows(with_key=True), strict=True)
        ]
        same(self._stored(f"id > {self.sizes.accounts}"), sorted(expected))

    def changed(self, _result: object) -> None:
        """The database holds the changed values."""
        expected = [
            (*row[:8], row[8] + 1, row[9])
            for row in data.account_rows(self.sizes.changes)
        ]
        same(self._stored(f"id <= {self.sizes.changes}"), expected)

    def families(self, result: Iterable[Any]) -> None:
        """All parents were read with their children."""
        same(
            [
                (
                    (parent.id, parent.name, parent.town, parent.level),
                    sorted(
                        (c.id, c.parent_id, c.name, c.amount) for c in parent.children
                    ),
                )
                for parent in result
            ],
            data.families(self.sizes.parents, self.sizes.children),
        )

    def constructed(self, result: Iterable[Any]) -> None:
        """The objects hold the values that they were constructed with."""
        same(
            [account_values(account) for account in result],
            data.account_rows(self.sizes.constructs),
        )

    def new_rows(self, *, with_key: bool = False) -> list[tuple[Any, ...]]:
        """Return the rows to insert."""
        rows = data.account_rows(self.sizes.inserts, self.sizes.accounts + 1)
        return [row if with_key else row[1:] for row in rows]

    def _stored(self, where: str) -> list[tuple[Any, ...]]:
        cursor = self.database.connection.cursor()
        columns = ", ".join(data.ACCOUNT_COLUMNS)
        cursor.execute(f"SELECT {columns} FROM account WHERE {where} ORDER BY id")
        return [tuple(row) for row in cursor.fetchall()]


def account_values(account: Any) -> tuple[Any, ...]:
    """Return the values of an account's ten attributes."""
    return tuple([getattr(account, name) for name in data.ACCOUNT_COLUMNS])


def same(actual: Sequence[Any], expected: Sequence[Any]) -> None:
    """Compare two lists and name the first place where they differ.

    Raises:
        AssertionError: When they differ.
    """
    if actual == expected:
        return
    for place, (one, other) in enumerate(zip(actual, expected, strict=False)):
        if one != other:
            raise AssertionError(f"Row {place} is {one!r}, expected {other!r}.")
    raise AssertionError(f"{len(actual)} rows, expected {len(expected)}.")
