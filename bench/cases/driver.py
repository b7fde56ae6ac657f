"""The operations with nothing but the database driver: the floor."""

from __future__ import annotations

from typing import Any

from bench import data
from bench.cases.case import Case, Expectations
from bench.data import ChildRecord, ParentRecord
from bench.database import Database, insert_sql
from bench.sizes import Sizes

ACCOUNTS = f"SELECT {', '.join(data.ACCOUNT_COLUMNS)} FROM account"
PARENTS = f"SELECT {', '.join(data.PARENT_COLUMNS)} FROM parent ORDER BY id"
CHILDREN = f"SELECT {', '.join(data.CHILD_COLUMNS)} FROM child ORDER BY id"
FAMILIES = (
    "SELECT parent.id, parent.name, parent.town, parent.level, "
    "child.id, child.parent_id, child.name, child.amount "
    "FROM parent LEFT JOIN child ON child.parent_id = parent.id ORDER BY parent.id"
)


class Cases:
    """Operations on rows as the driver gives them."""

    def __init__(self, database: Database, sizes: Sizes) -> None:
        self.database = database
        self.connection = database.connection
        self.sizes = sizes
        self.expect = Expectations(database, sizes)

    def close(self) -> None:
        """Nothing is held but the connection, which is its opener's."""

    def load(self) -> Case:
        """All rows as a list of tuples."""
        sql = f"{ACCOUNTS} ORDER BY id"

        def run(_: object) -> Any:
            return self.connection.execute(sql).fetchall()

        return Case(self.sizes.accounts, run, self.expect.rows)

    def get(self) -> Case:
        """One SELECT by key for each call."""
        sql = f"{ACCOUNTS} WHERE id = {self.database.mark}"
        keys = self.expect.keys

        def run(_: object) -> Any:
            execute = self.connection.execute
            return [execute(sql, (key,)).fetchone() for key in keys]

        return Case(len(keys), run, self.expect.point_rows)

    select_rebuilt = get
    select_again = get

    def add_flush(self) -> Case:
        """One INSERT per row, each key fetched back."""
        sql = insert_sql(self.database, "account", data.ACCOUNT_COLUMNS[1:])
        rows = self.expect.new_rows()

        def run(_: object) -> Any:
            return self.database.insert_keyed(sql, rows)

        return Case(len(rows), run, self.expect.inserted, finish=self._rollback)

    def change_flush(self) -> Case:
        """Read rows, then one executemany() of UPDATEs by key."""
        mark = self.database.mark
        select = f"{ACCOUNTS} WHERE id <= {mark} ORDER BY id"
        update = f"UPDATE account SET points = {mark} WHERE id = {mark}"
        count = self.sizes.changes

        def run(_: object) -> Any:
            rows = self.connection.execute(select, (count,)).fetchall()
            changes = [(row[8] + 1, row[0]) for row in rows]
            self.connection.cursor().executemany(update, changes)

        return Case(count, run, self.expect.changed, finish=self._rollback)

    def selectinload(self) -> Case:
        """Two SELECTs, assembled into slots dataclasses."""

        def run(_: object) -> Any:
            execute = self.connection.execute
            parents = {
                row[0]: ParentRecord(*row) for row in execute(PARENTS).fetchall()
            }
            for row in execute(CHILDREN).fetchall():
                parents[row[1]].children.append(ChildRecord(*row))
            return list(parents.values())

        return Case(self._family_size(), run, self.expect.families)

    def joinedload(self) -> Case:
        """One LEFT JOIN, assembled into slots dataclasses."""

        def run(_: object) -> Any:
            parents = []
            last = None
            for row in self.connection.execute(FAMILIES).fetchall():
                if row[0] != last:
                    last = row[0]
                    children: list[ChildRecord] = []
                    parents.append(
                        ParentRecord(row[0], row[1], row[2], row[3], children)
                    )
                if row[4] is not None:
                    children.append(ChildRecord(row[4], row[5], row[6], row[7]))
            return parents

        return Case(self._family_size(), run, self.expect.families)

    def _family_size(self) -> int:
        return self.sizes.parents * (1 + self.sizes.children)

    def _rollback(self, _: object) -> None:
        self.connection.rollback()
