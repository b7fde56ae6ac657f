"""What a flush deletes, unlinks or refuses along relationships."""

from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, inspect
from sqlalchemy.exc import InvalidRequestError, SAWarning

from ormolu import exc, make_transient, relationship
from tests.flush.world import World, named


def family(world: World, **options: Any) -> tuple[Any, Any]:
    """Two classes, one with a collection of the other."""
    up = world.table("up")
    down = world.table("down", named("n"), Column("up_id", ForeignKey("up.id")))
    Down = world.map("Down", down)
    Up = world.map("Up", up, properties={"downs": relationship(Down, **options)})
    return Up, Down


def test_a_child_that_moved_keeps_its_new_parent(world: World) -> None:
    Up, Down = family(world)
    session = world.session()
    child = Down()
    old, new = Up(downs=[child, Down()]), Up()
    session.add_all([old, new])
    session.flush()
    new.downs.append(child)
    session.delete(old)
    session.flush()
    assert child.up_id == new.id


def test_an_orphan_is_deleted_with_what_it_owns(world: World) -> None:
    Up, Down = family(world, cascade="all, delete-orphan")
    session = world.session()
    up = Up(downs=[Down(n="a"), Down(n="b")])
    session.add(up)
    session.flush()
    world.sql.clear()
    gone = up.downs.pop(0)
    session.flush()
    assert world.sql.take() == [("DELETE FROM down WHERE down.id = ?", (1,))]
    assert inspect(gone).deleted


def test_a_pending_orphan_leaves_the_session(world: World) -> None:
    Up, Down = family(world, cascade="all, delete-orphan")
    session = world.session()
    up, child = Up(), Down()
    session.add(up)
    up.downs.append(child)
    assert child in session
    up.downs.remove(child)
    assert child not in session


def test_what_waits_for_a_collection_is_no_change_in_a_passive_delete(
    world: World,
) -> None:
    Up, Down = family(world, passive_deletes=True, backref="up")
    session = world.session()
    session.add(Up(downs=[Down()]))
    session.commit()
    up, child = session.get(Up, 1), session.get(Down, 1)
    child.up = None
    session.expunge(child)
    session.execute(Down.__table__.delete())
    session.delete(up)
    session.flush()
    assert child.up_id == 1


def test_an_orphan_that_is_pending_again_loses_its_row(world: World) -> None:
    Up, Down = family(world, cascade="all, delete-orphan")
    session = world.session()
    up = Up(downs=[Down()])
    session.add(up)
    session.flush()
    (child,) = up.downs
    make_transient(child)
    child.id = 9
    up.downs.remove(child)
    session.add(child)
    world.sql.clear()
    session.flush()
    assert world.sql.take() == [("DELETE FROM down WHERE down.id = ?", (1,))]


def test_an_orphan_that_never_had_a_row_cannot_be_deleted(world: World) -> None:
    Up, Down = family(world, cascade="all, delete-orphan", backref="up")
    session = world.session()
    session.add(Up())
    session.commit()
    up = session.get(Up, 1)
    child = Down(id=9, up=up)
    with pytest.warns(SAWarning, match="will not proceed"):
        session.flush()
    child.up = None
    session.add(child)
    text = "Can't delete from table down using NULL for primary key value on column "
    with pytest.raises(exc.FlushError, match=text + r"down\.id"):
        session.flush()


def test_an_orphan_that_is_added_by_itself_is_saved(world: World) -> None:
    Up, Down = family(world, cascade="all, delete-orphan")
    session = world.session()
    up, child = Up(), Down()
    up.downs.append(child)
    up.downs.remove(child)
    session.add(child)
    session.flush()
    assert inspect(child).persistent


@pytest.mark.parametrize("legacy", [True, False])
def test_a_pending_object_without_one_parent_or_without_all(
    world: World, legacy: bool
) -> None:
    a, b = world.table("a"), world.table("b")
    c = world.table(
        "c", Column("a_id", ForeignKey("a.id")), Column("b_id", ForeignKey("b.id"))
    )
    C = world.map("C", c, legacy_is_orphan=legacy)
    owned = "all, delete-orphan"
    A = world.map("A", a, properties={"cs": relationship(C, cascade=owned)})
    B = world.map("B", b, properties={"cs": relationship(C, cascade=owned)})
    session = world.session()
    child = C()
    one, other = A(cs=[child]), B(cs=[child])
    session.add_all([one, other])
    one.cs.remove(child)
    assert (child in session) is legacy


def test_the_database_deletes_children_that_are_not_loaded(world: World) -> None:
    up = world.table("up")
    down = world.table("down", Column("up_id", ForeignKey("up.id", ondelete="CASCADE")))
    Down = world.map("Down", down)
    Up = world.map(
        "Up",
        up,
        properties={
            "downs": relationship(Down, cascade="all, delete", passive_deletes=True)
        },
    )
    session = world.session()
    one = Up(downs=[Down()])
    session.add(one)
    session.commit()
    assert one.id == 1
    world.sql.clear()
    session.delete(one)
    session.flush()
    assert world.sql.take() == [("DELETE FROM up WHERE up.id = ?", (1,))]
    assert world.rows(session, down) == []


def test_passive_deletes_all_leaves_loaded_children_alone(world: World) -> None:
    Up, Down = family(world, passive_deletes="all")
    session = world.session()
    one = Up(downs=[Down()])
    session.add(one)
    session.flush()
    world.sql.clear()
    one.downs = []
    session.flush()
    with world.sql.silence():
        session.flush()
    assert world.rows(session, Down.__mapper__.local_table) == [(1, None, 1)]


def test_a_single_parent_is_asked_for_its_old_child(world: World) -> None:
    up = world.table("up")
    down = world.table("down", Column("up_id", ForeignKey("up.id")))
    Up = world.map("Up", up)
    Down = world.map(
        "Down",
        down,
        properties={
            "up": relationship(Up, cascade="all, delete-orphan", single_parent=True)
        },
    )
    session = world.session()
    one = Down(up=Up())
    session.add(one)
    session.commit()
    one.up = Up()
    session.flush()
    assert world.rows(session, up) == [(2,)]
    with pytest.raises(InvalidRequestError, match="is only allowed a single parent"):
        Down(up=one.up)


def test_a_flush_ignores_lazy_raise(world: World) -> None:
    Up, Down = family(world, lazy="raise")
    session = world.session()
    one = Up(downs=[Down()])
    session.add(one)
    session.commit()
    session.delete(one)
    session.flush()
    assert world.rows(session, Down.__mapper__.local_table) == [(1, None, None)]


def test_objects_of_another_class_are_refused(world: World) -> None:
    Up, _ = family(world, cascade="")
    Other = world.map("Other", world.table("other"))
    session = world.session()
    other = Other()
    session.add_all([Up(downs=[other]), other])
    with pytest.raises(
        exc.FlushError,
        match=r"Attempting to flush an item of type <class 'world.Other'> as a member of "
        r'collection "Up.downs". Expected an object of type <class \'world.Down\'> or',
    ):
        session.flush()


def test_none_in_a_collection_is_refused(world: World) -> None:
    Up, _ = family(world)
    session = world.session()
    session.add(Up(downs=[None]))
    with pytest.raises(
        exc.FlushError, match="Can't flush None value found in collection Up.downs"
    ):
        session.flush()


def test_a_foreign_key_that_is_the_primary_key_is_not_blanked(world: World) -> None:
    up = world.table("up")
    down = world.table("down", Column("id", ForeignKey("up.id"), primary_key=True))
    Down = world.map("Down", down)
    Up = world.map("Up", up, properties={"downs": relationship(Down)})
    session = world.session()
    one = Up(downs=[Down()])
    session.add(one)
    session.flush()
    one.downs = []
    with pytest.raises(
        AssertionError,
        match="Dependency rule on column 'up.id' tried to blank-out primary key column",
    ):
        session.flush()


def test_a_removed_child_outside_of_the_session_loses_its_parent(world: World) -> None:
    node = world.table("node", Column("up_id", ForeignKey("node.id")))
    Node = world.map(
        "Node", node, properties={"downs": relationship("Node", cascade="all")}
    )
    session = world.session()
    child = Node()
    parent = Node(downs=[child])
    session.add(parent)
    session.flush()
    parent.downs.clear()
    session.expunge(child)
    session.execute(node.update().values(up_id=None))  # for the sake of the database
    session.delete(parent)
    session.flush()
    assert child.up_id is None
