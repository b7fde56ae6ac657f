"""The tutorial's page on data manipulation: bulk and upsert statements (A25)."""

from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from ormolu import Session
from tests.orm.models import Models
from tests.orm.recording import Recorder

NEW = [
    {"name": "pearl", "fullname": "Pearl Krabs"},
    {"name": "gary", "fullname": "Gary"},
]


def _loaded(session: Session, models: Models, sql: Recorder) -> list[Any]:
    users = session.scalars(select(models.User).order_by(models.User.id)).all()
    sql.clear()
    return list(users)


def test_a25_bulk_insert_sends_one_statement(
    session: Session, models: Models, sql: Recorder
) -> None:
    session.execute(insert(models.User), NEW)
    assert sql.take() == [
        (
            "INSERT INTO user_account (name, fullname) VALUES (?, ?)",
            [("pearl", "Pearl Krabs"), ("gary", "Gary")],
        )
    ]


def test_a25_bulk_insert_returns_objects(
    session: Session, models: Models, sql: Recorder
) -> None:
    users = session.scalars(insert(models.User).returning(models.User), NEW).all()
    assert sql.take_sql() == [
        "INSERT INTO user_account (name, fullname) VALUES (?, ?), (?, ?) "
        "RETURNING id, name, fullname"
    ]
    with sql.silence():
        assert [(u.name, u.fullname) for u in users] == [
            ("pearl", "Pearl Krabs"),
            ("gary", "Gary"),
        ]
        assert all(u in session for u in users)
        assert session.get(models.User, users[0].id) is users[0]


def test_a25_upsert_returns_new_and_loaded_objects(
    session: Session, models: Models, sql: Recorder
) -> None:
    first = _loaded(session, models, sql)[0]
    statement = upsert(models.User).values(
        [
            {"id": first.id, "name": first.name, "fullname": "Somebody else"},
            {"id": 99, "name": "gary", "fullname": "Gary"},
        ]
    )
    statement = statement.on_conflict_do_update(
        index_elements=[models.User.id],
        set_={"fullname": statement.excluded.fullname},
    )
    found = session.scalars(
        statement.returning(models.User), execution_options={"populate_existing": True}
    ).all()
    assert sql.take_sql() == [
        "INSERT INTO user_account (id, name, fullname) VALUES (?, ?, ?), (?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET fullname = excluded.fullname "
        "RETURNING id, name, fullname"
    ]
    assert found[0] is first
    assert [u.fullname for u in found] == ["Somebody else", "Gary"]


def test_a25_update_by_primary_key_reaches_loaded_objects(
    session: Session, models: Models, sql: Recorder
) -> None:
    first, second, *_ = _loaded(session, models, sql)
    rows = [{"id": u.id, "fullname": u.name.upper()} for u in (first, second)]
    session.execute(update(models.User), rows)
    assert sql.take() == [
        (
            "UPDATE user_account SET fullname=? WHERE user_account.id = ?",
            [(first.name.upper(), first.id), (second.name.upper(), second.id)],
        )
    ]
    with sql.silence():
        assert first.fullname == first.name.upper()


def test_a25_update_with_criteria_returns_objects(
    session: Session, models: Models, sql: Recorder
) -> None:
    first, *others = _loaded(session, models, sql)
    statement = (
        update(models.User)
        .where(models.User.id == first.id)
        .values(fullname="changed")
        .returning(models.User)
    )
    assert session.scalars(statement).all() == [first]
    assert sql.take_sql() == [
        "UPDATE user_account SET fullname=? WHERE user_account.id = ? "
        "RETURNING id, name, fullname"
    ]
    with sql.silence():
        assert first.fullname == "changed"
        assert all(u.fullname != "changed" for u in others)


def test_a25_delete_with_criteria_returns_and_removes_objects(
    session: Session, models: Models, sql: Recorder
) -> None:
    session.execute(insert(models.User), NEW)
    users = _loaded(session, models, sql)
    statement = delete(models.User).where(models.User.name.in_(["pearl", "gary"]))
    names = session.scalars(statement.returning(models.User.name)).all()
    assert names == ["pearl", "gary"]
    assert [u.name for u in users if u not in session] == ["pearl", "gary"]
