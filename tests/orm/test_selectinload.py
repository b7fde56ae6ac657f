"""selectinload(): one more statement per relationship."""

from sqlalchemy import ForeignKey, select

from ormolu import (
    DeclarativeBase,
    Mapped,
    Session,
    defaultload,
    load_only,
    mapped_column,
    relationship,
    selectinload,
)
from tests.orm.conftest import MakeEngine
from tests.orm.models import Models
from tests.orm.recording import Recorder


def test_a_collection_comes_in_one_more_statement(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.User)
        .options(selectinload(models.User.addresses))
        .order_by(models.User.id)
    )
    users = session.scalars(statement).all()
    assert sql.take() == [
        (
            "SELECT user_account.id, user_account.name, user_account.fullname "
            "FROM user_account ORDER BY user_account.id",
            (),
        ),
        (
            "SELECT address.user_id, address.id, address.email_address "
            "FROM address WHERE address.user_id IN (?, ?, ?)",
            (1, 2, 3),
        ),
    ]
    with sql.silence():
        assert [[a.id for a in user.addresses] for user in users] == [[1], [2, 3], []]


def test_no_parent_no_second_statement(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.User)
        .options(selectinload(models.User.addresses))
        .where(models.User.id == 99)
    )
    with sql.count(1):
        assert session.scalars(statement).all() == []


def test_the_backref_is_filled(session: Session, models: Models, sql: Recorder) -> None:
    statement = select(models.User).options(selectinload(models.User.addresses))
    users = session.scalars(statement).all()
    with sql.silence():
        for user in users:
            assert all(address.user is user for address in user.addresses)


def test_a_many_to_one_comes_by_key(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.Address)
        .options(selectinload(models.Address.user))
        .order_by(models.Address.id)
    )
    addresses = session.scalars(statement).all()
    assert sql.take()[1] == (
        "SELECT user_account.id, user_account.name, user_account.fullname "
        "FROM user_account WHERE user_account.id IN (?, ?)",
        (1, 2),
    )
    with sql.silence():
        assert [address.user.name for address in addresses] == [
            "spongebob",
            "sandy",
            "sandy",
        ]


def test_a_many_to_one_that_is_there_is_the_same_object(
    session: Session, models: Models, sql: Recorder
) -> None:
    users = {user.id: user for user in session.scalars(select(models.User))}
    addresses = session.scalars(
        select(models.Address).options(selectinload(models.Address.user))
    ).all()
    with sql.silence():
        assert all(address.user is users[address.user_id] for address in addresses)


def test_a_many_to_many_comes_through_the_association(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.Order)
        .options(selectinload(models.Order.items))
        .order_by(models.Order.id)
    )
    orders = session.scalars(statement).all()
    assert sql.take()[1] == (
        "SELECT order_item.order_id, item.id, item.description FROM order_item "
        "JOIN item ON item.id = order_item.item_id "
        "WHERE order_item.order_id IN (?, ?)",
        (1, 2),
    )
    with sql.silence():
        assert [
            sorted(item.description for item in order.items) for order in orders
        ] == [["egg", "toast"], ["soup", "toast"]]


def test_a_one_to_one_comes_in_one_more_statement(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.Person)
        .options(selectinload(models.Person.passport))
        .order_by(models.Person.id)
    )
    with sql.count(2):
        people = session.scalars(statement).all()
    with sql.silence():
        assert people[0].passport.number == "P-1"
        assert people[1].passport is None


def test_a_chain_takes_one_statement_per_step(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.Node)
        .where(models.Node.id == 1)
        .options(selectinload(models.Node.children).selectinload(models.Node.children))
    )
    with sql.count(3):
        root = session.scalars(statement).one()
    with sql.silence():
        leaves = [leaf.name for child in root.children for leaf in child.children]
    assert leaves == ["leaf"]


def test_a_recursion_depth_follows_a_tree(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.Node)
        .where(models.Node.id == 1)
        .options(selectinload(models.Node.children, recursion_depth=-1))
    )
    root = session.scalars(statement).one()
    with sql.silence():
        [left] = [child for child in root.children if child.name == "left"]
        assert [leaf.children for leaf in left.children] == [[]]


def test_two_relationships_take_two_more_statements(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = select(models.Node).options(
        selectinload(models.Node.children), selectinload(models.Node.parent)
    )
    with sql.count(3):
        nodes = session.scalars(statement).all()
    with sql.silence():
        for node in nodes:
            assert all(child.parent is node for child in node.children)


def test_more_parents_than_one_batch(
    session: Session, models: Models, sql: Recorder
) -> None:
    session.add_all(
        [
            models.User(
                id=100 + number,
                name="x",
                addresses=[models.Address(id=100 + number, email_address="y")],
            )
            for number in range(1200)
        ]
    )
    session.flush()
    session.expunge_all()
    sql.clear()
    statement = select(models.User).options(selectinload(models.User.addresses))
    users = session.scalars(statement.where(models.User.id >= 100)).all()
    assert [len(args) for _, args in sql.take()[1:]] == [500, 500, 200]
    with sql.silence():
        assert all(user.addresses[0].id == user.id for user in users)


def test_a_loaded_collection_is_left_alone(
    session: Session, models: Models, sql: Recorder
) -> None:
    sandy = session.get_one(models.User, 2)
    added = models.Address(email_address="new")
    sandy.addresses.append(added)
    with session.no_autoflush:
        session.scalars(
            select(models.User).options(selectinload(models.User.addresses))
        ).all()
    assert added in sandy.addresses


def test_the_relationship_may_be_selectin_by_default(
    make_engine: MakeEngine, sql: Recorder
) -> None:
    class Base(DeclarativeBase):
        pass

    class Parent(Base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children: Mapped[list["Child"]] = relationship(
            lazy="selectin", order_by="Child.id.desc()"
        )

    class Child(Base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int | None] = mapped_column(ForeignKey("parent.id"))

    rows = "INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1), (2, 1);"
    with Session(make_engine(Base.metadata, rows)) as session:
        with sql.count(2):
            parent = session.get_one(Parent, 1)
        with sql.silence():
            assert [child.id for child in parent.children] == [2, 1]


def test_criteria_narrow_what_is_loaded(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.User)
        .where(models.User.id == 2)
        .options(selectinload(models.User.addresses.and_(models.Address.id == 3)))
    )
    assert [a.id for a in session.scalars(statement).one().addresses] == [3]
    assert sql.take_sql()[1].endswith("WHERE address.user_id IN (?) AND address.id = ?")


def test_load_only_narrows_the_columns_of_what_is_loaded(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = select(models.User).options(
        selectinload(models.User.addresses).load_only(models.Address.email_address)
    )
    session.scalars(statement).all()
    assert sql.take_sql()[1].startswith(
        "SELECT address.user_id, address.id, address.email_address FROM address"
    )


def test_defaultload_reaches_through_a_lazy_relationship(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = select(models.User).options(
        defaultload(models.User.addresses).options(
            load_only(models.Address.email_address)
        )
    )
    user = session.scalars(statement).first()
    assert user is not None
    sql.clear()
    user.addresses
    assert sql.take_sql()[0].startswith(
        "SELECT address.id, address.email_address FROM address"
    )


def test_it_works_with_columns_beside_the_entity(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.User.name, models.User)
        .options(selectinload(models.User.addresses))
        .order_by(models.User.id)
    )
    rows = session.execute(statement).all()
    with sql.silence():
        assert [len(row.User.addresses) for row in rows] == [1, 2, 0]


def test_all_parents_are_asked_for_and_those_that_lack_it_are_given_it(
    session: Session, models: Models, sql: Recorder
) -> None:
    sandy = session.get_one(models.User, 2)
    of_sandy = sandy.addresses
    sql.clear()
    statement = (
        select(models.User)
        .options(selectinload(models.User.addresses))
        .order_by(models.User.id)
    )
    users = session.scalars(statement).all()
    assert sql.take()[1].parameters == (1, 2, 3)
    assert users[1].addresses is of_sandy
    session.scalars(statement).all()
    assert sql.take()[1].parameters == (1, 2, 3)


def test_a_refresh_of_one_object_loads_lazily(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.User)
        .options(selectinload(models.User.addresses))
        .where(models.User.id == 2)
    )
    sandy = session.scalars(statement).one()
    session.expire(sandy)
    sql.clear()
    sandy.name
    assert [s.sql.partition(" WHERE ")[2] for s in sql.take()] == [
        "user_account.id = ?",
        "? = address.user_id",
    ]
    with sql.silence():
        assert [a.id for a in sandy.addresses] == [2, 3]


def test_a_lazy_load_asks_only_for_the_parents_that_lack_it(
    session: Session, models: Models, sql: Recorder
) -> None:
    node = models.Node
    statement = (
        select(node)
        .where(node.parent_id == None)  # noqa: E711
        .options(defaultload(node.children).selectinload(node.children))
    )
    root = session.scalars(statement).one()
    first = session.scalars(select(node).where(node.parent_id == root.id)).first()
    assert first is not None
    first.children
    sql.clear()
    root.children
    asked = [s.parameters for s in sql.take() if " IN (" in s.sql]
    lacking = tuple(c.id for c in root.children if c is not first)
    assert asked == [lacking]
