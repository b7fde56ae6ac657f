"""Primary keys that change, and the foreign keys that refer to them."""

from typing import Any

import pytest
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    inspect,
    select,
    update,
)

from ormolu import exc, relationship
from tests.flush.world import World, named

CASCADE: dict[str, Any] = {"onupdate": "CASCADE"}


def key(*options: Any) -> Column[Any]:
    """A primary key of strings."""
    return Column("n", String, *options, primary_key=True)


def test_the_identity_map_follows_and_a_rollback_takes_it_back(world: World) -> None:
    Row = world.map("Row", world.table("r", key(), named("a")))
    session = world.session()
    row = Row(n="old", a="x")
    session.add(row)
    session.commit()
    row.n = "new"
    session.flush()
    assert session.get(Row, "new") is row
    assert inspect(row).identity == ("new",)
    session.rollback()
    assert inspect(row).identity == ("old",)
    assert (row.n, session.get(Row, "old")) == ("old", row)


def test_keys_may_be_swapped_and_a_rollback_swaps_them_back(world: World) -> None:
    Row = world.map("Row", world.table("r", key()))
    session = world.session()
    a, b = Row(n="a"), Row(n="b")
    session.add_all([a, b])
    session.commit()
    a.n = "x"
    session.flush()
    b.n = "a"
    session.flush()
    a.n = "b"
    session.flush()
    assert (session.get(Row, "a"), session.get(Row, "b")) == (b, a)
    session.rollback()
    assert (session.get(Row, "a"), session.get(Row, "b")) == (a, b)


@pytest.mark.parametrize("passive", [True, False])
def test_foreign_keys_of_a_collection_follow(world: World, passive: bool) -> None:
    options = CASCADE if passive else {"deferrable": True, "initially": "DEFERRED"}
    up = world.table("up", key())
    down = world.table("down", Column("up_n", ForeignKey("up.n", **options)))
    tail = world.table("tail", key(ForeignKey("up.n", **options)), Column("k", Integer))
    Down, Tail = world.map("Down", down), world.map("Tail", tail)
    Up = world.map(
        "Up",
        up,
        properties={
            "downs": relationship(Down, passive_updates=passive),
            "tails": relationship(Tail, passive_updates=passive),
        },
    )
    session = world.session()
    one = Up(n="a", downs=[Down()], tails=[Tail(k=1)])
    session.add(one)
    session.flush()
    world.sql.clear()
    one.n = "b"
    session.flush()
    sent = world.sql.take()
    assert sent[0] == ("UPDATE up SET n=? WHERE up.n = ?", ("b", "a"))
    assert sent[1:] == (
        []
        if passive
        else [
            ("UPDATE down SET up_n=? WHERE down.id = ?", ("b", 1)),
            ("UPDATE tail SET n=? WHERE tail.n = ?", ("b", "a")),
        ]
    )
    assert (one.downs[0].up_n, one.tails[0].n) == ("b", "b")
    assert inspect(one.tails[0]).identity == ("b",)
    one.tails[0].k = 2
    session.flush()
    assert world.rows(session, tail) == [("b", 2)]


@pytest.mark.parametrize("passive", [True, False])
def test_objects_that_refer_from_one_side_only_are_found(
    world: World, passive: bool
) -> None:
    options = CASCADE if passive else {"deferrable": True, "initially": "DEFERRED"}
    up = world.table("up", key())
    down = world.table("down", Column("up_n", ForeignKey("up.n", **options)))
    Up = world.map("Up", up)
    Down = world.map(
        "Down", down, properties={"up": relationship(Up, passive_updates=passive)}
    )
    session = world.session()
    one, other = Down(up=Up(n="a")), Down()
    session.add_all([one, other])
    session.flush()
    world.sql.clear()
    one.up.n = "b"
    session.flush()
    assert (one.up_n, other.up_n) == ("b", None)
    assert len(world.sql.take()) == (1 if passive else 2)
    assert world.rows(session, down) == [(1, "b"), (2, None)]


def test_rows_of_an_association_follow(world: World) -> None:
    options: dict[str, Any] = {"deferrable": True, "initially": "DEFERRED"}
    left, right = world.table("l", key()), world.table("r")
    link = Table(
        "link",
        world.metadata,
        Column("l_n", ForeignKey("l.n", **options)),
        Column("r_id", ForeignKey("r.id")),
    )
    Right = world.map("Right", right)
    Left = world.map(
        "Left",
        left,
        properties={"rights": relationship(Right, link, passive_updates=False)},
    )
    session = world.session()
    one = Left(n="a", rights=[Right()])
    session.add(one)
    session.commit()
    one.n = "b"
    session.flush()
    assert world.rows(session, link) == [("b", 1)]


@pytest.mark.parametrize("change", ["update", "delete"])
def test_a_null_in_a_key_finds_no_row(world: World, change: str) -> None:
    table = world.table(
        "r",
        Column("a", String, primary_key=True),
        Column("b", String, primary_key=True, nullable=True),
        named("c"),
    )
    Row = world.map("Row", table)
    session = world.session()
    row = Row(a="1", b=None)
    session.add(row)
    session.flush()
    if change == "update":
        row.c = "x"
        match = "Can't update table r using NULL for primary key value on column r.b"
    else:
        session.delete(row)
        match = "Can't delete from table r using NULL for primary key value on column"
    with pytest.raises(exc.FlushError, match=match):
        session.flush()


@pytest.mark.parametrize("end", ["update", "delete"])
def test_a_row_is_found_by_the_key_that_an_update_by_criteria_gave_it(
    world: World, end: str
) -> None:
    table = world.table("item", named("n"))
    Item = world.map("Item", table)
    session = world.session()
    item = Item(id=1, n="a")
    session.add(item)
    session.flush()
    session.execute(update(Item).where(Item.id == 1).values(id=5))
    if end == "update":
        item.n = "b"
    else:
        session.delete(item)
    session.flush()
    rows = session.execute(select(table.c.id, table.c.n)).all()
    assert rows == ([(5, "b")] if end == "update" else [])
    assert inspect(item).identity == (5,) if end == "update" else inspect(item).deleted
