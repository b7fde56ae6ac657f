"""The tutorial's page on data manipulation: identity and commit (rows A12 to A17)."""

import pytest
from sqlalchemy import Engine, inspect, select

from ormolu import Session
from tests.orm.models import Models
from tests.orm.recording import Recorder

SELECT_USER = (
    "SELECT user_account.id, user_account.name, user_account.fullname FROM user_account"
)


def test_a12_get_answers_from_the_identity_map_without_sql(
    session: Session, models: Models, sql: Recorder
) -> None:
    squidward = models.User(name="squidward")
    session.add(squidward)
    session.flush()
    with sql.silence():
        assert session.get(models.User, 4) is squidward


def test_a12_get_selects_what_is_not_there_yet(
    session: Session, models: Models, sql: Recorder
) -> None:
    sandy = session.get(models.User, 2)
    assert sandy is not None
    assert sandy.name == "sandy"
    assert sql.take() == [(f"{SELECT_USER} WHERE user_account.id = ?", (2,))]


def test_a13_there_is_one_object_per_identity(session: Session, models: Models) -> None:
    sandy = session.get(models.User, 2)
    assert session.scalars(select(models.User).filter_by(name="sandy")).one() is sandy
    address = session.get(models.Address, 2)
    assert address is not None
    assert address.user is sandy


def test_a13_two_sessions_have_two_objects(engine: Engine, models: Models) -> None:
    with Session(engine) as session:
        first = session.get(models.User, 2)
    with Session(engine) as session:
        second = session.get(models.User, 2)
    assert first is not second


def test_a14_commit_keeps_objects_attached(session: Session, models: Models) -> None:
    squidward = models.User(name="squidward")
    session.add(squidward)
    session.commit()
    assert squidward in session
    assert inspect(squidward).persistent
    assert inspect(squidward).session is session


def test_a15_commit_expires_every_object(session: Session, models: Models) -> None:
    sandy = session.get(models.User, 2)
    session.commit()
    assert set(vars(sandy)) <= {"_sa_instance_state"}
    assert inspect(sandy).expired


def test_a15_the_next_read_begins_a_transaction_and_reloads(
    session: Session, models: Models, sql: Recorder
) -> None:
    sandy = session.get(models.User, 2)
    assert sandy is not None
    session.commit()
    assert not session.in_transaction()
    sql.clear()
    assert sandy.fullname == "Sandy Cheeks"
    assert session.in_transaction()
    assert sql.take() == [(f"{SELECT_USER} WHERE user_account.id = ?", (2,))]


def test_a15_one_read_reloads_the_whole_row(
    session: Session, models: Models, sql: Recorder
) -> None:
    sandy = session.get(models.User, 2)
    assert sandy is not None
    session.commit()
    with sql.count(1):
        assert (sandy.id, sandy.name, sandy.fullname) == (2, "sandy", "Sandy Cheeks")


def test_a16_expire_on_commit_can_be_turned_off(
    engine: Engine, models: Models, sql: Recorder
) -> None:
    with Session(engine, expire_on_commit=False) as session:
        sandy = session.get(models.User, 2)
        assert sandy is not None
        sandy.fullname = "Sandy Squirrel"
        session.commit()
        with sql.silence():
            assert sandy.fullname == "Sandy Squirrel"
            assert sandy.name == "sandy"
        assert not session.in_transaction()


def test_a16_objects_stay_readable_after_close_without_expire_on_commit(
    engine: Engine, models: Models, sql: Recorder
) -> None:
    with Session(engine, expire_on_commit=False) as session:
        squidward = models.User(name="squidward")
        session.add(squidward)
        session.commit()
    with sql.silence():
        assert (squidward.id, squidward.name) == (4, "squidward")


def test_a17_filter_by_and_scalar_one(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = select(models.User).filter_by(name="sandy")
    sandy = session.execute(statement).scalar_one()
    assert repr(sandy) == "User(id=2, name='sandy', fullname='Sandy Cheeks')"
    assert sql.take() == [(f"{SELECT_USER} WHERE user_account.name = ?", ("sandy",))]


@pytest.mark.parametrize("name", ["nobody"])
def test_a17_scalar_one_or_none_of_no_row_is_none(
    session: Session, models: Models, name: str
) -> None:
    statement = select(models.User).filter_by(name=name)
    assert session.execute(statement).scalar_one_or_none() is None
