"""The tutorial's page on data manipulation: inserting (rows A1 to A11)."""

import logging

import pytest
from sqlalchemy import Engine, create_engine, inspect, text

from ormolu import Session
from tests.orm.models import Models
from tests.orm.recording import Recorder

INSERT = "INSERT INTO user_account (name, fullname) VALUES (?, ?) RETURNING id"


def test_a1_the_generated_constructor_takes_attribute_names(models: Models) -> None:
    user = models.User(name="squidward", fullname="Squidward Tentacles")
    assert (user.name, user.fullname) == ("squidward", "Squidward Tentacles")


def test_a1_the_generated_constructor_takes_relationships(models: Models) -> None:
    address = models.Address(email_address="krabs@krustykrab.sea")
    user = models.User(name="ehkrabs", addresses=[address])
    assert user.addresses == [address]
    assert address.user is user


def test_a1_the_generated_constructor_refuses_other_names(models: Models) -> None:
    with pytest.raises(
        TypeError, match="'nickname' is an invalid keyword argument for User"
    ):
        models.User(nickname="squid")


def test_a1_the_generated_constructor_refuses_positions(models: Models) -> None:
    with pytest.raises(TypeError, match="positional argument"):
        models.User("squidward")


def test_a2_the_primary_key_of_a_new_object_reads_none(models: Models) -> None:
    assert models.User(name="squidward").id is None


def test_a2_an_unset_attribute_of_a_new_object_reads_none(models: Models) -> None:
    assert models.User(name="squidward").fullname is None


def test_a2_an_unset_many_to_one_of_a_new_object_reads_none(models: Models) -> None:
    assert models.Address().user is None


def test_a2_an_unset_one_to_one_of_a_new_object_reads_none(models: Models) -> None:
    assert models.Person().passport is None


def test_a2_an_unset_collection_of_a_new_object_is_empty(models: Models) -> None:
    user = models.User()
    assert user.addresses == []
    assert user.addresses is user.addresses


def test_a2_reading_does_not_store_the_none(models: Models) -> None:
    user = models.User()
    assert user.fullname is None
    assert "fullname" not in vars(user)


def test_a2_the_documented_repr_of_new_objects(models: Models) -> None:
    squidward = models.User(name="squidward", fullname="Squidward Tentacles")
    assert repr(squidward) == (
        "User(id=None, name='squidward', fullname='Squidward Tentacles')"
    )


def test_a3_an_object_goes_through_all_five_states(
    session: Session, models: Models
) -> None:
    user = models.User(name="squidward")
    state = inspect(user)

    def flags() -> list[str]:
        names = ("transient", "pending", "persistent", "deleted", "detached")
        return [name for name in names if getattr(state, name)]

    assert flags() == ["transient"]
    session.add(user)
    assert flags() == ["pending"]
    session.flush()
    assert flags() == ["persistent"]
    session.delete(user)
    assert flags() == ["persistent"]
    session.flush()
    assert flags() == ["deleted"]
    session.commit()
    assert flags() == ["detached"]


def test_a4_a_session_can_be_used_without_a_context_manager(
    engine: Engine, models: Models
) -> None:
    session = Session(engine)
    session.add(models.User(name="squidward"))
    session.commit()
    assert session.get(models.User, 4) is not None
    session.close()
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_a5_add_sends_nothing(session: Session, models: Models, sql: Recorder) -> None:
    with sql.silence():
        session.add(models.User(name="squidward"))


def test_a5_add_makes_the_object_pending(session: Session, models: Models) -> None:
    user = models.User(name="squidward")
    session.add(user)
    assert inspect(user).pending
    assert user in session
    assert user.id is None


def test_a6_new_has_the_documented_repr(session: Session, models: Models) -> None:
    session.add(models.User(name="squidward", fullname="Squidward Tentacles"))
    session.add(models.User(name="ehkrabs", fullname="Eugene H. Krabs"))
    assert repr(session.new) == (
        "IdentitySet(["
        "User(id=None, name='squidward', fullname='Squidward Tentacles'), "
        "User(id=None, name='ehkrabs', fullname='Eugene H. Krabs')])"
    )


def test_a6_new_goes_by_identity_and_not_by_equality(
    session: Session, models: Models
) -> None:
    twin, other = models.User(name="squidward"), models.User(name="squidward")
    session.add(twin)
    assert twin in session.new
    assert other not in session.new
    assert len(session.new) == 1


def test_a6_new_holds_objects_that_cannot_be_hashed(
    session: Session, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models.User, "__eq__", lambda self, other: True)
    monkeypatch.setattr(models.User, "__hash__", None)
    first, second = models.User(name="squidward"), models.User(name="ehkrabs")
    session.add_all([first, second])
    assert len(session.new) == 2
    session.flush()
    assert (first.id, second.id) == (4, 5)


def test_a6_new_is_empty_after_the_flush(session: Session, models: Models) -> None:
    session.add(models.User(name="squidward"))
    session.flush()
    assert len(session.new) == 0
    assert not session.new


def test_a7_flush_opens_the_transaction(session: Session, models: Models) -> None:
    assert not session.get_transaction()
    session.add(models.User(name="squidward"))
    session.flush()
    assert session.in_transaction()
    assert session.connection().in_transaction()


def test_a7_flush_inserts_in_the_order_of_add(
    session: Session, models: Models, sql: Recorder
) -> None:
    names = ["squidward", "ehkrabs", "pearl"]
    session.add_all([models.User(name=name) for name in names])
    session.flush()
    assert sql.take() == [(INSERT, (name, None)) for name in names]


def test_a7_flush_logs_begin_and_the_inserts(
    models: Models, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sqlalchemy.engine.Engine")
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        models.User.__table__.create(connection)
    caplog.clear()
    with Session(engine) as session:
        session.add(models.User(name="squidward", fullname="Squidward Tentacles"))
        session.add(models.User(name="ehkrabs", fullname="Eugene H. Krabs"))
        session.flush()
        messages = caplog.messages[:]
    engine.dispose()
    assert messages[0] == "BEGIN (implicit)"
    assert [" ".join(message.split()) for message in messages[1::2]] == [INSERT, INSERT]
    assert "(insertmanyvalues) 1/2 (ordered; batch not supported)" in messages[2]
    assert messages[2].endswith("('squidward', 'Squidward Tentacles')")
    assert "insertmanyvalues 2/2 (ordered; batch not supported)" in messages[4]
    assert messages[4].endswith("('ehkrabs', 'Eugene H. Krabs')")


def test_a7_flush_of_nothing_sends_nothing(session: Session, sql: Recorder) -> None:
    with sql.silence():
        session.flush()


def test_a8_the_transaction_stays_open_after_the_flush_until_commit(
    session: Session, models: Models
) -> None:
    session.add(models.User(name="squidward"))
    session.flush()
    session.flush()
    assert session.in_transaction()
    session.commit()
    assert not session.in_transaction()


def test_a8_the_transaction_stays_open_after_the_flush_until_rollback(
    session: Session, models: Models
) -> None:
    session.add(models.User(name="squidward"))
    session.flush()
    session.rollback()
    assert not session.in_transaction()
    assert session.scalar(text("SELECT count(*) FROM user_account")) == 3


def test_a8_the_transaction_stays_open_after_the_flush_until_close(
    session: Session, models: Models
) -> None:
    session.add(models.User(name="squidward"))
    session.flush()
    session.close()
    assert not session.in_transaction()
    assert session.scalar(text("SELECT count(*) FROM user_account")) == 3


def test_a9_one_insert_alone_takes_its_key_from_the_cursor(
    session: Session, models: Models, sql: Recorder
) -> None:
    squidward = models.User(name="squidward", fullname="Squidward Tentacles")
    session.add(squidward)
    session.flush()
    assert sql.take() == [
        (
            "INSERT INTO user_account (name, fullname) VALUES (?, ?)",
            ("squidward", "Squidward Tentacles"),
        )
    ]
    assert squidward.id == 4


def test_a9_several_inserts_go_row_by_row_where_no_batch_keeps_the_order(
    session: Session, models: Models, sql: Recorder
) -> None:
    session.add_all(
        [
            models.User(name="squidward", fullname="Squidward Tentacles"),
            models.User(name="ehkrabs", fullname="Eugene H. Krabs"),
        ]
    )
    session.flush()
    assert sql.take() == [
        (INSERT, ("squidward", "Squidward Tentacles")),
        (INSERT, ("ehkrabs", "Eugene H. Krabs")),
    ]


def test_a10_the_generated_keys_land_on_the_same_objects(
    session: Session, models: Models
) -> None:
    squidward = models.User(name="squidward")
    krabs = models.User(name="ehkrabs")
    session.add_all([squidward, krabs])
    session.flush()
    assert (squidward.id, krabs.id) == (4, 5)


def test_a10_reading_the_generated_key_sends_nothing(
    session: Session, models: Models, sql: Recorder
) -> None:
    squidward = models.User(name="squidward")
    session.add(squidward)
    session.flush()
    with sql.silence():
        assert squidward.id == 4
        assert squidward.name == "squidward"
        assert squidward.fullname is None


def test_a11_inserts_with_keys_given_become_one_batch(
    session: Session, models: Models, sql: Recorder
) -> None:
    session.add_all(
        [
            models.User(id=10, name="squidward", fullname="Squidward Tentacles"),
            models.User(id=11, name="ehkrabs", fullname="Eugene H. Krabs"),
        ]
    )
    session.flush()
    assert sql.take() == [
        (
            "INSERT INTO user_account (id, name, fullname) VALUES (?, ?, ?)",
            [
                (10, "squidward", "Squidward Tentacles"),
                (11, "ehkrabs", "Eugene H. Krabs"),
            ],
        )
    ]


def test_a11_a_batch_of_composite_keys_is_one_statement(
    session: Session, models: Models, sql: Recorder
) -> None:
    session.add_all(
        [models.Membership(team_id=2, member_id=n, role="back") for n in range(3)]
    )
    session.flush()
    assert sql.take() == [
        (
            "INSERT INTO membership (team_id, member_id, role) VALUES (?, ?, ?)",
            [(2, 0, "back"), (2, 1, "back"), (2, 2, "back")],
        )
    ]
