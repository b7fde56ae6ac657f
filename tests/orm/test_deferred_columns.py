"""Deferred columns: left out of the load, fetched when read."""

import pytest
from sqlalchemy import inspect, select
from sqlalchemy.exc import InvalidRequestError

from ormolu import Session, defer, load_only, undefer, undefer_group
from tests.orm.models import Models
from tests.orm.recording import Recorder


def test_a_deferred_column_is_not_selected(
    session: Session, models: Models, sql: Recorder
) -> None:
    document = session.get_one(models.Document, 1)
    assert sql.take_sql() == [
        "SELECT document.id, document.title FROM document WHERE document.id = ?"
    ]
    assert "body" not in vars(document)
    assert "body" in inspect(document).unloaded


def test_reading_it_selects_it_alone(
    session: Session, models: Models, sql: Recorder
) -> None:
    document = session.get_one(models.Document, 1)
    sql.clear()
    assert document.body == "a long text"
    assert sql.take() == [
        ("SELECT document.body FROM document WHERE document.id = ?", (1,))
    ]
    with sql.silence():
        assert document.body == "a long text"


def test_a_null_is_remembered(session: Session, models: Models, sql: Recorder) -> None:
    document = session.get_one(models.Document, 2)
    with sql.count(1):
        assert document.body is None
        assert document.body is None


def test_a_group_is_loaded_together(
    session: Session, models: Models, sql: Recorder
) -> None:
    document = session.get_one(models.Document, 1)
    sql.clear()
    assert document.summary == "short"
    assert sql.take_sql() == [
        "SELECT document.summary, document.notes FROM document WHERE document.id = ?"
    ]
    with sql.silence():
        assert document.notes == "none"


def test_writing_it_does_not_load_it(
    session: Session, models: Models, sql: Recorder
) -> None:
    document = session.get_one(models.Document, 1)
    with sql.silence():
        document.body = "new"
    session.flush()
    assert sql.take() == [
        ("UPDATE document SET body=? WHERE document.id = ?", ("new", 1))
    ]


def test_undefer_selects_it(session: Session, models: Models, sql: Recorder) -> None:
    statement = select(models.Document).options(undefer(models.Document.body))
    documents = session.scalars(statement).all()
    assert sql.take_sql() == [
        "SELECT document.id, document.title, document.body FROM document"
    ]
    with sql.silence():
        assert {document.body for document in documents} == {"a long text", None}


def test_undefer_group_selects_the_group(
    session: Session, models: Models, sql: Recorder
) -> None:
    session.scalars(select(models.Document).options(undefer_group("extras"))).all()
    assert sql.take_sql() == [
        "SELECT document.id, document.title, document.summary, document.notes "
        "FROM document"
    ]


def test_undefer_of_everything(session: Session, models: Models, sql: Recorder) -> None:
    session.scalars(select(models.Document).options(undefer("*"))).all()
    assert "document.body" in sql.take_sql()[0]


def test_defer_leaves_a_column_out_of_one_statement(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = select(models.User).options(defer(models.User.fullname))
    user = session.scalars(statement.where(models.User.id == 2)).one()
    assert sql.take_sql() == [
        "SELECT user_account.id, user_account.name FROM user_account "
        "WHERE user_account.id = ?"
    ]
    with sql.count(1):
        assert user.fullname == "Sandy Cheeks"


def test_defer_may_refuse_the_later_load(session: Session, models: Models) -> None:
    statement = select(models.User).options(defer(models.User.fullname, raiseload=True))
    user = session.scalars(statement).first()
    assert user is not None
    with pytest.raises(
        InvalidRequestError,
        match=r"'User\.fullname' is not available due to raiseload=True",
    ):
        user.fullname


def test_load_only_selects_the_key_and_the_columns_named(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = select(models.User).options(load_only(models.User.name))
    user = session.scalars(statement).first()
    assert user is not None
    assert sql.take_sql() == [
        "SELECT user_account.id, user_account.name FROM user_account"
    ]
    with sql.silence():
        assert (user.id, user.name) == (1, "spongebob")


def test_an_expired_object_reloads_without_its_deferred_columns(
    session: Session, models: Models, sql: Recorder
) -> None:
    document = session.get_one(models.Document, 1)
    session.expire(document)
    sql.clear()
    assert document.title == "first"
    assert sql.take_sql() == [
        "SELECT document.id, document.title FROM document WHERE document.id = ?"
    ]


def test_a_deferred_column_loads_with_an_expired_object(
    session: Session, models: Models, sql: Recorder
) -> None:
    document = session.get_one(models.Document, 1)
    session.expire(document)
    assert document.body == "a long text"
    assert document.title == "first"


def test_a_deferred_column_can_be_selected_by_itself(
    session: Session, models: Models
) -> None:
    statement = select(models.Document.body).where(models.Document.id == 1)
    assert session.scalars(statement).one() == "a long text"


def test_a_new_object_keeps_its_deferred_columns(
    session: Session, models: Models, sql: Recorder
) -> None:
    document = models.Document(title="third", body="text")
    session.add(document)
    session.flush()
    with sql.silence():
        assert document.body == "text"
    assert document.notes is None
