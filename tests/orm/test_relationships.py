"""relationship(): directions, both sides in step, the flush of each kind."""

import pytest
import sqlalchemy as sa
from sqlalchemy import ForeignKey, inspect, select

from ormolu import (
    DeclarativeBase,
    Mapped,
    Session,
    backref,
    configure_mappers,
    foreign,
    mapped_column,
    registry,
    relationship,
    remote,
)
from tests.orm.conftest import MakeEngine
from tests.orm.models import Models
from tests.orm.recording import Recorder


def test_directions_follow_from_the_foreign_keys(models: Models) -> None:
    def direction(class_: type, name: str) -> str:
        return str(inspect(class_).relationships[name].direction.name)

    assert direction(models.User, "addresses") == "ONETOMANY"
    assert direction(models.Address, "user") == "MANYTOONE"
    assert direction(models.Order, "items") == "MANYTOMANY"
    assert direction(models.Person, "passport") == "ONETOMANY"
    assert direction(models.Node, "children") == "ONETOMANY"
    assert direction(models.Node, "parent") == "MANYTOONE"


def test_uselist_follows_from_the_annotation_and_the_direction(models: Models) -> None:
    assert inspect(models.User).relationships["addresses"].uselist is True
    assert inspect(models.Address).relationships["user"].uselist is False
    assert inspect(models.Person).relationships["passport"].uselist is False


def test_appending_sets_the_many_to_one(models: Models) -> None:
    user, address = models.User(), models.Address()
    user.addresses.append(address)
    assert address.user is user


def test_setting_the_many_to_one_appends(models: Models) -> None:
    user, address = models.User(), models.Address()
    address.user = user
    assert user.addresses == [address]


def test_removing_clears_the_many_to_one(models: Models) -> None:
    address = models.Address()
    user = models.User(addresses=[address])
    user.addresses.remove(address)
    assert address.user is None


def test_clearing_the_many_to_one_removes(models: Models) -> None:
    address = models.Address()
    user = models.User(addresses=[address])
    address.user = None
    assert user.addresses == []


def test_moving_to_another_parent_leaves_the_first(models: Models) -> None:
    address = models.Address()
    first, second = models.User(addresses=[address]), models.User()
    second.addresses.append(address)
    assert address.user is second
    assert first.addresses == []


def test_replacing_a_collection_keeps_both_sides_in_step(models: Models) -> None:
    old, kept, new = models.Address(), models.Address(), models.Address()
    user = models.User(addresses=[old, kept])
    user.addresses = [kept, new]
    assert old.user is None
    assert kept.user is user
    assert new.user is user


def test_every_way_to_change_a_list_keeps_both_sides_in_step(models: Models) -> None:
    user = models.User()
    a, b, c, d, e = (models.Address() for _ in range(5))
    user.addresses.extend([a, b])
    user.addresses.insert(0, c)
    user.addresses += [d]
    assert user.addresses == [c, a, b, d]
    assert [x.user for x in (a, b, c, d)] == [user] * 4
    assert user.addresses.pop() is d
    assert d.user is None
    del user.addresses[0]
    assert c.user is None
    user.addresses[0] = e
    assert (a.user, e.user) == (None, user)
    user.addresses[0:1] = [a, c]
    assert user.addresses == [a, c, b]
    assert (e.user, c.user) == (None, user)
    user.addresses.clear()
    assert [x.user for x in (a, b, c, d, e)] == [None] * 5


def test_the_collection_is_a_list(models: Models) -> None:
    user = models.User(addresses=[models.Address()])
    assert isinstance(user.addresses, list)
    assert len(user.addresses) == 1
    assert user.addresses[0] in user.addresses


def test_many_to_many_keeps_both_sides_in_step(models: Models) -> None:
    order, item = models.Order(), models.Item()
    order.items.append(item)
    assert item.orders == [order]
    item.orders.remove(order)
    assert order.items == []


def test_one_to_one_keeps_both_sides_in_step(models: Models) -> None:
    person, passport = models.Person(), models.Passport()
    person.passport = passport
    assert passport.person is person
    other = models.Person()
    passport.person = other
    assert person.passport is None
    assert other.passport is passport


def test_self_referential_keeps_both_sides_in_step(models: Models) -> None:
    root, leaf = models.Node(name="root"), models.Node(name="leaf")
    root.children.append(leaf)
    assert leaf.parent is root
    leaf.parent = None
    assert root.children == []


def test_flush_of_one_to_many_inserts_the_parent_first(
    session: Session, models: Models, sql: Recorder
) -> None:
    user = models.User(name="squidward")
    session.add(models.Address(email_address="s@bikini.sea", user=user))
    session.flush()
    assert sql.take() == [
        (
            "INSERT INTO user_account (name, fullname) VALUES (?, ?)",
            ("squidward", None),
        ),
        (
            "INSERT INTO address (email_address, user_id) VALUES (?, ?)",
            ("s@bikini.sea", 4),
        ),
    ]
    assert user.addresses[0].user_id == 4


def test_flush_of_a_move_updates_the_foreign_key(
    session: Session, models: Models, sql: Recorder
) -> None:
    address = session.get_one(models.Address, 1)
    sandy = session.get_one(models.User, 2)
    sql.clear()
    address.user = sandy
    session.flush()
    assert sql.take()[-1:] == [
        ("UPDATE address SET user_id=? WHERE address.id = ?", (2, 1))
    ]
    assert address.user_id == 2


def test_flush_of_a_removal_sets_the_foreign_key_to_null(
    session: Session, models: Models, sql: Recorder
) -> None:
    sandy = session.get_one(models.User, 2)
    address = sandy.addresses[0]
    sql.clear()
    sandy.addresses.remove(address)
    session.flush()
    assert sql.take() == [
        ("UPDATE address SET user_id=? WHERE address.id = ?", (None, 2))
    ]
    assert address.user_id is None


def test_flush_of_many_to_many_inserts_the_association_last(
    session: Session, models: Models, sql: Recorder
) -> None:
    session.add(models.Order(description="tea", items=[models.Item(description="bun")]))
    session.flush()
    statements = sql.take()
    assert sorted(statements[:2]) == [
        ("INSERT INTO item (description) VALUES (?)", ("bun",)),
        ("INSERT INTO orders (description) VALUES (?)", ("tea",)),
    ]
    assert statements[2:] == [
        ("INSERT INTO order_item (order_id, item_id) VALUES (?, ?)", (3, 4))
    ]


def test_flush_of_many_to_many_inserts_one_row_for_both_sides(
    session: Session, models: Models
) -> None:
    order, item = models.Order(), models.Item()
    order.items.append(item)
    session.add_all([item, order])
    session.commit()
    assert order.items == [item]
    assert item.orders == [order]


def test_flush_of_a_many_to_many_removal_deletes_the_association(
    session: Session, models: Models, sql: Recorder
) -> None:
    breakfast = session.get_one(models.Order, 1)
    toast = session.get_one(models.Item, 2)
    breakfast.items
    sql.clear()
    breakfast.items.remove(toast)
    session.flush()
    assert sql.take()[-1:] == [
        (
            "DELETE FROM order_item WHERE order_item.order_id = ? "
            "AND order_item.item_id = ?",
            (1, 2),
        )
    ]
    session.expire_all()
    assert [order.id for order in toast.orders] == [2]


def test_flush_of_one_to_one_replacement_releases_the_old_row(
    session: Session, models: Models
) -> None:
    pearl = session.get_one(models.Person, 1)
    old = pearl.passport
    pearl.passport = models.Passport(number="P-2")
    session.commit()
    assert old.person_id is None
    assert pearl.passport.number == "P-2"


def test_flush_of_a_tree_inserts_parents_before_children(
    session: Session, models: Models, sql: Recorder
) -> None:
    leaf = models.Node(name="c")
    top = models.Node(name="a", children=[models.Node(name="b", children=[leaf])])
    session.add(leaf)
    session.flush()
    assert [parameters for _, parameters in sql.take()] == [
        ("a", None),
        ("b", 5),
        ("c", 6),
    ]
    assert (top.id, leaf.id) == (5, 7)


def test_flush_of_a_wide_tree_inserts_each_level_in_the_order_of_add(
    session: Session, models: Models, sql: Recorder
) -> None:
    top = models.Node(name="top")
    top.children = [models.Node(name="x"), models.Node(name="y")]
    session.add(top)
    session.flush()
    assert [parameters for _, parameters in sql.take()] == [
        ("top", None),
        ("x", 5),
        ("y", 5),
    ]


def test_flush_deletes_children_before_parents(
    session: Session, models: Models, sql: Recorder
) -> None:
    nodes = session.scalars(select(models.Node).order_by(models.Node.id)).all()
    for node in nodes:
        node.children
    sql.clear()
    for node in nodes:
        session.delete(node)
    session.flush()
    order = [
        keys
        for statement, keys in sql.take()
        if statement == "DELETE FROM node WHERE node.id = ?"
    ]
    flat = [
        key for keys in order for (key,) in (keys if isinstance(keys, list) else [keys])
    ]
    assert sorted(flat) == [1, 2, 3, 4]
    assert flat.index(4) < flat.index(2) < flat.index(1)
    assert flat.index(3) < flat.index(1)


def test_a_backref_makes_the_other_side() -> None:
    class Base(DeclarativeBase):
        pass

    class Parent(Base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Child(Base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int] = mapped_column(ForeignKey("parent.id"))
        parent = relationship(Parent, backref=backref("children", order_by=id))

    Base.registry.configure()
    parent = Parent()
    child = Child(parent=parent)
    assert parent.children == [child]


def test_order_by_sorts_the_collection(make_engine: MakeEngine) -> None:
    class Base(DeclarativeBase):
        pass

    class Parent(Base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children: Mapped[list["Child"]] = relationship(order_by="Child.name.desc()")

    class Child(Base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        parent_id: Mapped[int] = mapped_column(ForeignKey("parent.id"))

    rows = (
        "INSERT INTO parent (id) VALUES (1);"
        "INSERT INTO child VALUES (1, 'a', 1), (2, 'c', 1), (3, 'b', 1);"
    )
    with Session(make_engine(Base.metadata, rows)) as session:
        parent = session.get_one(Parent, 1)
        assert [child.name for child in parent.children] == ["c", "b", "a"]


def test_a_set_collection(make_engine: MakeEngine) -> None:
    class Base(DeclarativeBase):
        pass

    class Parent(Base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children: Mapped[set["Child"]] = relationship(back_populates="parent")

    class Child(Base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int | None] = mapped_column(ForeignKey("parent.id"))
        parent: Mapped[Parent | None] = relationship(back_populates="children")

    with Session(make_engine(Base.metadata)) as session:
        first, second = Child(), Child()
        parent = Parent(children={first})
        parent.children.add(second)
        session.add(parent)
        session.commit()
        assert parent.children == {first, second}
        parent.children.discard(first)
        assert first.parent is None
        session.commit()
        assert parent.children == {second}


def test_foreign_keys_choose_among_several_paths(make_engine: MakeEngine) -> None:
    class Base(DeclarativeBase):
        pass

    class Place(Base):
        __tablename__ = "place"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Customer(Base):
        __tablename__ = "customer"
        id: Mapped[int] = mapped_column(primary_key=True)
        billing_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
        shipping_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
        billing: Mapped[Place] = relationship(foreign_keys=[billing_id])
        shipping: Mapped[Place] = relationship(foreign_keys="Customer.shipping_id")

    with Session(make_engine(Base.metadata)) as session:
        office, store = Place(id=1), Place(id=2)
        customer = Customer(billing=office, shipping=store)
        session.add(customer)
        session.commit()
        assert (customer.billing_id, customer.shipping_id) == (1, 2)
        assert customer.shipping is store


def test_a_primaryjoin_narrows_the_collection(make_engine: MakeEngine) -> None:
    class Base(DeclarativeBase):
        pass

    class Child(Base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        parent_id: Mapped[int] = mapped_column(ForeignKey("parent.id"))

    class Parent(Base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        good: Mapped[list[Child]] = relationship(
            primaryjoin="and_(Parent.id == Child.parent_id, Child.name == 'good')",
            viewonly=True,
        )

    rows = (
        "INSERT INTO parent (id) VALUES (1);"
        "INSERT INTO child VALUES (1, 'good', 1), (2, 'bad', 1);"
    )
    with Session(make_engine(Base.metadata, rows)) as session:
        assert [child.id for child in session.get_one(Parent, 1).good] == [1]


@pytest.mark.parametrize("downward", [True, False])
def test_pairs_of_local_and_remote_columns_choose_the_direction(
    make_engine: MakeEngine, downward: bool
) -> None:
    metadata = sa.MetaData()
    table = sa.Table(
        "node",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("parent_id", sa.ForeignKey("node.id")),
    )
    pair = (table.c.id, table.c.parent_id)

    class Node:
        id: int

    registry(metadata=metadata).map_imperatively(
        Node,
        table,
        properties={
            "others": relationship(
                Node, _local_remote_pairs=[pair if downward else pair[::-1]]
            )
        },
    )
    with Session(
        make_engine(metadata, "INSERT INTO node VALUES (1, NULL), (2, 1);")
    ) as s:
        found = [s.get_one(Node, key).others for key in (1, 2)]
        first, second = s.get(Node, 1), s.get(Node, 2)
    assert found == ([[second], []] if downward else [None, first])


def test_pairs_leave_nothing_for_a_remote_side_to_say() -> None:
    class Base(DeclarativeBase):
        pass

    class Child(Base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id = mapped_column(ForeignKey("parent.id"))

    class Parent(Base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children = relationship(
            Child,
            remote_side=Child.parent_id,
            _local_remote_pairs=[(id.column, Child.__table__.c.parent_id)],
        )

    with pytest.raises(sa.exc.ArgumentError, match="remote_side argument is redundant"):
        configure_mappers()
    Base.registry.dispose()


def test_foreign_and_remote_stand_in_for_a_foreign_key(
    make_engine: MakeEngine,
) -> None:
    class Base(DeclarativeBase):
        pass

    class Left(Base):
        __tablename__ = "left_side"
        id: Mapped[int] = mapped_column(primary_key=True)
        code: Mapped[str]

    class Right(Base):
        __tablename__ = "right_side"
        id: Mapped[int] = mapped_column(primary_key=True)
        code: Mapped[str]
        left: Mapped[Left] = relationship(
            primaryjoin=lambda: foreign(Right.code) == remote(Left.code), viewonly=True
        )

    rows = (
        "INSERT INTO left_side VALUES (1, 'a'), (2, 'b');"
        "INSERT INTO right_side VALUES (1, 'b');"
    )
    with Session(make_engine(Base.metadata, rows)) as session:
        assert session.get_one(Right, 1).left is session.get_one(Left, 2)


def test_secondary_may_be_named_by_a_string(make_engine: MakeEngine) -> None:
    reg = registry()
    base = reg.generate_base()

    class Left(base):  # type: ignore[misc, valid-type]
        __tablename__ = "left_side"
        id: Mapped[int] = mapped_column(primary_key=True)
        rights: Mapped[list["Right"]] = relationship(secondary="link")

    class Right(base):  # type: ignore[misc, valid-type]
        __tablename__ = "right_side"
        id: Mapped[int] = mapped_column(primary_key=True)

    sa.Table(
        "link",
        reg.metadata,
        sa.Column("left_id", ForeignKey("left_side.id"), primary_key=True),
        sa.Column("right_id", ForeignKey("right_side.id"), primary_key=True),
    )
    with Session(make_engine(reg.metadata)) as session:
        left = Left(rights=[Right(), Right()])
        session.add(left)
        session.commit()
        assert len(left.rights) == 2


def test_rows_that_refer_to_each_other_need_post_update(
    make_engine: MakeEngine,
) -> None:
    class Base(DeclarativeBase):
        pass

    class Team(Base):
        __tablename__ = "team"
        id: Mapped[int] = mapped_column(primary_key=True)
        captain_id: Mapped[int | None] = mapped_column(
            ForeignKey("player.id", use_alter=True)
        )
        captain: Mapped["Player | None"] = relationship(
            foreign_keys=[captain_id], post_update=True
        )
        players: Mapped[list["Player"]] = relationship(
            foreign_keys="Player.team_id", back_populates="team"
        )

    class Player(Base):
        __tablename__ = "player"
        id: Mapped[int] = mapped_column(primary_key=True)
        team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
        team: Mapped[Team | None] = relationship(
            foreign_keys=[team_id], back_populates="players"
        )

    with Session(make_engine(Base.metadata)) as session:
        player = Player(id=5)
        team = Team(id=1, captain=player, players=[player])
        session.add(team)
        session.commit()
        assert (team.captain_id, player.team_id) == (5, 1)
