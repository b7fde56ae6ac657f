"""The order in which a flush sends its statements."""

from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Integer, PickleType, Table
from sqlalchemy.exc import CircularDependencyError, InvalidRequestError, SAWarning

from ormolu import backref, relationship
from tests.flush.world import World, named


def test_unrelated_classes_go_by_their_names(world: World) -> None:
    Zebra = world.map("Zebra", world.table("a", named("n")))
    Ant = world.map("Ant", world.table("z", named("n")))
    session = world.session()
    zebra, ant = Zebra(n="z"), Ant(n="a")
    session.add_all([zebra, ant])
    session.flush()
    session.delete(zebra)
    session.delete(ant)
    session.flush()
    assert [s.split()[2] for s in world.sql.take_sql()] == ["z", "a", "z", "a"]


def tree(world: World, **options: Any) -> Any:
    """A class that refers to itself."""
    table = world.table("node", named("n"), Column("up_id", ForeignKey("node.id")))
    return world.map(
        "Node",
        table,
        properties={
            "down": relationship(
                "Node", backref=backref("up", remote_side=table.c.id), **options
            )
        },
    )


def test_a_tree_is_inserted_level_by_level_and_deleted_in_reverse(
    world: World,
) -> None:
    Node = tree(world, cascade="all")
    session = world.session()
    root = Node(n="r", down=[Node(n="a", down=[Node(n="x")]), Node(n="b")])
    session.add(root)
    session.flush()
    assert [p[0] for _, p in world.sql.take()] == ["r", "a", "b", "x"]
    session.delete(root)
    session.flush()
    sent = [p for _, p in world.sql.take()]
    assert sent[-1] == (1,)
    assert sent[0] != (1,)


def test_objects_of_a_tree_are_deleted_after_the_others_were_saved(
    world: World,
) -> None:
    Node = tree(world)
    session = world.session()
    root, leaf = Node(n="r", down=[Node(n="a")]), Node(n="leaf")
    session.add_all([root, leaf])
    session.flush()
    leaf.down
    world.sql.clear()
    session.delete(leaf)
    root.n = "r2"
    root.down.append(Node(n="new"))
    session.flush()
    verbs = [s.split()[0] for s in world.sql.take_sql()]
    assert verbs == ["UPDATE", "INSERT", "DELETE"]


def test_objects_that_need_each_other_first_are_refused(world: World) -> None:
    Node = tree(world)
    session = world.session()
    first, second = Node(n="a"), Node(n="b")
    first.up, second.up = second, first
    session.add_all([first, second])
    with pytest.raises(CircularDependencyError, match="Circular dependency detected"):
        session.flush()


def test_two_classes_that_refer_to_each_other(world: World) -> None:
    a = world.table("a", Column("b_id", ForeignKey("b.id")))
    b = world.table("b", Column("a_id", ForeignKey("a.id", use_alter=True, name="fk")))
    A = world.map(
        "A", a, properties={"b": relationship("B", primaryjoin=a.c.b_id == b.c.id)}
    )
    B = world.map(
        "B", b, properties={"a": relationship("A", primaryjoin=b.c.a_id == a.c.id)}
    )
    session = world.session()
    last = A(b=B(a=A()))
    session.add(last)
    session.flush()
    assert [s.split()[2] for s in world.sql.take_sql()] == ["a", "b", "a"]
    for obj in list(session):
        session.delete(obj)
    session.flush()
    assert [s.split()[2] for s in world.sql.take_sql()] == ["a", "b", "a"]


def test_equal_sets_of_columns_are_updated_together(world: World) -> None:
    Row = world.map("Row", world.table("r", named("a"), named("b")))
    session = world.session()
    rows = [Row(a="1", b="1") for _ in range(4)]
    session.add_all(rows)
    session.flush()
    world.sql.clear()
    rows[0].a = "x"
    rows[1].a = "y"
    rows[2].b = "z"
    rows[3].b = "1"
    session.flush()
    assert world.sql.take() == [
        ("UPDATE r SET a=? WHERE r.id = ?", [("x", 1), ("y", 2)]),
        ("UPDATE r SET b=? WHERE r.id = ?", ("z", 3)),
    ]


def test_without_batches_each_object_is_saved_alone(world: World) -> None:
    Row = world.map("Row", world.table("r", named("a")), batch=False)
    session = world.session()
    rows = [Row(id=1, a="1"), Row(id=2, a="2")]
    session.add_all(rows)
    session.flush()
    for row in rows:
        row.a += "!"
    session.flush()
    insert, update = (
        "INSERT INTO r (id, a) VALUES (?, ?)",
        "UPDATE r SET a=? WHERE r.id",
    )
    assert [s.startswith((insert, update)) for s in world.sql.take_sql()] == [True] * 4


def test_keys_must_be_sortable(world: World) -> None:
    table = world.table("r", Column("id", PickleType, primary_key=True), named("a"))
    Row = world.map("Row", table)
    session = world.session()
    rows = [Row(id=1j, a="1"), Row(id=2j, a="2")]
    session.add_all(rows)
    session.flush()
    for row in rows:
        row.a += "!"
    with pytest.raises(
        InvalidRequestError,
        match="Could not sort objects by primary key; primary key values must be sortab",
    ):
        session.flush()


def test_related_objects_out_of_the_session_are_left_out(world: World) -> None:
    up = world.table("up")
    down = world.table("down", Column("up_id", ForeignKey("up.id")))
    Up = world.map("Up", up)
    Down = world.map("Down", down, properties={"up": relationship(Up, cascade="")})
    session = world.session()
    one = Down(up=Up())
    session.add(one)
    with pytest.warns(
        SAWarning,
        match="Object of type <Up> not in session, add operation along 'Down.up' won't",
    ):
        session.flush()
    assert one.up_id is None


def test_many_to_many_rows_of_deleted_objects_go_before_everything(
    world: World,
) -> None:
    left, right = world.table("l"), world.table("r", Column("n", Integer))
    link = Table(
        "link",
        world.metadata,
        Column("l_id", ForeignKey("l.id")),
        Column("r_id", ForeignKey("r.id")),
    )
    Right = world.map("Right", right)
    Left = world.map("Left", left, properties={"rs": relationship(Right, link)})
    session = world.session()
    one, other = Right(n=1), Right(n=2)
    both = Left(rs=[one, other])
    session.add(both)
    session.flush()
    world.sql.clear()
    one.n = 3
    session.delete(both)
    session.flush()
    assert world.sql.take() == [
        (
            "DELETE FROM link WHERE link.l_id = ? AND link.r_id = ?",
            [(1, 1), (1, 2)],
        ),
        ("UPDATE r SET n=? WHERE r.id = ?", (3, 1)),
        ("DELETE FROM l WHERE l.id = ?", (1,)),
    ]
