"""Foreign keys that are set afterwards, because the rows need each other."""

from sqlalchemy import Column, ForeignKey, Integer

from ormolu import relationship
from tests.flush.world import World, named


def test_a_collection_is_linked_after_the_inserts_and_unlinked_before_deletes(
    world: World,
) -> None:
    up = world.table("up", named("n"))
    down = world.table("down", named("n"), Column("up_id", ForeignKey("up.id")))
    Down = world.map("Down", down)
    Up = world.map("Up", up, properties={"downs": relationship(Down, post_update=True)})
    session = world.session()
    one = Up(n="u", downs=[Down(n="a"), Down(n="b")])
    session.add(one)
    session.flush()
    link = "UPDATE down SET up_id=? WHERE down.id = ?"
    assert world.sql.take()[-1] == (link, [(1, 1), (1, 2)])
    one.downs[1].n = "changed"
    session.delete(one)
    session.flush()
    assert world.sql.take() == [
        ("UPDATE down SET n=? WHERE down.id = ?", ("changed", 2)),
        (link, [(None, 1), (None, 2)]),
        ("DELETE FROM up WHERE up.id = ?", (1,)),
    ]


def test_two_rows_that_refer_to_each_other(world: World) -> None:
    a = world.table("a", Column("b_id", ForeignKey("b.id", use_alter=True, name="f")))
    b = world.table("b", Column("a_id", ForeignKey("a.id")))
    B = world.map("B", b)
    A = world.map(
        "A",
        a,
        properties={
            "bs": relationship(B, primaryjoin=a.c.id == b.c.a_id),
            "best": relationship(B, primaryjoin=a.c.b_id == b.c.id, post_update=True),
        },
    )
    session = world.session()
    best = B()
    one = A(bs=[best], best=best)
    session.add(one)
    session.flush()
    assert world.sql.take() == [
        ("INSERT INTO a (b_id) VALUES (?)", (None,)),
        ("INSERT INTO b (a_id) VALUES (?)", (1,)),
        ("UPDATE a SET b_id=? WHERE a.id = ?", (1, 1)),
    ]
    session.delete(one)
    session.delete(best)
    session.flush()
    assert world.sql.take() == [
        ("UPDATE a SET b_id=? WHERE a.id = ?", (None, 1)),
        ("DELETE FROM b WHERE b.id = ?", (1,)),
        ("DELETE FROM a WHERE a.id = ?", (1,)),
    ]


def test_post_updates_run_onupdate_defaults_unless_a_value_was_given(
    world: World,
) -> None:
    node = world.table(
        "node",
        Column("up_id", ForeignKey("node.id")),
        Column("changed", Integer, onupdate=lambda: 9),
    )
    Node = world.map(
        "Node",
        node,
        properties={
            "up": relationship("Node", remote_side=node.c.id, post_update=True)
        },
    )
    session = world.session()
    plain, given = Node(up=Node()), Node(up=Node(), changed=5)
    session.add_all([plain, given])
    session.flush()
    assert (plain.changed, given.changed) == (9, 5)


def test_only_what_refers_to_something_is_unlinked(world: World) -> None:
    node = world.table("node", named("n"), Column("next_id", ForeignKey("node.id")))
    Node = world.map(
        "Node",
        node,
        properties={
            "next": relationship("Node", remote_side=node.c.id, post_update=True)
        },
    )
    session = world.session()
    first, last = Node(n="a"), Node(n="b")
    first.next = last
    session.add_all([first, last])
    session.flush()
    world.sql.clear()
    session.delete(first)
    session.delete(last)
    session.flush()
    assert world.sql.take() == [
        ("UPDATE node SET next_id=? WHERE node.id = ?", (None, 1)),
        ("DELETE FROM node WHERE node.id = ?", [(1,), (2,)]),
    ]
