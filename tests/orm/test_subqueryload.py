"""subqueryload(): the related rows are joined from the first statement, a subquery."""

from typing import Any

import pytest
from sqlalchemy import ForeignKey, bindparam, event, exc, insert, inspect, select, text

from ormolu import (
    DeclarativeBase,
    Mapped,
    Session,
    aliased,
    joinedload,
    lazyload,
    mapped_column,
    relationship,
    selectinload,
    subqueryload,
)
from tests.orm.conftest import MakeEngine
from tests.orm.models import Models
from tests.orm.recording import Recorder

ADDRESSES = (
    "SELECT address.id AS address_id, address.email_address AS address_email_address, "
    "address.user_id AS address_user_id, {key} AS {label} FROM ({subquery}) AS anon_1 "
    "JOIN address ON {key} = address.user_id"
)
USER_IDS = "SELECT user_account.id AS user_account_id FROM user_account"
ITEMS_OF_ORDERS = (
    "SELECT item.id AS item_id, item.description AS item_description, "
    "anon_1.orders_id AS anon_1_orders_id FROM ({subquery}) AS anon_1 "
    "JOIN order_item AS order_item_1 ON anon_1.orders_id = order_item_1.order_id "
    "JOIN item ON item.id = order_item_1.item_id"
)


def addresses_of(subquery: str, name: str = "user_account") -> str:
    """The statement that loads addresses, with the users' statement inside."""
    key = f"anon_1.{name}_id"
    return ADDRESSES.format(key=key, label=key.replace(".", "_"), subquery=subquery)


def loaded(users: Any) -> list[list[int]]:
    return [sorted(a.id for a in user.addresses) for user in users]


def test_a_collection_is_joined_from_the_first_statement(
    session: Session, models: Models, sql: Recorder
) -> None:
    User = models.User
    statement = (
        select(User)
        .where(User.name != "patrick")
        .order_by(User.id)
        .options(subqueryload(User.addresses))
    )
    users = session.scalars(statement).all()
    assert sql.take()[1:] == [
        (addresses_of(USER_IDS + " WHERE user_account.name != ?"), ("patrick",))
    ]
    with sql.silence():
        assert loaded(users) == [[1], [2, 3]]
        assert users[0].addresses[0].user is users[0]


def test_a_limit_keeps_the_order_in_the_subquery(
    session: Session, models: Models, sql: Recorder
) -> None:
    User = models.User
    statement = select(User).order_by(User.name).limit(2).offset(1)
    users = session.scalars(statement.options(subqueryload(User.addresses))).all()
    inner = USER_IDS + " ORDER BY user_account.name LIMIT ? OFFSET ?"
    assert sql.take()[1:] == [(addresses_of(inner), (2, 1))]
    with sql.silence():
        assert loaded(users) == [[2, 3], [1]]


def test_a_many_to_one_asks_for_distinct_keys(
    session: Session, models: Models, sql: Recorder
) -> None:
    Address = models.Address
    statement = select(Address).order_by(Address.id)
    found = session.scalars(statement.options(subqueryload(Address.user))).all()
    assert sql.take()[1] == (
        "SELECT user_account.id AS user_account_id, user_account.name AS "
        "user_account_name, user_account.fullname AS user_account_fullname, "
        "anon_1.address_user_id AS anon_1_address_user_id FROM (SELECT DISTINCT "
        "address.user_id AS address_user_id FROM address) AS anon_1 JOIN user_account "
        "ON user_account.id = anon_1.address_user_id",
        (),
    )
    with sql.silence():
        assert [a.user.name for a in found] == ["spongebob", "sandy", "sandy"]


def test_distinct_keys_with_a_limit_select_what_they_are_ordered_by(
    session: Session, models: Models, sql: Recorder
) -> None:
    Address = models.Address
    statement = select(Address).order_by(Address.email_address.desc()).limit(1)
    found = session.scalars(statement.options(subqueryload(Address.user))).one()
    assert (
        "(SELECT DISTINCT address.user_id AS address_user_id, address.email_address AS "
        "address_email_address FROM address ORDER BY address.email_address DESC "
        "LIMIT ? OFFSET ?) AS anon_1" in sql.take()[1][0]
    )
    with sql.silence():
        assert found.user.name == "spongebob"


def test_a_secondary_table_gets_an_alias(
    session: Session, models: Models, sql: Recorder
) -> None:
    Order = models.Order
    statement = select(Order).order_by(Order.id).options(subqueryload(Order.items))
    orders = session.scalars(statement).all()
    inner = "SELECT orders.id AS orders_id FROM orders"
    assert sql.take()[1:] == [(ITEMS_OF_ORDERS.format(subquery=inner), ())]
    with sql.silence():
        assert [sorted(i.id for i in o.items) for o in orders] == [[1, 2], [2, 3]]


def test_a_chain_joins_along_from_the_same_subquery(
    session: Session, models: Models, sql: Recorder
) -> None:
    Node = models.Node
    statement = (
        select(Node)
        .where(Node.parent_id.is_(None))
        .options(subqueryload(Node.children).subqueryload(Node.children))
    )
    root = session.scalars(statement).one()
    columns = (
        "SELECT node.id AS node_id, node.name AS node_name, "
        "node.parent_id AS node_parent_id, "
    )
    inner = "(SELECT node.id AS node_id FROM node WHERE node.parent_id IS NULL)"
    assert [text for text, _ in sql.take()[1:]] == [
        columns + f"anon_1.node_id AS anon_1_node_id FROM {inner} AS anon_1 "
        "JOIN node ON anon_1.node_id = node.parent_id",
        columns + f"node_1.id AS node_1_id FROM {inner} AS anon_1 "
        "JOIN node AS node_1 ON anon_1.node_id = node_1.parent_id "
        "JOIN node ON node_1.id = node.parent_id",
    ]
    with sql.silence():
        below = {n.name: [c.name for c in n.children] for n in root.children}
    assert below == {"left": ["leaf"], "right": []}


def test_below_a_joined_load_it_joins_along_the_same_way(
    session: Session, models: Models, sql: Recorder
) -> None:
    Node = models.Node
    statement = (
        select(Node)
        .where(Node.name == "root")
        .options(joinedload(Node.children).subqueryload(Node.children))
    )
    root = session.scalars(statement).unique().one()
    assert sql.take()[1][0].endswith(
        "FROM (SELECT node.id AS node_id FROM node WHERE node.name = ?) AS anon_1 "
        "JOIN node AS node_1 ON anon_1.node_id = node_1.parent_id "
        "JOIN node ON node_1.id = node.parent_id"
    )
    with sql.silence():
        assert sorted(len(n.children) for n in root.children) == [0, 1]


def test_below_selectinload_it_repeats_that_statement(
    session: Session, models: Models, sql: Recorder
) -> None:
    Item, Order = models.Item, models.Order
    statement = (
        select(Item)
        .where(Item.id == 1)
        .options(selectinload(Item.orders).subqueryload(Order.items))
    )
    item = session.scalars(statement).one()
    inner = (
        "SELECT orders.id AS orders_id FROM order_item JOIN orders "
        "ON orders.id = order_item.order_id WHERE order_item.item_id IN (?)"
    )
    assert sql.take()[2:] == [(ITEMS_OF_ORDERS.format(subquery=inner), (1,))]
    with sql.silence():
        assert {i.id for i in item.orders[0].items} == {1, 2}


def test_below_a_lazy_load_it_repeats_that_statement(
    session: Session, models: Models, sql: Recorder
) -> None:
    Address, User = models.Address, models.User
    statement = (
        select(Address)
        .where(Address.id == 1)
        .options(lazyload(Address.user).subqueryload(User.addresses))
    )
    address = session.scalars(statement).one()
    sql.take()
    assert address.user.name == "spongebob"
    inner = USER_IDS + " WHERE user_account.id = ?"
    taken = sql.take()
    assert taken[1:] == [(addresses_of(inner), (1,))], taken


@pytest.mark.parametrize("name", ["spongebob", "sandy"])
def test_an_alias_and_parameters_are_repeated(
    session: Session, models: Models, sql: Recorder, name: str
) -> None:
    user = aliased(models.User, name="person")
    statement = (
        select(user)
        .where(user.name == bindparam("wanted"))
        .options(subqueryload(user.addresses))
    )
    found = session.scalars(statement, {"wanted": name}).all()
    inner = (
        "SELECT person.id AS person_id FROM user_account AS person "
        "WHERE person.name = ?"
    )
    assert sql.take()[1:] == [(addresses_of(inner, "person"), (name,))]
    with sql.silence():
        assert loaded(found) == [[1] if name == "spongebob" else [2, 3]]


def test_criteria_and_another_entity_of_the_relationship(
    session: Session, models: Models, sql: Recorder
) -> None:
    User, address = models.User, aliased(models.Address)
    option = subqueryload(
        User.addresses.of_type(address).and_(address.email_address.like("%squirrel%"))
    )
    users = session.scalars(select(User).order_by(User.id).options(option)).all()
    assert sql.take()[1][0].endswith(
        "JOIN address AS address_1 ON anon_1.user_account_id = address_1.user_id "
        "AND address_1.email_address LIKE ?"
    )
    with sql.silence():
        assert loaded(users) == [[], [3], []]


def test_columns_and_other_entities_beside_it(
    session: Session, models: Models, sql: Recorder
) -> None:
    User, Address = models.User, models.Address
    statement = (
        select(Address.email_address, User)
        .join(Address, Address.user_id == User.id)
        .order_by(Address.id)
        .options(subqueryload(User.addresses))
    )
    rows = session.execute(statement).all()
    inner = USER_IDS + " JOIN address ON address.user_id = user_account.id"
    assert sql.take()[1:] == [(addresses_of(inner), ())]
    with sql.silence():
        assert loaded(row[1] for row in rows) == [[1], [2, 3], [2, 3]]


def test_an_entity_selected_twice_is_loaded_for_once(
    session: Session, models: Models, sql: Recorder
) -> None:
    User = models.User
    statement = select(User, User).options(subqueryload(User.addresses))
    with sql.count(2):
        session.execute(statement).all()


def test_a_union_of_queries(session: Session, models: Models, sql: Recorder) -> None:
    User = models.User
    first, second = (session.query(User).filter(User.id == i) for i in (1, 2))
    users = first.union(second).options(subqueryload(User.addresses)).all()
    assert (
        "FROM (SELECT anon_2.user_account_id AS anon_2_user_account_id FROM (SELECT "
        in sql.take()[1][0]
    )
    with sql.silence():
        assert sorted(loaded(users)) == [[1], [2, 3]]


def test_a_given_statement_is_not_repeated(
    session: Session, models: Models, sql: Recorder
) -> None:
    User = models.User
    statement = select(User).from_statement(text("SELECT * FROM user_account"))
    with sql.count(1):
        users = session.scalars(statement.options(subqueryload(User.addresses))).all()
    assert "addresses" in inspect(users[0]).unloaded


def test_rows_in_batches_are_refused(session: Session, models: Models) -> None:
    User = models.User
    statement = select(User).options(subqueryload(User.addresses))
    with pytest.raises(exc.InvalidRequestError, match="Can't use yield_per"):
        session.scalars(statement.execution_options(yield_per=2))


def test_populate_existing_loads_over_what_is_there(
    session: Session, models: Models
) -> None:
    User = models.User
    user = session.get(User, 2)
    assert user is not None
    with session.no_autoflush:
        user.addresses = []
        statement = select(User).options(subqueryload(User.addresses))
        session.scalars(statement).all()
        assert loaded([user]) == [[]]
        session.scalars(statement.execution_options(populate_existing=True)).all()
        assert loaded([user]) == [[2, 3]]


def test_the_refresh_of_one_object_loads_by_its_key(
    session: Session, models: Models, sql: Recorder
) -> None:
    User = models.User
    statement = select(User).where(User.id == 2).options(subqueryload(User.addresses))
    user = session.scalars(statement).one()
    sql.take()
    session.refresh(user)
    assert sql.take()[1] == (
        "SELECT address.id, address.email_address, address.user_id FROM address "
        "WHERE ? = address.user_id",
        (2,),
    )


def test_listeners_hear_of_the_statement_and_its_options(
    session: Session, models: Models
) -> None:
    heard: list[Any] = []

    @event.listens_for(session, "do_orm_execute")
    def hear(state: Any) -> None:
        heard.append(
            (
                state.is_relationship_load,
                state.bind_mapper,
                state.all_mappers,
                state.execution_options.get("schema_translate_map"),
            )
        )

    User, Address = inspect(models.User), inspect(models.Address)
    statement = select(models.User).options(subqueryload(models.User.addresses))
    schemas = {None: "main"}
    session.scalars(
        statement, execution_options={"schema_translate_map": schemas}
    ).all()
    assert heard == [
        (False, User, [User], schemas),
        (True, Address, [Address, User], schemas),
    ]


def test_more_rows_than_one_are_warned_of(
    session: Session, models: Models, sql: Recorder
) -> None:
    Person, Passport = models.Person, models.Passport
    session.execute(insert(Passport), [{"number": "P-2", "person_id": 1}])
    statement = select(Person).order_by(Person.id)
    with pytest.warns(exc.SAWarning, match="Multiple rows returned with uselist=False"):
        found = session.scalars(statement.options(subqueryload(Person.passport))).all()
    sql.take()
    with sql.silence():
        assert [p.passport and p.passport.person_id for p in found] == [1, None]


def test_a_mapped_subquery_load_ends_at_its_join_depth(
    make_engine: MakeEngine, sql: Recorder
) -> None:
    class Base(DeclarativeBase):
        pass

    class Part(Base):
        __tablename__ = "part"
        id: Mapped[int] = mapped_column(primary_key=True)
        whole_id: Mapped[int | None] = mapped_column(ForeignKey("part.id"))
        parts: Mapped[list["Part"]] = relationship(lazy="subquery", join_depth=2)

    with Session(make_engine(Base.metadata)) as session:
        session.execute(
            insert(Part), [{"id": i, "whole_id": i - 1 or None} for i in range(1, 5)]
        )
        sql.take()
        part = session.scalars(select(Part).where(Part.id == 1)).one()
        assert len(sql.take()) == 3
        assert "parts" in inspect(part.parts[0].parts[0]).unloaded
