"""The tutorial's page on data manipulation: rollback, close (rows A26 to A33)."""

from typing import Any

import pytest
from sqlalchemy import Engine, inspect, select

from ormolu import Session, exc
from tests.orm.models import Models
from tests.orm.recording import Recorder

SELECT_SANDY = (
    "SELECT user_account.id, user_account.name, user_account.fullname "
    "FROM user_account WHERE user_account.id = ?",
    (2,),
)


@pytest.fixture
def sandy(session: Session, models: Models, sql: Recorder) -> Any:
    user = session.execute(select(models.User).filter_by(name="sandy")).scalar_one()
    sql.clear()
    return user


@pytest.fixture
def patrick(session: Session, models: Models) -> Any:
    return session.get(models.User, 3)


def test_a26_rollback_leaves_nothing_but_the_state_in_the_dict(
    session: Session, sandy: Any
) -> None:
    sandy.fullname = "Sandy Squirrel"
    session.flush()
    session.rollback()
    assert list(sandy.__dict__) == ["_sa_instance_state"]
    assert sandy.__dict__["_sa_instance_state"] is inspect(sandy)


def test_a26_rollback_expires_objects_that_were_only_loaded(
    session: Session, sandy: Any, patrick: Any
) -> None:
    session.rollback()
    assert inspect(sandy).expired
    assert inspect(patrick).expired
    assert set(vars(patrick)) <= {"_sa_instance_state"}


def test_a26_rollback_discards_changes_that_were_not_flushed(
    session: Session, sandy: Any
) -> None:
    sandy.fullname = "Sandy Squirrel"
    session.rollback()
    assert sandy not in session.dirty
    assert sandy.fullname == "Sandy Cheeks"


def test_a27_the_next_access_begins_and_reloads(
    session: Session, sandy: Any, sql: Recorder
) -> None:
    sandy.fullname = "Sandy Squirrel"
    session.flush()
    session.rollback()
    sql.clear()
    assert not session.in_transaction()
    assert sandy.fullname == "Sandy Cheeks"
    assert session.in_transaction()
    assert sql.take() == [SELECT_SANDY]


def test_a27_the_reload_fills_the_dict(session: Session, sandy: Any) -> None:
    session.rollback()
    sandy.fullname
    loaded = dict(sandy.__dict__)
    loaded.pop("_sa_instance_state", None)
    assert loaded == {"id": 2, "name": "sandy", "fullname": "Sandy Cheeks"}


def test_a28_rollback_puts_a_deleted_object_back(
    session: Session, patrick: Any
) -> None:
    session.delete(patrick)
    session.flush()
    assert patrick not in session
    session.rollback()
    assert patrick in session
    assert inspect(patrick).persistent
    assert patrick.name == "patrick"


def test_a28_rollback_forgets_a_delete_that_was_not_flushed(
    session: Session, patrick: Any
) -> None:
    session.delete(patrick)
    session.rollback()
    assert patrick in session
    assert patrick not in session.deleted


def test_a29_a_later_select_returns_that_very_object(
    session: Session, models: Models, patrick: Any
) -> None:
    session.delete(patrick)
    session.flush()
    session.rollback()
    statement = select(models.User).where(models.User.name == "patrick")
    assert session.execute(statement).scalar_one() is patrick
    assert session.get(models.User, 3) is patrick


def test_a30_close_returns_the_connection(
    engine: Engine, session: Session, sandy: Any
) -> None:
    assert engine.pool.checkedout() == 1  # type: ignore[attr-defined]
    session.close()
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_a30_close_rolls_back(session: Session, models: Models, sandy: Any) -> None:
    sandy.fullname = "Sandy Squirrel"
    session.flush()
    session.close()
    assert session.get_one(models.User, 2).fullname == "Sandy Cheeks"


def test_a30_close_expunges_everything(
    session: Session, models: Models, sandy: Any, patrick: Any
) -> None:
    squidward = models.User(name="squidward")
    session.add(squidward)
    session.close()
    assert [user in session for user in (sandy, patrick, squidward)] == [False] * 3
    assert inspect(sandy).detached
    assert inspect(patrick).detached
    assert inspect(squidward).transient
    assert len(session.identity_map) == 0
    assert not session.new


def test_a30_a_closed_session_can_be_used_again(
    session: Session, models: Models, sandy: Any
) -> None:
    session.close()
    again = session.get(models.User, 2)
    assert again is not None
    assert again is not sandy


def test_a30_the_context_manager_closes(engine: Engine, models: Models) -> None:
    with Session(engine) as session:
        sandy = session.get(models.User, 2)
        assert inspect(sandy).persistent
    assert inspect(sandy).detached
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_a31_an_expired_attribute_of_a_detached_object_has_the_documented_error(
    session: Session, models: Models
) -> None:
    squidward = models.User(name="squidward")
    session.add(squidward)
    session.commit()
    session.close()
    with pytest.raises(
        exc.DetachedInstanceError,
        match=r"^Instance <User at 0x[0-9a-f]+> is not bound to a Session; "
        "attribute refresh operation cannot proceed",
    ):
        squidward.name


def test_a31_a_lazy_load_of_a_detached_object_names_the_attribute(
    session: Session, sandy: Any
) -> None:
    session.close()
    assert sandy.name == "sandy"
    with pytest.raises(
        exc.DetachedInstanceError,
        match=r"^Parent instance <User at 0x[0-9a-f]+> is not bound to a Session; "
        "lazy load operation of attribute 'addresses' cannot proceed",
    ):
        sandy.addresses


def test_a32_add_attaches_a_detached_object_again(
    session: Session, models: Models, sql: Recorder
) -> None:
    squidward = models.User(name="squidward")
    session.add(squidward)
    session.commit()
    session.close()
    with sql.silence():
        session.add(squidward)
    assert inspect(squidward).persistent
    with sql.count(1):
        assert squidward.name == "squidward"
    assert session.get(models.User, 4) is squidward


def test_a33_get_uses_plain_column_labels(
    session: Session, models: Models, sql: Recorder
) -> None:
    session.get(models.User, 2)
    assert sql.take() == [SELECT_SANDY]


def test_a33_a_many_to_one_lazy_load_uses_plain_column_labels(
    session: Session, models: Models, sql: Recorder
) -> None:
    address = session.get_one(models.Address, 2)
    sql.clear()
    assert address.user.name == "sandy"
    assert sql.take() == [SELECT_SANDY]
