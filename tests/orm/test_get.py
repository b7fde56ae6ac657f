"""get() and get_one(): identities in all their forms, options, SQL."""

import inspect
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import (
    ArgumentError,
    InvalidRequestError,
    NoInspectionAvailable,
    NoResultFound,
    SAWarning,
)

from ormolu import Session, aliased, exc, scoped_session, selectinload
from tests.orm.models import Models
from tests.orm.recording import Recorder

SELECT = (
    "SELECT user_account.id, user_account.name, user_account.fullname "
    "FROM user_account WHERE user_account.id = ?"
)


def test_get_of_a_missing_row_is_none(
    session: Session, models: Models, sql: Recorder
) -> None:
    assert session.get(models.User, 99) is None
    assert sql.take() == [(SELECT, (99,))]


def test_a_miss_is_not_remembered(
    session: Session, models: Models, sql: Recorder
) -> None:
    with sql.count(2):
        session.get(models.User, 99)
        session.get(models.User, 99)


def test_get_one_of_a_missing_row_names_class_and_key(
    session: Session, models: Models
) -> None:
    with pytest.raises(NoResultFound, match="No row was found when one was required"):
        session.get_one(models.User, 99)


def test_get_one_answers_from_the_identity_map(
    session: Session, models: Models, sql: Recorder
) -> None:
    user = session.get_one(models.User, 1)
    with sql.silence():
        assert session.get_one(models.User, 1) is user


@pytest.mark.parametrize("ident", [1, (1,), [1], {"id": 1}])
def test_get_takes_a_single_key_in_every_form(
    session: Session, models: Models, ident: Any
) -> None:
    user = session.get(models.User, ident)
    assert user is not None
    assert user.id == 1


@pytest.mark.parametrize(
    "ident",
    [(1, 2), [1, 2], {"team_id": 1, "member_id": 2}, {"member_id": 2, "team_id": 1}],
)
def test_get_takes_a_composite_key_in_every_form(
    session: Session, models: Models, sql: Recorder, ident: Any
) -> None:
    member = session.get(models.Membership, ident)
    assert member is not None
    assert member.role == "goalkeeper"
    assert sql.take() == [
        (
            "SELECT membership.team_id, membership.member_id, membership.role "
            "FROM membership WHERE membership.team_id = ? "
            "AND membership.member_id = ?",
            (1, 2),
        )
    ]
    with sql.silence():
        assert session.get(models.Membership, ident) is member


@pytest.mark.parametrize("ident", [(1, 2), ()])
def test_get_refuses_a_key_of_the_wrong_length(
    session: Session, models: Models, ident: Any
) -> None:
    with pytest.raises(
        InvalidRequestError,
        match=r"Incorrect number of values in identifier to formulate primary key for "
        r"(query\.get\(\)|session\.get\(\)); primary key columns are "
        r"'user_account\.id'",
    ):
        session.get(models.User, ident)
    assert session.get(models.User, 1) is not None


def test_get_refuses_a_dictionary_with_wrong_names(
    session: Session, models: Models
) -> None:
    with pytest.raises(
        InvalidRequestError,
        match=r"Incorrect names of values in identifier to formulate primary key for "
        r"(query\.get\(\)|session\.get\(\)); primary key attribute names are 'id'",
    ):
        session.get(models.User, {"name": "sandy"})


def test_get_of_an_unmapped_class_is_refused(session: Session) -> None:
    class Plain:
        pass

    with pytest.raises(NoInspectionAvailable):
        session.get(Plain, 1)


def test_get_takes_a_mapper(session: Session, models: Models) -> None:
    assert session.get(models.User.__mapper__, 1) is session.get(models.User, 1)


def test_get_refuses_an_alias(session: Session, models: Models) -> None:
    with pytest.raises(ArgumentError, match="Expected mapped class or mapper"):
        session.get(aliased(models.User), 1)


def test_get_of_what_must_be_selected_flushes_first(
    session: Session, models: Models, sql: Recorder
) -> None:
    session.add(models.User(name="squidward"))
    assert session.get(models.User, 1) is not None
    assert [statement.split()[0] for statement in sql.take_sql()] == [
        "INSERT",
        "SELECT",
    ]


def test_get_of_what_is_there_does_not_flush(
    session: Session, models: Models, sql: Recorder
) -> None:
    user = session.get(models.User, 1)
    session.add(models.User(name="squidward"))
    with sql.silence():
        assert session.get(models.User, 1) is user
    assert len(session.new) == 1


def test_get_of_an_expired_object_reloads_it(
    session: Session, models: Models, sql: Recorder
) -> None:
    user = session.get_one(models.User, 1)
    session.expire(user)
    sql.clear()
    assert session.get(models.User, 1) is user
    assert sql.take() == [(SELECT, (1,))]
    with sql.silence():
        assert user.name == "spongebob"


def test_get_of_an_expired_object_whose_row_is_gone_is_none(
    session: Session, models: Models
) -> None:
    user = session.get_one(models.User, 3)
    session.expire(user)
    session.execute(text("DELETE FROM user_account WHERE id = 3"))
    assert session.get(models.User, 3) is None


def test_get_of_an_object_marked_deleted_still_gives_it(
    session: Session, models: Models
) -> None:
    user = session.get_one(models.User, 3)
    session.delete(user)
    assert session.get(models.User, 3) is user


def test_get_can_populate_an_object_already_there(
    session: Session, models: Models
) -> None:
    user = session.get_one(models.User, 1)
    session.execute(text("UPDATE user_account SET name = 'x' WHERE id = 1"))
    assert session.get_one(models.User, 1).name == "spongebob"
    assert session.get_one(models.User, 1, populate_existing=True) is user
    assert user.name == "x"


def test_get_takes_loader_options(
    session: Session, models: Models, sql: Recorder
) -> None:
    user = session.get_one(
        models.User, 2, options=[selectinload(models.User.addresses)]
    )
    with sql.silence():
        assert len(user.addresses) == 2


def test_get_with_a_lock_always_selects(
    session: Session, models: Models, sql: Recorder
) -> None:
    user = session.get_one(models.User, 1)
    with sql.count(1):
        assert session.get(models.User, 1, with_for_update=True) is user


def test_get_of_none_is_none_with_a_warning(session: Session, models: Models) -> None:

    with pytest.warns(SAWarning, match="fully NULL primary key identity"):
        assert session.get(models.User, None) is None  # type: ignore[arg-type]


def test_a_key_of_another_type_finds_the_object_that_is_there(
    session: Session, models: Models
) -> None:
    # the database converts the string; the object has the key that came back
    user = session.get(models.User, "1")
    assert user is session.get(models.User, 1)


def test_get_of_an_object_deleted_behind_the_back_raises_on_reading(
    session: Session, models: Models
) -> None:
    user = session.get_one(models.User, 3)
    session.expire(user)
    session.execute(text("DELETE FROM user_account WHERE id = 3"))
    with pytest.raises(
        exc.ObjectDeletedError,
        match=r"Instance '<User at .*>' has been deleted, or its row is otherwise "
        "not present",
    ):
        user.name


def test_get_of_a_loaded_object_can_be_overridden(
    session: Session, models: Models, sql: Recorder
) -> None:
    class Counting(Session):
        count = 0

        def get(self, entity: Any, ident: Any, **kw: Any) -> Any:
            self.count += 1
            return super().get(entity, ident, **kw)

    with Counting(session.get_bind()) as counting:
        user = counting.get(models.User, 1)
        with sql.silence():
            assert counting.get(models.User, 1) is user
            assert counting.get_one(models.User, 1) is user
        assert counting.count == 3
        counting.rollback()


def test_get_of_a_loaded_object_in_all_ways_to_call_it(
    session: Session, models: Models, sql: Recorder
) -> None:
    user = session.get(models.User, 1)
    proxy = scoped_session(lambda: session)
    get = session.get
    with sql.silence():
        for found in (
            get(models.User, 1),
            session.get(entity=models.User, ident=1),
            Session.get(session, models.User, 1),
            proxy.get(models.User, 1),
            proxy.get(models.User, ident=1),
        ):
            assert found is user


def test_get_shows_its_signature() -> None:
    names = ["self", "entity", "ident", "options", "populate_existing"]
    assert list(inspect.signature(Session.get).parameters)[:5] == names
    assert inspect.signature(Session.get) == inspect.signature(scoped_session.get)
    assert list(inspect.signature(Session().get).parameters)[:4] == names[1:5]
    assert Session.get.__name__ == "get"
    assert Session.get.__qualname__ == "Session.get"
    assert "the identity map or the database" in (Session.get.__doc__ or "")
    assert pickle.loads(pickle.dumps(Session.get)) is Session.get
    assert isinstance(inspect.getattr_static(Session, "get"), Callable)


def test_get_of_a_deleted_object_is_none(session: Session, models: Models) -> None:
    user = session.get(models.User, 3)
    assert session.get(models.User, 3) is user
    session.delete(user)
    session.flush()
    assert session.get(models.User, 3) is None
