"""What servers do for rows: defaults, locks, isolation, keys in order, autocommit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import (
    Computed,
    Engine,
    ForeignKey,
    Identity,
    Sequence,
    String,
    func,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError, OperationalError

import ormolu
from ormolu import Mapped, Session, mapped_column, relationship
from tests.databases.conftest import MakeEngine


class Base(ormolu.DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "account"
    __mapper_args__ = {"eager_defaults": "auto"}
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    state: Mapped[str] = mapped_column(String(20), server_default="open")
    doubled: Mapped[int] = mapped_column(Computed("amount * 2", persisted=True))
    amount: Mapped[int] = mapped_column(default=7)
    entries: Mapped[list[Entry]] = relationship(
        back_populates="account", cascade="all, delete-orphan"
    )


class Entry(Base):
    __tablename__ = "entry"
    id: Mapped[int] = mapped_column(Identity(start=100), primary_key=True)
    text: Mapped[str | None] = mapped_column(String(50))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    account: Mapped[Account] = relationship(back_populates="entries")


@pytest.fixture
def engine(make_engine: MakeEngine) -> Engine:
    return make_engine(Base.metadata)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


def test_server_defaults_and_computed_columns_come_back(session: Session) -> None:
    account = Account(name="a")
    session.add(account)
    session.commit()
    assert (account.state, account.amount, account.doubled) == ("open", 7, 14)
    account.amount = 8
    session.commit()
    assert account.doubled == 16


def test_many_rows_get_their_own_keys_and_defaults(session: Session) -> None:
    accounts = [Account(name=f"n{n}", amount=n) for n in range(1200)]
    session.add_all(accounts)
    session.flush()
    assert [a.state for a in accounts] == ["open"] * 1200
    assert [a.doubled for a in accounts] == [2 * n for n in range(1200)]
    rows = session.execute(select(Account.id, Account.name)).all()
    names: dict[Any, str] = dict(map(tuple, rows))
    assert [names[a.id] for a in accounts] == [a.name for a in accounts]
    session.rollback()


def test_cascades_reach_the_server(session: Session) -> None:
    account = Account(name="a", entries=[Entry(text="1"), Entry(text="2")])
    session.add(account)
    session.commit()
    account.entries.pop(0)
    session.commit()
    assert session.scalar(select(func.count()).select_from(Entry)) == 1
    session.delete(account)
    session.commit()
    assert session.scalar(select(func.count()).select_from(Entry)) == 0


def test_a_merge_updates_the_row(session: Session) -> None:
    session.add(Account(id=5, name="a", entries=[Entry(id=900, text="old")]))
    session.commit()
    session.expunge_all()
    given = Account(id=5, name="b", entries=[Entry(id=900, text="new")])
    merged = session.merge(given)
    session.commit()
    assert (merged.name, [e.text for e in merged.entries]) == ("b", ["new"])


def test_locks_are_refused_or_skipped(
    session: Session, engine: Engine, database: str
) -> None:
    if database == "sqlite":
        pytest.skip("SQLite has no row locks")
    session.add_all([Account(id=1, name="a"), Account(id=2, name="b")])
    session.commit()
    with Session(engine) as other:
        other.get_one(Account, 1, with_for_update=True)
        free = select(Account).with_for_update(skip_locked=True)
        assert [a.id for a in session.scalars(free)] == [2]
        with pytest.raises(OperationalError):
            session.get(Account, 1, with_for_update={"nowait": True})
        session.rollback()


def test_a_lock_names_its_table(session: Session, database: str) -> None:
    if database != "postgresql":
        pytest.skip("FOR UPDATE OF a table")
    session.add(Account(id=1, name="a", entries=[Entry(text="e")]))
    session.commit()
    statement = (
        select(Account).join(Account.entries).with_for_update(of=Account, read=True)
    )
    compiled = str(statement.compile(session.get_bind()))
    assert compiled.endswith("FOR SHARE OF account")
    assert session.scalars(statement).one().name == "a"


def test_isolation_is_of_one_transaction(session: Session, engine: Engine) -> None:
    level = "SERIALIZABLE"
    connection = session.connection(execution_options={"isolation_level": level})
    assert connection.get_isolation_level() == level
    session.add(Account(name="a"))
    session.commit()
    assert session.connection().get_isolation_level() != level or (
        engine.dialect.name == "sqlite"
    )


def test_autocommit_needs_no_commit(make_engine: MakeEngine, session: Session) -> None:
    engine = make_engine(isolation_level="AUTOCOMMIT")
    with Session(engine) as other:
        other.add(Account(name="at once"))
        other.flush()
        assert session.scalars(select(Account.name)).all() == ["at once"]
        session.commit()
        other.rollback()
    assert session.scalars(select(Account.name)).all() == ["at once"]


def test_sequences_make_keys(make_engine: MakeEngine, database: str) -> None:
    if database == "sqlite":
        pytest.skip("SQLite has no sequences")
    registry = ormolu.registry()

    class Numbered(ormolu.DeclarativeBase):
        metadata = registry.metadata

    class Ticket(Numbered):
        __tablename__ = "ticket"
        id: Mapped[int] = mapped_column(
            Sequence("ticket_number", start=1000), primary_key=True
        )
        text: Mapped[str | None] = mapped_column(String(20))

    with Session(make_engine(registry.metadata)) as session:
        tickets = [Ticket(text=str(n)) for n in range(5)]
        session.add_all(tickets)
        session.commit()
        assert sorted(t.id for t in tickets) == [1000, 1001, 1002, 1003, 1004]
        found = session.scalars(select(Ticket).order_by(Ticket.id)).all()
        assert {t.text for t in found} == {str(n) for n in range(5)}


def test_rows_of_text_that_look_like_parameters(session: Session) -> None:
    account = Account(name="%s %(name)s :x ? %%", entries=[Entry(text="100%")])
    session.add(account)
    session.commit()
    session.expunge_all()
    found = session.scalars(
        select(Account).where(Account.name.like("%\\%s %"), Account.amount % 4 == 3)
    ).all()
    if found:
        assert found[0].name == "%s %(name)s :x ? %%"
    assert session.scalars(select(Account)).one().entries[0].text == "100%"


def test_a_failed_statement_can_be_contained(session: Session) -> None:
    session.add(Account(id=1, name="a"))
    session.commit()
    savepoint = session.begin_nested()
    session.add(Account(name=None))
    with pytest.raises(IntegrityError):
        session.flush()
    savepoint.rollback()
    assert session.execute(text("SELECT count(*) FROM account")).scalar() == 1
    session.add(Account(id=2, name="b"))
    session.commit()
    assert session.scalars(select(Account.id).order_by(Account.id)).all() == [1, 2]
