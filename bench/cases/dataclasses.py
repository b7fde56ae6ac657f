"""The operations on ``@dataclass(slots=True)`` objects: the yardstick in memory.

Objects without tracking, identity or change detection, filled from the driver's
rows: the least that a program pays when it wants objects at all.
"""

from __future__ import annotations

from typing import Any

from bench.cases import attributes
from bench.cases.case import Case, Expectations
from bench.cases.driver import ACCOUNTS
from bench.data import AccountRecord, account_rows
from bench.database import Database
from bench.sizes import Sizes


class Cases:
    """Operations that make or use plain objects."""

    def __init__(self, database: Database, sizes: Sizes) -> None:
        self.connection = database.connection
        self.sizes = sizes
        self.expect = Expectations(database, sizes)

    def close(self) -> None:
        """Nothing is held but the connection, which is its opener's."""

    def load(self) -> Case:
        """All rows as a list of slots dataclasses."""
        sql = f"{ACCOUNTS} ORDER BY id"

        def run(_: object) -> Any:
            return [
                AccountRecord(*row) for row in self.connection.execute(sql).fetchall()
            ]

        return Case(self.sizes.accounts, run, self.expect.accounts)

    def construct(self) -> Case:
        """Construct objects with ten keywords each."""
        rows = account_rows(self.sizes.constructs)

        def run(_: object) -> Any:
            return [
                AccountRecord(
                    id=row[0],
                    name=row[1],
                    email=row[2],
                    age=row[3],
                    balance=row[4],
                    town=row[5],
                    street=row[6],
                    level=row[7],
                    points=row[8],
                    note=row[9],
                )
                for row in rows
            ]

        return Case(len(rows), run, self.expect.constructed)

    def read(self) -> Case:
        """Read a slot."""
        return attributes.read_case(self.sizes.attributes, self._records, self._drop)

    def write(self) -> Case:
        """Write a slot."""
        return attributes.write_case(self.sizes.attributes, self._records, self._drop)

    def write_first(self) -> Case:
        """Write a slot, one write per object."""
        return attributes.write_first_case(
            self.sizes.attributes, self._records, self._drop
        )

    def _records(self) -> tuple[None, list[AccountRecord]]:
        return None, [
            AccountRecord(*row) for row in account_rows(self.sizes.attributes)
        ]

    @staticmethod
    def _drop(_: object) -> None:
        """Nothing is held."""
