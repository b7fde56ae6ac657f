"""Lazy loads: when, with which SQL, and when not."""

from typing import Any

import pytest
from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.exc import InvalidRequestError, SAWarning

from ormolu import (
    DeclarativeBase,
    Mapped,
    Session,
    lazyload,
    mapped_column,
    raiseload,
    relationship,
    selectinload,
)
from tests.orm.conftest import MakeEngine
from tests.orm.models import Models
from tests.orm.recording import Recorder


def test_a_collection_is_loaded_on_first_read(
    session: Session, models: Models, sql: Recorder
) -> None:
    sandy = session.get_one(models.User, 2)
    sql.clear()
    addresses = sandy.addresses
    assert sql.take() == [
        (
            "SELECT address.id, address.email_address, address.user_id FROM address "
            "WHERE ? = address.user_id",
            (2,),
        )
    ]
    assert [address.id for address in addresses] == [2, 3]
    with sql.silence():
        assert sandy.addresses is addresses


def test_an_empty_collection_is_remembered(
    session: Session, models: Models, sql: Recorder
) -> None:
    patrick = session.get_one(models.User, 3)
    with sql.count(1):
        assert patrick.addresses == []
        assert patrick.addresses == []


def test_a_many_to_one_is_loaded_by_key(
    session: Session, models: Models, sql: Recorder
) -> None:
    address = session.get_one(models.Address, 1)
    sql.clear()
    assert address.user.name == "spongebob"
    assert sql.take() == [
        (
            "SELECT user_account.id, user_account.name, user_account.fullname "
            "FROM user_account WHERE user_account.id = ?",
            (1,),
        )
    ]


def test_a_many_to_one_is_found_in_the_identity_map(
    session: Session, models: Models, sql: Recorder
) -> None:
    sandy = session.get_one(models.User, 2)
    address = session.get_one(models.Address, 2)
    with sql.silence():
        assert address.user is sandy


def test_a_null_foreign_key_needs_no_sql(
    session: Session, models: Models, sql: Recorder
) -> None:
    node = session.get_one(models.Node, 1)
    with sql.silence():
        assert node.parent is None


def test_a_foreign_key_to_nowhere_gives_none(session: Session, models: Models) -> None:
    session.add(models.Address(id=9, email_address="x", user_id=99))
    session.commit()
    address = session.get_one(models.Address, 9)
    assert address.user is None


def test_a_known_object_whose_row_is_gone_is_looked_for_anew(
    session: Session, models: Models, sql: Recorder
) -> None:
    address = session.get_one(models.Address, 1)
    spongebob = session.get_one(models.User, 1)
    session.expire(spongebob)
    session.connection().exec_driver_sql("PRAGMA foreign_keys=OFF")
    session.execute(delete(models.User.__table__).where(models.User.id == 1))
    with sql.count(2):
        assert address.user is None
    assert spongebob not in session


def test_the_backref_of_a_loaded_collection_is_known(
    session: Session, models: Models, sql: Recorder
) -> None:
    sandy = session.get_one(models.User, 2)
    first = sandy.addresses[0]
    with sql.silence():
        assert first.user is sandy


def test_a_many_to_many_is_loaded_through_the_association(
    session: Session, models: Models, sql: Recorder
) -> None:
    order = session.get_one(models.Order, 1)
    sql.clear()
    assert sorted(item.description for item in order.items) == ["egg", "toast"]
    assert sql.take() == [
        (
            "SELECT item.id, item.description FROM item, order_item "
            "WHERE ? = order_item.order_id AND item.id = order_item.item_id",
            (1,),
        )
    ]


def test_a_one_to_one_is_loaded_from_the_other_table(
    session: Session, models: Models, sql: Recorder
) -> None:
    pearl = session.get_one(models.Person, 1)
    sql.clear()
    assert pearl.passport.number == "P-1"
    assert sql.take() == [
        (
            "SELECT passport.id, passport.number, passport.person_id FROM passport "
            "WHERE ? = passport.person_id",
            (1,),
        )
    ]


def test_a_missing_one_to_one_is_none_and_remembered(
    session: Session, models: Models, sql: Recorder
) -> None:
    plankton = session.get_one(models.Person, 2)
    with sql.count(1):
        assert plankton.passport is None
        assert plankton.passport is None


def test_several_rows_for_a_one_to_one_are_warned_about(
    session: Session, models: Models
) -> None:
    session.add(models.Passport(number="P-2", person_id=1))
    session.flush()
    pearl = session.get_one(models.Person, 1)
    with pytest.warns(
        SAWarning,
        match=r"Multiple rows returned with uselist=False for lazily-loaded attribute "
        r"'Person\.passport'",
    ):
        assert pearl.passport is not None


def test_self_referential_loads_in_both_directions(
    session: Session, models: Models, sql: Recorder
) -> None:
    left = session.get_one(models.Node, 2)
    sql.clear()
    assert [node.name for node in left.children] == ["leaf"]
    assert left.parent.name == "root"
    assert sql.take() == [
        (
            "SELECT node.id, node.name, node.parent_id FROM node "
            "WHERE ? = node.parent_id",
            (2,),
        ),
        (
            "SELECT node.id, node.name, node.parent_id FROM node WHERE node.id = ?",
            (1,),
        ),
    ]


def test_a_pending_object_loads_nothing(
    session: Session, models: Models, sql: Recorder
) -> None:
    address = models.Address(email_address="x", user_id=2)
    session.add(address)
    with session.no_autoflush, sql.silence():
        assert address.user is None


def test_appending_to_a_collection_not_loaded_loads_it_first(
    session: Session, models: Models
) -> None:
    sandy = session.get_one(models.User, 2)
    sandy.addresses.append(models.Address(email_address="new"))
    assert len(sandy.addresses) == 3


def test_the_backref_does_not_load_the_collection(
    session: Session, models: Models, sql: Recorder
) -> None:
    sandy = session.get_one(models.User, 2)
    address = models.Address(email_address="new")
    with sql.silence():
        address.user = sandy
    session.add(address)
    with session.no_autoflush:
        assert [a.email_address for a in sandy.addresses] == [
            "sandy@sqlalchemy.org",
            "sandy@squirrelpower.org",
            "new",
        ]


def test_setting_a_many_to_one_does_not_load_the_old_one(
    session: Session, models: Models, sql: Recorder
) -> None:
    address = session.get_one(models.Address, 1)
    sandy = session.get_one(models.User, 2)
    with sql.silence():
        address.user = sandy


def test_ten_parents_make_ten_lazy_loads(
    session: Session, models: Models, sql: Recorder
) -> None:
    users = session.scalars(select(models.User)).all()
    with sql.count(len(users)):
        for user in users:
            user.addresses


@pytest.mark.parametrize("lazy", ["raise", "raise_on_sql"])
def test_a_relationship_may_refuse_to_load(make_engine: MakeEngine, lazy: Any) -> None:
    class Base(DeclarativeBase):
        pass

    class Parent(Base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children: Mapped[list["Child"]] = relationship(lazy=lazy)

    class Child(Base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int | None] = mapped_column(ForeignKey("parent.id"))

    rows = "INSERT INTO parent VALUES (1);"
    with Session(make_engine(Base.metadata, rows)) as session:
        parent = session.get_one(Parent, 1)
        with pytest.raises(
            InvalidRequestError,
            match=r"'Parent\.children' is not available due to lazy='raise",
        ):
            parent.children


def test_raiseload_refuses_for_one_statement(session: Session, models: Models) -> None:
    statement = select(models.User).options(raiseload(models.User.addresses))
    user = session.scalars(statement).first()
    assert user is not None
    with pytest.raises(
        InvalidRequestError,
        match=r"'User\.addresses' is not available due to lazy='raise'",
    ):
        user.addresses


def test_lazyload_overrides_an_eager_relationship(
    make_engine: MakeEngine, sql: Recorder
) -> None:
    class Base(DeclarativeBase):
        pass

    class Parent(Base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children: Mapped[list["Child"]] = relationship(lazy="selectin")

    class Child(Base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int | None] = mapped_column(ForeignKey("parent.id"))

    rows = "INSERT INTO parent VALUES (1);"
    with Session(make_engine(Base.metadata, rows)) as session, sql.count(1):
        session.scalars(select(Parent).options(lazyload(Parent.children))).all()


def test_a_relationship_may_be_loaded_immediately(
    make_engine: MakeEngine, sql: Recorder
) -> None:
    class Base(DeclarativeBase):
        pass

    class Parent(Base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children: Mapped[list["Child"]] = relationship(lazy="immediate")

    class Child(Base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int | None] = mapped_column(ForeignKey("parent.id"))

    rows = "INSERT INTO parent VALUES (1), (2);"
    with Session(make_engine(Base.metadata, rows)) as session:
        with sql.count(3):
            parents = session.scalars(select(Parent)).all()
        with sql.silence():
            assert [parent.children for parent in parents] == [[], []]


def test_lazy_loads_go_on_with_the_options_of_the_statement(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = select(models.Node).options(
        lazyload(models.Node.children).selectinload(models.Node.children)
    )
    root = session.scalars(statement.where(models.Node.id == 1)).one()
    with sql.count(2):
        children = root.children
    with sql.silence():
        assert sorted(len(child.children) for child in children) == [0, 1]


def test_an_option_of_a_later_statement_loads_what_is_missing(
    session: Session, models: Models, sql: Recorder
) -> None:
    sandy = session.get_one(models.User, 2)
    session.scalars(
        select(models.User).options(selectinload(models.User.addresses))
    ).all()
    with sql.silence():
        assert len(sandy.addresses) == 2


@pytest.mark.parametrize("wanted", [2, 3])
def test_criteria_of_an_option_narrow_a_lazy_load(
    session: Session, models: Models, sql: Recorder, wanted: int
) -> None:
    option = lazyload(models.User.addresses.and_(models.Address.id == wanted))
    statement = select(models.User).where(models.User.id == 2).options(option)
    for _ in range(2):
        sandy = session.scalars(statement).one()
        sql.clear()
        assert [a.id for a in sandy.addresses] == [wanted]
        assert sql.take() == [
            (
                "SELECT address.id, address.email_address, address.user_id FROM address "
                "WHERE ? = address.user_id AND address.id = ?",
                (2, wanted),
            )
        ]
        session.expunge_all()
