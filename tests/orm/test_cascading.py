"""Cascades: save-update, delete, delete-orphan, expunge, refresh-expire."""

import pytest
from sqlalchemy import ForeignKey, inspect, select
from sqlalchemy.exc import SAWarning

from ormolu import DeclarativeBase, Mapped, Session, mapped_column, relationship
from tests.orm.conftest import MakeEngine
from tests.orm.models import Models
from tests.orm.recording import Recorder


def test_add_takes_the_collection_along(session: Session, models: Models) -> None:
    address = models.Address(email_address="a")
    user = models.User(name="squidward", addresses=[address])
    session.add(user)
    assert address in session.new


def test_add_takes_the_many_to_one_along(session: Session, models: Models) -> None:
    user = models.User(name="squidward")
    address = models.Address(email_address="a", user=user)
    session.add(address)
    assert user in session.new


def test_add_takes_the_whole_graph_along(session: Session, models: Models) -> None:
    leaf = models.Node(name="leaf")
    root = models.Node(
        name="root", children=[models.Node(name="middle", children=[leaf])]
    )
    session.add(leaf)
    assert {node.name for node in session.new} == {"root", "middle", "leaf"}
    assert root in session


def test_appending_to_an_object_in_a_session_adds(
    session: Session, models: Models
) -> None:
    sandy = session.get_one(models.User, 2)
    address = models.Address(email_address="a")
    sandy.addresses.append(address)
    assert address in session.new


def test_setting_a_many_to_one_on_an_object_in_a_session_adds(
    session: Session, models: Models
) -> None:
    address = session.get_one(models.Address, 1)
    user = models.User(name="squidward")
    address.user = user
    assert user in session.new


def test_the_backref_alone_does_not_add(session: Session, models: Models) -> None:
    sandy = session.get_one(models.User, 2)
    address = models.Address(email_address="a")
    address.user = sandy
    assert address not in session


def test_removing_a_pending_object_from_its_collection_keeps_it_pending(
    session: Session, models: Models
) -> None:
    sandy = session.get_one(models.User, 2)
    address = models.Address(email_address="a")
    sandy.addresses.append(address)
    sandy.addresses.remove(address)
    assert address in session
    session.flush()
    assert address.user_id is None


def test_delete_does_not_remove_from_collections(
    session: Session, models: Models
) -> None:
    sandy = session.get_one(models.User, 2)
    address = sandy.addresses[1]
    session.delete(address)
    session.flush()
    assert address in sandy.addresses
    session.expire(sandy)
    assert address not in sandy.addresses


def test_delete_cascades_to_the_collection(
    session: Session, models: Models, sql: Recorder
) -> None:
    owner = session.get_one(models.Owner, 1)
    sql.clear()
    session.delete(owner)
    session.flush()
    assert sql.take() == [
        (
            "SELECT pet.id, pet.name, pet.owner_id FROM pet WHERE ? = pet.owner_id",
            (1,),
        ),
        ("DELETE FROM pet WHERE pet.id = ?", [(1,), (2,)]),
        ("DELETE FROM owner WHERE owner.id = ?", (1,)),
    ]


def test_delete_marks_the_collection_too(session: Session, models: Models) -> None:
    owner = session.get_one(models.Owner, 1)
    pets = list(owner.pets)
    session.delete(owner)
    assert all(pet in session.deleted for pet in pets)


def test_an_orphan_is_deleted(session: Session, models: Models, sql: Recorder) -> None:
    owner = session.get_one(models.Owner, 1)
    del owner.pets[1]
    sql.clear()
    session.flush()
    assert sql.take() == [("DELETE FROM pet WHERE pet.id = ?", (2,))]


def test_an_orphan_by_assignment_is_deleted(session: Session, models: Models) -> None:
    owner = session.get_one(models.Owner, 1)
    owner.pets = []
    session.commit()
    assert session.scalars(select(models.Pet)).all() == []


def test_a_moved_child_is_no_orphan(session: Session, models: Models) -> None:
    first, second = session.get_one(models.Owner, 1), session.get_one(models.Owner, 2)
    pet = first.pets[0]
    second.pets.append(pet)
    session.commit()
    assert pet.owner is second
    assert pet not in first.pets


def test_a_pending_orphan_leaves_the_session(session: Session, models: Models) -> None:
    owner = session.get_one(models.Owner, 1)
    pet = models.Pet(name="gary")
    owner.pets.append(pet)
    assert pet in session
    owner.pets.remove(pet)
    assert pet not in session
    assert inspect(pet).transient


def test_expunge_cascades_when_asked_for(session: Session, models: Models) -> None:
    owner = session.get_one(models.Owner, 1)
    pets = list(owner.pets)
    session.expunge(owner)
    assert all(pet not in session for pet in pets)


def test_expunge_does_not_cascade_by_default(session: Session, models: Models) -> None:
    sandy = session.get_one(models.User, 2)
    addresses = list(sandy.addresses)
    session.expunge(sandy)
    assert all(address in session for address in addresses)


def test_expire_cascades_when_asked_for(session: Session, models: Models) -> None:
    owner = session.get_one(models.Owner, 1)
    pets = list(owner.pets)
    session.expire(owner)
    assert all(inspect(pet).expired for pet in pets)


def test_delete_of_a_many_to_many_side_deletes_the_association(
    session: Session, models: Models, sql: Recorder
) -> None:
    order = session.get_one(models.Order, 1)
    sql.clear()
    session.delete(order)
    session.flush()
    assert sql.take()[-2:] == [
        (
            "DELETE FROM order_item WHERE order_item.order_id = ? "
            "AND order_item.item_id = ?",
            [(1, 1), (1, 2)],
        ),
        ("DELETE FROM orders WHERE orders.id = ?", (1,)),
    ]
    assert len(session.scalars(select(models.Item)).all()) == 3


@pytest.mark.parametrize(
    ("passive", "expected"),
    [
        (False, ["SELECT", "UPDATE", "DELETE"]),
        (True, ["DELETE"]),
        ("all", ["DELETE"]),
    ],
)
def test_a23_passive_deletes_leave_the_related_rows_to_the_database(
    make_engine: MakeEngine, sql: Recorder, passive: bool, expected: list[str]
) -> None:
    class Base(DeclarativeBase):
        pass

    class Parent(Base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children: Mapped[list["Child"]] = relationship(passive_deletes=passive)

    class Child(Base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int | None] = mapped_column(
            ForeignKey("parent.id", ondelete="CASCADE")
        )

    rows = "INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1);"
    with Session(make_engine(Base.metadata, rows)) as session:
        parent = session.get_one(Parent, 1)
        sql.clear()
        session.delete(parent)
        session.flush()
        assert [line.split()[0] for line in sql.take_sql()] == expected


def test_a_relationship_without_cascade_adds_nothing(make_engine: MakeEngine) -> None:
    class Base(DeclarativeBase):
        pass

    class Parent(Base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children: Mapped[list["Child"]] = relationship(cascade="")

    class Child(Base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int | None] = mapped_column(ForeignKey("parent.id"))

    with Session(make_engine(Base.metadata)) as session:
        child = Child()
        session.add(Parent(children=[child]))
        assert child not in session
        session.add(child)
        session.commit()


def test_a_child_outside_the_session_is_warned_about(make_engine: MakeEngine) -> None:
    class Base(DeclarativeBase):
        pass

    class Parent(Base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children: Mapped[list["Child"]] = relationship(cascade="")

    class Child(Base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int | None] = mapped_column(ForeignKey("parent.id"))

    with Session(make_engine(Base.metadata)) as session:
        session.add(Parent(children=[Child()]))
        with pytest.warns(
            SAWarning,
            match=r"Object of type <Child> not in session, add operation along "
            r"'Parent\.children' (will not|won't) proceed",
        ):
            session.flush()


def test_the_mapper_tells_what_an_operation_goes_on_to(models: Models) -> None:
    leaf = models.Node(name="leaf")
    middle = models.Node(name="middle", children=[leaf])
    root = models.Node(name="root", children=[middle])
    mapper = inspect(models.Node)
    found = list(mapper.cascade_iterator("save-update", inspect(root)))
    assert {item[0] for item in found} >= {middle, leaf}
    for obj, its_mapper, state, attributes in found:
        assert (its_mapper, state) == (mapper, inspect(obj))
        assert attributes["name"] == obj.name
    halted = mapper.cascade_iterator(
        "save-update", inspect(root), halt_on=lambda state: state.obj() is middle
    )
    assert [item[0] for item in halted] == []
    assert list(mapper.cascade_iterator("refresh-expire", inspect(leaf))) == []
    assert list(mapper.cascade_iterator("unknown", inspect(leaf))) == []


def test_a_mapper_cascades_from_an_instance_of_a_subclass() -> None:
    class Base(DeclarativeBase):
        pass

    class Note(Base):
        __tablename__ = "note"
        id: Mapped[int] = mapped_column(primary_key=True)
        page_id: Mapped[int] = mapped_column(ForeignKey("page.id"))

    class Page(Base):
        __tablename__ = "page"
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str]
        __mapper_args__ = {"polymorphic_on": "kind"}

    class Noted(Page):
        notes: Mapped[list[Note]] = relationship()
        __mapper_args__ = {"polymorphic_identity": "noted"}

    note = Note()
    page = Noted(notes=[note])
    for cls in (Page, Noted):
        found = inspect(cls).cascade_iterator("save-update", inspect(page))
        assert [item[0] for item in found] == [note]
