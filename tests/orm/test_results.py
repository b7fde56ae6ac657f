"""Result and ScalarResult, as users know them, over objects."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import (
    InvalidRequestError,
    MultipleResultsFound,
    NoResultFound,
    NoSuchColumnError,
)

from ormolu import DeclarativeBase, Mapped, Session, joinedload, mapped_column
from ormolu.loading import merge_frozen_result
from tests.orm.conftest import MakeEngine
from tests.orm.models import Models


@pytest.fixture
def users(models: Models) -> Any:
    return select(models.User).order_by(models.User.id)


@pytest.fixture
def nobody(models: Models) -> Any:
    return select(models.User).where(models.User.id == 99)


@pytest.fixture
def sandy(models: Models) -> Any:
    return select(models.User).where(models.User.id == 2)


def test_all_gives_a_list(session: Session, users: Any) -> None:
    rows = session.execute(users).all()
    assert isinstance(rows, list)
    assert len(rows) == 3


def test_a_result_is_iterated_once(session: Session, users: Any) -> None:
    result = session.execute(users)
    assert [row.User.id for row in result] == [1, 2, 3]
    assert list(result) == []


def test_scalars_is_iterated(session: Session, users: Any) -> None:
    assert [user.id for user in session.scalars(users)] == [1, 2, 3]


def test_first_gives_the_first_row_or_none(
    session: Session, users: Any, nobody: Any
) -> None:
    row = session.execute(users).first()
    assert row is not None
    assert row[0].id == 1
    assert session.execute(nobody).first() is None
    first = session.scalars(users).first()
    assert first is not None
    assert first.id == 1
    assert session.scalars(nobody).first() is None


def test_first_closes_the_result(session: Session, users: Any) -> None:
    result = session.execute(users)
    result.first()
    assert result.closed


def test_one_wants_exactly_one_row(
    session: Session, users: Any, nobody: Any, sandy: Any
) -> None:
    assert session.scalars(sandy).one().id == 2
    assert session.execute(sandy).one()[0].id == 2
    with pytest.raises(NoResultFound, match="No row was found when one was required"):
        session.scalars(nobody).one()
    with pytest.raises(
        MultipleResultsFound,
        match="Multiple rows were found when exactly one was required",
    ):
        session.execute(users).one()


def test_one_or_none_wants_at_most_one_row(
    session: Session, users: Any, nobody: Any, sandy: Any
) -> None:
    assert session.scalars(sandy).one_or_none() is not None
    assert session.scalars(nobody).one_or_none() is None
    with pytest.raises(
        MultipleResultsFound,
        match="Multiple rows were found when one or none was required",
    ):
        session.scalars(users).one_or_none()


def test_scalar_takes_the_first_column_of_the_first_row(
    session: Session, users: Any, nobody: Any
) -> None:
    user = session.scalar(users)
    assert user is not None
    assert user.id == 1
    assert session.scalar(nobody) is None
    assert session.execute(users).scalar() is user


def test_scalar_one_wants_exactly_one_row(
    session: Session, users: Any, nobody: Any, sandy: Any
) -> None:
    assert session.execute(sandy).scalar_one().id == 2
    with pytest.raises(NoResultFound):
        session.execute(nobody).scalar_one()
    with pytest.raises(MultipleResultsFound):
        session.execute(users).scalar_one()


def test_scalar_one_or_none(session: Session, nobody: Any, sandy: Any) -> None:
    assert session.execute(sandy).scalar_one_or_none() is not None
    assert session.execute(nobody).scalar_one_or_none() is None


def test_mappings_give_dictionaries(session: Session, models: Models) -> None:
    statement = select(models.User, models.User.name).where(models.User.id == 2)
    mapping = session.execute(statement).mappings().one()
    assert list(mapping) == ["User", "name"]
    assert mapping["name"] == "sandy"
    assert mapping[models.User.name] == "sandy"
    assert mapping["User"] is session.get(models.User, 2)


def test_rows_are_named_tuples(session: Session, models: Models) -> None:
    statement = select(models.User.id, models.User.name).where(models.User.id == 2)
    row = session.execute(statement).one()
    key, name = row
    assert (key, name) == (2, "sandy")
    assert row._fields == ("id", "name")
    assert row._asdict() == {"id": 2, "name": "sandy"}
    assert row._mapping[models.User.id] == 2
    assert row == (2, "sandy")


def test_keys_name_the_columns(session: Session, models: Models) -> None:
    result = session.execute(select(models.User, models.User.name.label("nick")))
    assert list(result.keys()) == ["User", "nick"]
    result.close()


def test_columns_choose_and_reorder(session: Session, models: Models) -> None:
    statement = select(models.User.id, models.User.name).where(models.User.id == 2)
    assert session.execute(statement).columns("name", "id").all() == [("sandy", 2)]
    assert session.execute(statement).columns(1).all() == [("sandy",)]


def test_scalars_of_another_column(session: Session, models: Models) -> None:
    statement = select(models.User, models.User.name).order_by(models.User.id)
    assert session.execute(statement).scalars(1).all() == [
        "spongebob",
        "sandy",
        "patrick",
    ]
    assert session.execute(statement).scalars("name").first() == "spongebob"


def test_unique_drops_repeated_objects(session: Session, models: Models) -> None:
    statement = select(models.User).join(models.User.addresses).order_by(models.User.id)
    assert [user.id for user in session.scalars(statement)] == [1, 2, 2]
    assert [user.id for user in session.scalars(statement).unique()] == [1, 2]
    assert len(session.execute(statement).unique().all()) == 2


def test_unique_goes_by_identity_of_objects(
    session: Session, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models.User, "__eq__", lambda self, other: True)
    monkeypatch.setattr(models.User, "__hash__", lambda self: 1)
    statement = select(models.User).join(models.User.addresses).order_by(models.User.id)
    assert [user.id for user in session.scalars(statement).unique()] == [1, 2]


def test_unique_takes_a_strategy(session: Session, users: Any) -> None:
    result = session.scalars(users).unique(lambda user: user.name[0])
    assert [user.name for user in result] == ["spongebob", "patrick"]


def test_a_joined_collection_wants_unique(session: Session, models: Models) -> None:
    statement = select(models.User).options(joinedload(models.User.addresses))
    with pytest.raises(
        InvalidRequestError,
        match=r"The unique\(\) method must be invoked on this Result, as it contains "
        "results that include joined eager loads against collections",
    ):
        session.scalars(statement).all()
    assert len(session.scalars(statement).unique().all()) == 3


def test_partitions_give_chunks(session: Session, users: Any) -> None:
    chunks = [
        [user.id for user in chunk] for chunk in session.scalars(users).partitions(2)
    ]
    assert chunks == [[1, 2], [3]]
    assert [len(chunk) for chunk in session.execute(users).partitions(2)] == [2, 1]


def test_fetchmany_and_fetchone(session: Session, users: Any) -> None:
    result = session.execute(users)
    assert [row[0].id for row in result.fetchmany(2)] == [1, 2]
    row = result.fetchone()
    assert row is not None
    assert row[0].id == 3
    assert result.fetchone() is None


def test_yield_per_loads_in_batches(session: Session, users: Any) -> None:
    result = session.scalars(users.execution_options(yield_per=2))
    assert [user.id for user in result] == [1, 2, 3]
    chunks = session.scalars(users, execution_options={"yield_per": 2}).partitions()
    assert [len(chunk) for chunk in chunks] == [2, 1]


def test_freeze_replays_a_result(session: Session, users: Any) -> None:
    frozen = session.execute(users).freeze()
    first = [row[0].id for row in frozen()]
    assert first == [row[0].id for row in frozen()] == [1, 2, 3]


def test_a_closed_result_gives_nothing_more(session: Session, users: Any) -> None:
    result = session.execute(users)
    result.close()
    with pytest.raises(InvalidRequestError, match="closed"):
        result.all()


def test_the_result_can_outlive_the_transaction(session: Session, users: Any) -> None:
    result = session.scalars(users)
    session.commit()
    assert [user.id for user in result] == [1, 2, 3]


def test_the_same_object_in_many_rows_is_one_object(
    session: Session, models: Models
) -> None:
    statement = (
        select(models.User, models.Address)
        .join(models.Address)
        .where(models.User.id == 2)
    )
    users = [user for user, _ in session.execute(statement)]
    assert len(users) == 2
    assert users[0] is users[1]


@pytest.mark.parametrize("first", ["unique", "yield_per"])
def test_a_part_at_a_time_cannot_be_unique(
    session: Session, users: Any, first: str
) -> None:
    result = session.execute(users)
    result = (
        result.unique().yield_per(2)
        if first == "unique"
        else result.yield_per(2).unique()
    )
    with pytest.raises(InvalidRequestError, match=r"in conjunction with unique\(\)"):
        next(result)
    result.close()
    assert len(session.execute(users).yield_per(2).all()) == 3
    assert len(session.execute(users).unique().all()) == 3


def test_a_frozen_result_is_merged(session: Session, models: Models) -> None:
    name = models.User.name
    for statement in (
        select(models.User).order_by(models.User.id),
        select(models.User, name).order_by(models.User.id),
        select(name).order_by(models.User.id),
    ):
        expected = [tuple(row) for row in session.execute(statement)]
        frozen = session.execute(statement).freeze()
        keys = session.execute(statement).keys()
        session.close()  # the engine has one connection
        with Session(session.get_bind()) as other:
            merged = merge_frozen_result(other, statement, frozen)
            rows = merged().all()
            assert merged().keys() == keys
            for row, wanted in zip(rows, expected, strict=True):
                for value, original in zip(row, wanted, strict=True):
                    if isinstance(original, str):
                        assert value == original
                    else:
                        assert value.id == original.id
                        assert value in other


def test_rows_are_logged_at_level_debug(
    make_engine: MakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    class Base(DeclarativeBase):
        pass

    class Event(Base):
        __tablename__ = "event"
        id: Mapped[int] = mapped_column(primary_key=True)
        day: Mapped[date]

    engine = make_engine(Base.metadata, echo="debug")
    statement = select(Event).order_by(Event.id)
    logged = [f"Row ({n}, datetime.date(2030, 1, {n}))" for n in (1, 2)]
    with Session(engine) as session:
        session.add_all(Event(id=n, day=date(2030, 1, n)) for n in (1, 2))
        session.flush()
        for options in ({}, {"yield_per": 1}):
            caplog.clear()
            session.execute(statement, execution_options=options).all()
            messages = [m for m in caplog.messages if m.startswith("Row")]
            assert messages == logged


def test_a_row_without_the_columns_leaves_no_cursor_open(
    session: Session, models: Models
) -> None:
    query: Any = session.query(models.User.id, models.User.name)
    with pytest.raises(NoSuchColumnError, match="Could not locate column in row"):
        query.from_statement(select(models.User.id)).all()
    # which an open cursor would not let happen
    session.execute(text(f"DROP TABLE {models.Passport.__table__.name}"))
