"""The operations with an ORM: sqlalchemy.orm and Ormolu run this same code.

Each round has a fresh Session with an empty identity map, made before the clock
starts and closed after it stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from bench import data
from bench.cases import attributes
from bench.cases.case import Case, Expectations
from bench.contenders import current_orm
from bench.database import Database
from bench.engine import make_engine
from bench.models import Account, Parent
from bench.sizes import Sizes

if TYPE_CHECKING:
    from sqlalchemy import orm
    from sqlalchemy.orm import Session
else:
    orm = current_orm()

BY_KEY = select(Account).where(Account.id == bindparam("key"))


class Cases:
    """Operations on mapped objects."""

    def __init__(self, database: Database, sizes: Sizes) -> None:
        self.engine = make_engine(database)
        self.sizes = sizes
        self.expect = Expectations(database, sizes)

    def close(self) -> None:
        """Give up the engine."""
        self.engine.dispose()

    def load(self) -> Case:
        """All rows as mapped objects in the identity map."""

        def run(session: Session) -> Any:
            return session.scalars(select(Account).order_by(Account.id)).all()

        return Case(
            self.sizes.accounts, run, self.expect.accounts, self._session, self._close
        )

    def get(self) -> Case:
        """``Session.get`` of objects that are not loaded yet."""
        keys = self.expect.keys

        def run(session: Session) -> Any:
            get = session.get
            return [get(Account, key) for key in keys]

        return Case(
            len(keys), run, self.expect.point_accounts, self._session, self._close
        )

    def get_loaded(self) -> Case:
        """``Session.get`` of objects in the identity map, held by the program."""
        keys = self.expect.keys

        def prepare() -> tuple[Session, list[Any]]:
            session = self._session()
            return session, [session.get(Account, key) for key in keys]

        def run(prepared: tuple[Session, list[Any]]) -> Any:
            get = prepared[0].get
            return [get(Account, key) for key in keys]

        return Case(
            len(keys), run, self.expect.point_accounts, prepare, self._close_first
        )

    def select_rebuilt(self) -> Case:
        """A statement built anew for each call."""
        keys = self.expect.keys

        def run(session: Session) -> Any:
            scalars = session.scalars
            return [
                scalars(select(Account).where(Account.id == key)).one() for key in keys
            ]

        return Case(
            len(keys), run, self.expect.point_accounts, self._session, self._close
        )

    def select_again(self) -> Case:
        """The same statement object with a new parameter for each call."""
        keys = self.expect.keys

        def run(session: Session) -> Any:
            scalars = session.scalars
            return [scalars(BY_KEY, {"key": key}).one() for key in keys]

        return Case(
            len(keys), run, self.expect.point_accounts, self._session, self._close
        )

    def add_flush(self) -> Case:
        """``add_all`` and ``flush`` of objects constructed before."""
        names = data.ACCOUNT_COLUMNS[1:]
        rows = [dict(zip(names, row, strict=True)) for row in self.expect.new_rows()]

        def prepare() -> tuple[Session, list[Account]]:
            return self._session(), [Account(**row) for row in rows]

        def run(prepared: tuple[Session, list[Account]]) -> Any:
            session, accounts = prepared
            session.add_all(accounts)
            session.flush()
            return accounts

        def verify(accounts: list[Account]) -> None:
            self.expect.inserted([account.id for account in accounts])

        return Case(len(rows), run, verify, prepare, self._close_first)

    def change_flush(self) -> Case:
        """Load objects, change one attribute of each, flush."""
        count = self.sizes.changes

        def run(session: Session) -> Any:
            query = select(Account).where(Account.id <= count).order_by(Account.id)
            accounts = session.scalars(query).all()
            for account in accounts:
                account.points += 1
            session.flush()
            return accounts

        return Case(count, run, self.expect.changed, self._session, self._close)

    def selectinload(self) -> Case:
        """Parents with their children, the children by further SELECTs."""
        return self._families(orm.selectinload(Parent.children))

    def joinedload(self) -> Case:
        """Parents with their children in one LEFT JOIN."""
        return self._families(orm.joinedload(Parent.children))

    def construct(self) -> Case:
        """Construct objects with ten keywords each."""
        rows = data.account_rows(self.sizes.constructs)

        def run(_: object) -> Any:
            return [
                Account(
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
        """Read an attribute of loaded objects."""
        return attributes.read_case(
            self.sizes.attributes, self._loaded, self._close_first
        )

    def write(self) -> Case:
        """Write an attribute of loaded and already changed objects."""
        return attributes.write_case(
            self.sizes.attributes, self._loaded, self._close_first
        )

    def write_first(self) -> Case:
        """Write an attribute of loaded objects, one write per object."""
        return attributes.write_first_case(
            self.sizes.attributes, self._loaded, self._close_first
        )

    def _families(self, option: Any) -> Case:
        def run(session: Session) -> Any:
            query = select(Parent).options(option).order_by(Parent.id)
            return session.scalars(query).unique().all()

        count = self.sizes.parents * (1 + self.sizes.children)
        return Case(count, run, self.expect.families, self._session, self._close)

    def _session(self) -> Session:
        return orm.Session(self.engine)

    def _close(self, session: Session) -> None:
        session.rollback()
        session.close()

    def _close_first(self, prepared: tuple[Session, object]) -> None:
        self._close(prepared[0])

    def _loaded(self) -> tuple[Session, list[Account]]:
        session = self._session()
        query = (
            select(Account)
            .where(Account.id <= self.sizes.attributes)
            .order_by(Account.id)
        )
        return session, list(session.scalars(query))
