"""The operations with SQLAlchemy Core: tables, no mapped classes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    insert,
    select,
    update,
)

from bench import data
from bench.cases.case import Case, Expectations
from bench.data import ChildRecord, ParentRecord
from bench.database import Database
from bench.engine import make_engine
from bench.sizes import Sizes

metadata = MetaData()
account = Table(
    "account",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("email", String, nullable=False),
    Column("age", Integer, nullable=False),
    Column("balance", Float, nullable=False),
    Column("town", String, nullable=False),
    Column("street", String, nullable=False),
    Column("level", Integer, nullable=False),
    Column("points", Integer, nullable=False),
    Column("note", String, nullable=False),
)
parent = Table(
    "parent",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("town", String, nullable=False),
    Column("level", Integer, nullable=False),
)
child = Table(
    "child",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("parent_id", ForeignKey("parent.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("amount", Float, nullable=False),
)

BY_KEY = select(account).where(account.c.id == bindparam("key"))


class Cases:
    """Operations on Core's ``Row`` objects."""

    def __init__(self, database: Database, sizes: Sizes) -> None:
        self.connection = make_engine(database).connect()
        self.sizes = sizes
        self.expect = Expectations(database, sizes)

    def close(self) -> None:
        """Give the connection back."""
        self.connection.close()

    def load(self) -> Case:
        """All rows as a list of ``Row``."""

        def run(_: object) -> Any:
            return self.connection.execute(select(account).order_by(account.c.id)).all()

        return Case(self.sizes.accounts, run, self.expect.rows)

    def select_again(self) -> Case:
        """The same statement object with a new parameter for each call."""
        keys = self.expect.keys

        def run(_: object) -> Any:
            execute = self.connection.execute
            return [execute(BY_KEY, {"key": key}).one() for key in keys]

        return Case(len(keys), run, self.expect.point_rows)

    get = select_again

    def select_rebuilt(self) -> Case:
        """A statement built anew for each call."""
        keys = self.expect.keys

        def run(_: object) -> Any:
            execute = self.connection.execute
            return [
                execute(select(account).where(account.c.id == key)).one()
                for key in keys
            ]

        return Case(len(keys), run, self.expect.point_rows)

    def add_flush(self) -> Case:
        """Batches of INSERT ... RETURNING, keys in the order of the rows."""
        names = data.ACCOUNT_COLUMNS[1:]
        rows = [dict(zip(names, row, strict=True)) for row in self.expect.new_rows()]
        statement = insert(account).returning(
            account.c.id, sort_by_parameter_order=True
        )

        def run(_: object) -> Any:
            return self.connection.execute(statement, rows).scalars().all()

        return Case(len(rows), run, self.expect.inserted, finish=self._rollback)

    def change_flush(self) -> Case:
        """Read rows, then one executemany of UPDATEs by key."""
        count = self.sizes.changes
        query = select(account).where(account.c.id <= count).order_by(account.c.id)
        change = (
            update(account)
            .where(account.c.id == bindparam("key"))
            .values(points=bindparam("new_points"))
        )

        def run(_: object) -> Any:
            rows = self.connection.execute(query).all()
            changes = [{"key": row.id, "new_points": row.points + 1} for row in rows]
            self.connection.execute(change, changes)

        return Case(count, run, self.expect.changed, finish=self._rollback)

    def selectinload(self) -> Case:
        """Two SELECTs, assembled into slots dataclasses."""

        def run(_: object) -> Any:
            execute = self.connection.execute
            rows = execute(select(parent).order_by(parent.c.id))
            parents = {row[0]: ParentRecord(*row) for row in rows}
            for row in execute(select(child).order_by(child.c.id)):
                parents[row[1]].children.append(ChildRecord(*row))
            return list(parents.values())

        return Case(self._family_size(), run, self.expect.families)

    def joinedload(self) -> Case:
        """One LEFT JOIN, assembled into slots dataclasses."""
        query = (
            select(parent, child)
            .select_from(parent.outerjoin(child))
            .order_by(parent.c.id)
        )

        def run(_: object) -> Any:
            parents = []
            last = None
            for row in self.connection.execute(query):
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
