"""A delete and a new object with the same primary key, in one flush."""

from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, event, inspect
from sqlalchemy.exc import IntegrityError, SAWarning

from ormolu import relationship
from tests.flush.world import World, named


def test_the_row_is_updated(world: World) -> None:
    Row = world.map("Row", world.table("r", named("a"), named("b")))
    session = world.session()
    old = Row(id=1, a="x", b="y")
    session.add(old)
    session.flush()
    world.sql.clear()
    new = Row(id=1, a="z")
    session.delete(old)
    session.add(new)
    session.flush()
    assert world.sql.take() == [("UPDATE r SET a=? WHERE r.id = ?", ("z", 1))]
    assert session.get(Row, 1) is new
    assert inspect(old).deleted
    session.expire(new)
    assert new.b == "y"


def test_its_events_are_those_of_an_insert_then_of_an_update(world: World) -> None:
    Row = world.map("Row", world.table("r", named("a")))
    told: list[str] = []
    for name in ("insert", "update", "delete"):
        for when in ("before", "after"):
            key = f"{when}_{name}"
            event.listen(Row, key, lambda *_, key=key: told.append(key))
    session = world.session()
    old = Row(id=1, a="x")
    session.add(old)
    session.flush()
    told.clear()
    session.delete(old)
    session.add(Row(id=1, a="z"))
    session.flush()
    assert told == ["before_insert", "after_update"]


def test_a_rollback_brings_the_old_object_back(world: World) -> None:
    Row = world.map("Row", world.table("r", named("a")))
    session = world.session()
    old, new = Row(id=1, a="x"), Row(id=1, a="z")
    session.add(old)
    session.commit()
    session.delete(old)
    session.add(new)
    session.flush()
    session.rollback()
    assert inspect(old).persistent
    assert inspect(new).transient
    assert old.a == "x"


def test_children_take_over_the_rows_of_children(world: World) -> None:
    up = world.table("up", named("n"))
    down = world.table("down", named("n"), Column("up_id", ForeignKey("up.id")))
    Down = world.map("Down", down)
    Up = world.map(
        "Up",
        up,
        properties={"downs": relationship(Down, cascade="all, delete-orphan")},
    )
    session = world.session()
    old = Up(id=1, n="a", downs=[Down(id=1, n="x"), Down(id=2, n="y")])
    session.add(old)
    session.commit()
    new = Up(id=1, n="b", downs=[Down(id=1, n="z"), Down(id=3, n="w")])
    session.delete(old)
    session.add(new)
    session.flush()
    assert world.rows(session, up) == [(1, "b")]
    assert world.rows(session, down) == [(1, "z", 1), (3, "w", 1)]


def test_none_takes_the_place_of_a_reference(world: World) -> None:
    c = world.table("c")
    b = world.table(
        "b", Column("a_id", ForeignKey("a.id")), Column("c_id", ForeignKey("c.id"))
    )
    a = world.table("a")
    C = world.map("C", c)
    B = world.map("B", b, properties={"c": relationship(C)})
    A = world.map(
        "A", a, properties={"bs": relationship(B, cascade="all, delete-orphan")}
    )
    session = world.session()
    one = A(id=1, bs=[B(id=1, c=C(id=1))])
    session.add(one)
    session.commit()
    one.bs = [B(id=1, c=None)]
    session.commit()
    assert one.bs[0].c is None


def test_a_key_that_is_taken_gives_a_warning(world: World) -> None:
    Row = world.map("Row", world.table("r"))
    session = world.session()
    old = Row(id=1)
    session.add(old)
    session.flush()
    session.add(Row(id=1))
    with (
        pytest.warns(
            SAWarning, match=r"New instance <Row .* conflicts with persistent instance"
        ),
        pytest.raises(IntegrityError),
    ):
        session.flush()


def test_a_deleted_object_may_be_deleted_again(world: World) -> None:
    Row: Any = world.map("Row", world.table("r"))
    session = world.session()
    row = Row(id=1)
    session.add(row)
    session.flush()
    session.delete(row)
    session.flush()
    session.delete(row)
    assert row in session.deleted
    with pytest.warns(
        SAWarning, match=r"expected to delete 1 row\(s\); 0 were matched"
    ):
        session.flush()
    assert inspect(row).deleted
