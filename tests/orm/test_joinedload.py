"""joinedload(): the relationship in the same statement."""

import pytest
from sqlalchemy import ForeignKey, select
from sqlalchemy.exc import InvalidRequestError

from ormolu import (
    DeclarativeBase,
    Mapped,
    Session,
    contains_eager,
    defaultload,
    joinedload,
    mapped_column,
    relationship,
)
from tests.orm.conftest import MakeEngine
from tests.orm.models import Models
from tests.orm.recording import Recorder


def test_a_collection_comes_by_outer_join(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.User)
        .options(joinedload(models.User.addresses))
        .order_by(models.User.id)
    )
    users = session.scalars(statement).unique().all()
    assert sql.take_sql() == [
        "SELECT user_account.id, user_account.name, user_account.fullname, "
        "address_1.id AS id_1, address_1.email_address, address_1.user_id "
        "FROM user_account LEFT OUTER JOIN address AS address_1 "
        "ON user_account.id = address_1.user_id ORDER BY user_account.id"
    ]
    with sql.silence():
        assert [[a.id for a in user.addresses] for user in users] == [[1], [2, 3], []]


def test_the_backref_is_filled(session: Session, models: Models, sql: Recorder) -> None:
    statement = select(models.User).options(joinedload(models.User.addresses))
    users = session.scalars(statement).unique().all()
    with sql.silence():
        for user in users:
            assert all(address.user is user for address in user.addresses)


def test_a_many_to_one_comes_by_outer_join(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.Address)
        .options(joinedload(models.Address.user))
        .order_by(models.Address.id)
    )
    addresses = session.scalars(statement).all()
    assert sql.take_sql() == [
        "SELECT address.id, address.email_address, address.user_id, "
        "user_account_1.id AS id_1, user_account_1.name, user_account_1.fullname "
        "FROM address LEFT OUTER JOIN user_account AS user_account_1 "
        "ON user_account_1.id = address.user_id ORDER BY address.id"
    ]
    with sql.silence():
        assert [address.user.name for address in addresses] == [
            "spongebob",
            "sandy",
            "sandy",
        ]
    assert addresses[1].user is addresses[2].user


def test_a_missing_many_to_one_is_none(
    session: Session, models: Models, sql: Recorder
) -> None:
    session.add(models.Address(id=9, email_address="x"))
    session.flush()
    statement = (
        select(models.Address)
        .where(models.Address.id == 9)
        .options(joinedload(models.Address.user))
    )
    address = session.scalars(statement).one()
    with sql.silence():
        assert address.user is None


def test_an_inner_join_when_asked_for(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = select(models.Address).options(
        joinedload(models.Address.user, innerjoin=True)
    )
    session.scalars(statement).all()
    assert " FROM address JOIN user_account AS user_account_1 ON " in sql.take_sql()[0]


def test_a_many_to_many_comes_through_the_association(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.Order)
        .options(joinedload(models.Order.items))
        .order_by(models.Order.id)
    )
    orders = session.scalars(statement).unique().all()
    assert sql.take_sql() == [
        "SELECT orders.id, orders.description, item_1.id AS id_1, "
        "item_1.description AS description_1 FROM orders LEFT OUTER JOIN "
        "(order_item AS order_item_1 JOIN item AS item_1 "
        "ON item_1.id = order_item_1.item_id) ON orders.id = order_item_1.order_id "
        "ORDER BY orders.id"
    ]
    with sql.silence():
        assert [
            sorted(item.description for item in order.items) for order in orders
        ] == [["egg", "toast"], ["soup", "toast"]]


def test_a_one_to_one_needs_no_unique(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.Person)
        .options(joinedload(models.Person.passport))
        .order_by(models.Person.id)
    )
    with sql.count(1):
        people = session.scalars(statement).all()
    with sql.silence():
        assert people[0].passport.number == "P-1"
        assert people[1].passport is None


def test_a_chain_is_one_statement(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.Node)
        .where(models.Node.id == 1)
        .options(joinedload(models.Node.children).joinedload(models.Node.children))
    )
    with sql.count(1):
        root = session.scalars(statement).unique().one()
    with sql.silence():
        assert [leaf.name for child in root.children for leaf in child.children] == [
            "leaf"
        ]


def test_a_limit_wraps_the_parents_in_a_subquery(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.User)
        .options(joinedload(models.User.addresses))
        .order_by(models.User.id)
        .limit(2)
    )
    users = session.scalars(statement).unique().all()
    assert [len(user.addresses) for user in users] == [1, 2]
    assert sql.take() == [
        (
            "SELECT anon_1.id, anon_1.name, anon_1.fullname, address_1.id AS id_1, "
            "address_1.email_address, address_1.user_id FROM (SELECT "
            "user_account.id AS id, user_account.name AS name, "
            "user_account.fullname AS fullname FROM user_account "
            "ORDER BY user_account.id LIMIT ? OFFSET ?) AS anon_1 "
            "LEFT OUTER JOIN address AS address_1 "
            "ON anon_1.id = address_1.user_id ORDER BY anon_1.id",
            (2, 0),
        )
    ]


def test_a_limit_on_a_many_to_one_needs_no_subquery(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.Address)
        .options(joinedload(models.Address.user))
        .order_by(models.Address.id)
        .limit(2)
    )
    session.scalars(statement).all()
    assert "anon_1" not in sql.take_sql()[0]


def test_the_eager_join_is_not_the_join_of_the_user(
    session: Session, models: Models
) -> None:
    statement = (
        select(models.User)
        .join(models.User.addresses)
        .where(models.Address.id == 3)
        .options(joinedload(models.User.addresses))
    )
    sandy = session.scalars(statement).unique().one()
    assert [address.id for address in sandy.addresses] == [2, 3]


def test_contains_eager_takes_the_join_of_the_user(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.User)
        .join(models.User.addresses)
        .where(models.Address.id == 3)
        .options(contains_eager(models.User.addresses))
    )
    sandy = session.scalars(statement).unique().one()
    with sql.silence():
        assert [address.id for address in sandy.addresses] == [3]


def test_contained_columns_stand_where_the_relationship_is_mapped(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.Address)
        .join(models.Address.user)
        .options(contains_eager(models.Address.user))
    )
    session.scalars(statement).all()
    assert sql.take_sql() == [
        "SELECT user_account.id, user_account.name, user_account.fullname, "
        "address.id AS id_1, address.email_address, address.user_id "
        "FROM address JOIN user_account ON user_account.id = address.user_id"
    ]


def test_what_is_joined_follows_the_other_froms(models: Models) -> None:
    user, order = models.User, models.Order
    statement = (
        select(user.id, user, order)
        .options(joinedload(user.addresses))
        .where(models.Item.id == 1)
    )
    assert " ".join(str(statement).split()).partition(" FROM ")[2] == (
        "orders, user_account LEFT OUTER JOIN address AS address_1 "
        "ON user_account.id = address_1.user_id, item WHERE item.id = :id_3"
    )


def test_a_join_never_starts_from_a_table_of_the_where_clause(models: Models) -> None:
    user, order = models.User, models.Order
    statement = (
        select(user)
        .join(order, order.id > user.id)
        .where(models.Address.user_id == user.id)
    )
    assert " ".join(str(statement).split()).partition(" FROM ")[2] == (
        "user_account JOIN orders ON orders.id > user_account.id, address "
        "WHERE address.user_id = user_account.id"
    )


def test_lazy_joined_columns_need_no_labels(
    session: Session, models: Models, sql: Recorder
) -> None:
    node = models.Node
    statement = select(node).options(
        defaultload(node.children).joinedload(node.children)
    )
    root = session.scalars(statement.where(node.parent_id == None)).unique().one()  # noqa: E711
    sql.clear()
    root.children
    (lazy,) = sql.take_sql()
    assert " AS id_1" not in lazy
    assert "node_1.id, " in lazy


def test_the_relationship_may_be_joined_by_default(
    make_engine: MakeEngine, sql: Recorder
) -> None:
    class Base(DeclarativeBase):
        pass

    class Parent(Base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children: Mapped[list["Child"]] = relationship(
            lazy="joined", order_by="Child.id.desc()"
        )

    class Child(Base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int | None] = mapped_column(ForeignKey("parent.id"))

    rows = "INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1), (2, 1);"
    with Session(make_engine(Base.metadata, rows)) as session:
        parent = session.get_one(Parent, 1)
        assert sql.take() == [
            (
                "SELECT parent.id, child_1.id AS id_1, child_1.parent_id FROM parent "
                "LEFT OUTER JOIN child AS child_1 ON parent.id = child_1.parent_id "
                "WHERE parent.id = ? ORDER BY child_1.id DESC",
                (1,),
            )
        ]
        with sql.silence():
            assert [child.id for child in parent.children] == [2, 1]
        session.expire(parent)
        with sql.count(1):
            assert len(parent.children) == 2


def test_a_refresh_fills_eager_relationships_again(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.User)
        .where(models.User.id == 2)
        .options(joinedload(models.User.addresses))
    )
    sandy = session.scalars(statement).unique().one()
    session.expire(sandy)
    session.scalars(statement).unique().one()
    with sql.silence():
        assert len(sandy.addresses) == 2


def test_a_later_plain_select_keeps_the_collection(
    session: Session, models: Models, sql: Recorder
) -> None:
    sandy = (
        session.scalars(
            select(models.User)
            .where(models.User.id == 2)
            .options(joinedload(models.User.addresses))
        )
        .unique()
        .one()
    )
    again = session.scalars(select(models.User).where(models.User.id == 2)).one()
    assert again is sandy
    with sql.silence():
        assert len(again.addresses) == 2


def test_a_loaded_collection_is_left_alone(session: Session, models: Models) -> None:
    sandy = session.get_one(models.User, 2)
    added = models.Address(email_address="new")
    sandy.addresses.append(added)
    with session.no_autoflush:
        session.scalars(
            select(models.User).options(joinedload(models.User.addresses))
        ).unique().all()
    assert added in sandy.addresses


def test_without_unique_the_result_refuses(session: Session, models: Models) -> None:
    statement = select(models.User).options(joinedload(models.User.addresses))
    with pytest.raises(InvalidRequestError, match=r"unique\(\)"):
        session.execute(statement).all()


def test_rows_of_one_parent_need_not_be_neighbours(
    session: Session, models: Models
) -> None:
    session.add(models.Address(id=4, email_address="b", user_id=1))
    session.flush()
    session.expunge_all()
    statement = (
        select(models.User, models.Address.id)
        .join(models.User.addresses)
        .options(joinedload(models.User.addresses))
        .order_by(models.Address.id)
    )
    rows = session.execute(statement).unique().all()
    assert [(user.id, key) for user, key in rows] == [(1, 1), (2, 2), (2, 3), (1, 4)]
    assert [len(user.addresses) for user, _ in rows] == [2, 2, 2, 2]
