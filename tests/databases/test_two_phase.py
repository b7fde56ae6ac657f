"""Two-phase commits, over two connections of one server."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Column, Engine, Integer, String, create_engine, select, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError, PendingRollbackError

import ormolu
from ormolu import Session


class Base(ormolu.DeclarativeBase):
    pass


class Left(Base):
    __tablename__ = "left_side"
    id = Column(Integer, primary_key=True)
    name = Column(String(50), unique=True)


class Right(Base):
    __tablename__ = "right_side"
    id = Column(Integer, primary_key=True)
    name = Column(String(50), unique=True)


@pytest.fixture(params=["postgresql", "mariadb"])
def engines(request: pytest.FixtureRequest) -> Iterator[tuple[Engine, Engine]]:
    """Two engines, and the tables."""
    url = request.getfixturevalue(f"{request.param}_url")
    pair = create_engine(url), create_engine(url)
    if request.param == "postgresql":
        with pair[0].connect() as connection:
            possible = connection.scalar(text("SHOW max_prepared_transactions")) != "0"
        if not possible:
            pair[0].dispose()
            pytest.skip("PostgreSQL's max_prepared_transactions is 0")
    Base.metadata.create_all(pair[0])
    prepared = [prepared_by(engine) for engine in pair]
    yield pair
    for engine in pair:
        assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    with pair[0].connect() as connection:
        found = connection.execution_options(
            isolation_level="AUTOCOMMIT"
        ).recover_twophase()
    left_over = {xid.decode() if isinstance(xid, bytes) else xid for xid in found}
    assert left_over.isdisjoint(set().union(*prepared))
    Base.metadata.drop_all(pair[0])
    for engine in pair:
        engine.dispose()


def prepared_by(engine: Engine) -> set[str]:
    """The transactions that an engine prepares; the server tells of others', too."""
    prepared: set[str] = set()
    prepare = engine.dialect.do_prepare_twophase

    def noting(connection: Any, xid: str) -> None:
        prepared.add(xid)
        prepare(connection, xid)

    # of this engine's dialect alone, until it is disposed of
    engine.dialect.do_prepare_twophase = noting  # type: ignore[method-assign]
    return prepared


@pytest.fixture
def session(engines: tuple[Engine, Engine]) -> Iterator[Session]:
    left, right = engines
    with Session(binds={Left: left, Right: right}, twophase=True) as session:
        yield session


def names(engine: Engine) -> list[list[Any]]:
    """What is committed."""
    with engine.connect() as connection:
        return [
            list(connection.scalars(select(class_.name).order_by(class_.name)))
            for class_ in (Left, Right)
        ]


def add_both(session: Session) -> tuple[Left, Right]:
    pair = Left(name="l"), Right(name="r")
    session.add_all(pair)
    return pair


def test_both_sides_are_committed(
    session: Session, engines: tuple[Engine, Engine]
) -> None:
    left, right = add_both(session)
    session.commit()
    assert names(engines[0]) == [["l"], ["r"]]
    assert (left.name, right.name) == ("l", "r")
    session.rollback()


def test_a_prepared_transaction_can_be_committed(
    session: Session, engines: tuple[Engine, Engine]
) -> None:
    add_both(session)
    session.prepare()
    assert names(engines[0]) == [[], []]
    with pytest.raises(InvalidRequestError, match="'prepared' state"):
        session.scalars(select(Left)).all()
    session.commit()
    assert names(engines[0]) == [["l"], ["r"]]


def test_a_prepared_transaction_can_be_rolled_back(
    session: Session, engines: tuple[Engine, Engine]
) -> None:
    left, _ = add_both(session)
    session.prepare()
    session.rollback()
    assert names(engines[0]) == [[], []]
    assert left not in session


def test_an_error_on_one_side_undoes_both(
    session: Session, engines: tuple[Engine, Engine]
) -> None:
    add_both(session)
    session.commit()
    session.add(Left(name="other"))
    session.flush()
    session.add(Right(name="r"))
    with pytest.raises(DBAPIError):
        session.commit()
    with pytest.raises(PendingRollbackError):
        session.scalars(select(Left)).all()
    session.rollback()
    assert names(engines[0]) == [["l"], ["r"]]
    session.add(Left(name="after"))
    session.commit()
    assert names(engines[0]) == [["after", "l"], ["r"]]


def test_a_prepare_that_fails_rolls_all_of_it_back(
    session: Session, engines: tuple[Engine, Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    add_both(session)
    session.flush()
    dialect = engines[1].dialect
    monkeypatch.setattr(dialect, "do_prepare_twophase", _fail)
    with pytest.raises(ZeroDivisionError):
        session.commit()
    monkeypatch.undo()
    session.rollback()
    assert names(engines[0]) == [[], []]
    add_both(session)
    session.commit()
    assert names(engines[0]) == [["l"], ["r"]]


def _fail(*arguments: Any) -> None:
    raise ZeroDivisionError


def test_a_close_undoes_what_was_prepared(
    session: Session, engines: tuple[Engine, Engine]
) -> None:
    add_both(session)
    session.prepare()
    session.close()
    assert names(engines[0]) == [[], []]


def test_savepoints_within(session: Session, engines: tuple[Engine, Engine]) -> None:
    add_both(session)
    session.flush()
    savepoint = session.begin_nested()
    session.add(Left(name=uuid.uuid4().hex))
    session.flush()
    savepoint.rollback()
    session.commit()
    assert names(engines[0]) == [["l"], ["r"]]


def test_only_a_two_phase_session_prepares(engines: tuple[Engine, Engine]) -> None:
    refused = pytest.raises(InvalidRequestError, match="'twophase' mode not enabled")
    with Session(engines[0]) as session, refused:
        session.prepare()
