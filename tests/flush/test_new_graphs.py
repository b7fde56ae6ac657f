"""Graphs of new objects: what construction leaves behind, what saving them reaches."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, String, event, inspect
from sqlalchemy import exc as sa_exc

from ormolu import exc, relationship
from tests.flush.world import World, named


def family(world: World, **options: Any) -> Any:
    """Parents with children, each other's backref."""
    parent = world.table("p", named("name"))
    child = world.table("c", named("name"), Column("p_id", ForeignKey("p.id")))
    Child = world.map("Child", child)
    Parent = world.map(
        "Parent",
        parent,
        properties={
            "children": relationship(Child, back_populates="parent", **options)
        },
    )
    inspect(Child).add_property(
        "parent", relationship(Parent, back_populates="children")
    )
    world.registry.configure()
    return SimpleNamespace(Parent=Parent, Child=Child, parent=parent, child=child)


def history(obj: Any, key: str) -> tuple[list[Any], list[Any], list[Any]]:
    found = inspect(obj).attrs[key].history
    return list(found.added), list(found.unchanged), list(found.deleted)


# -- both sides of a backref -------------------------------------------------------


def given(f: Any) -> tuple[Any, Any]:
    child = f.Child()
    return f.Parent(children=[child]), child


def appended(f: Any) -> tuple[Any, Any]:
    parent, child = f.Parent(), f.Child()
    parent.children.append(child)
    return parent, child


def referred(f: Any) -> tuple[Any, Any]:
    parent = f.Parent()
    return parent, f.Child(parent=parent)


@pytest.mark.parametrize("link", [given, appended, referred])
def test_both_sides_refer_to_each_other(world: World, link: Any) -> None:
    f = family(world)
    for _ in range(2):  # the first time is another than the next
        parent, child = link(f)
        assert parent.children == [child]
        assert child.parent is parent
        assert history(parent, "children") == ([child], [], [])
        assert history(child, "parent") == ([parent], [], [])
        assert inspect(parent).modified
        assert inspect(child).modified
        assert f.Parent.children.impl.hasparent(child)


@pytest.mark.parametrize("link", [given, appended, referred])
def test_the_next_parent_takes_the_child_from_the_first(
    world: World, link: Any
) -> None:
    f = family(world)
    first, child = link(f)
    second = f.Parent()
    second.children.append(child)
    assert (first.children, second.children) == ([], [child])
    assert child.parent is second
    child.parent = first
    assert (first.children, second.children) == ([child], [])
    child.parent = None
    assert first.children == []


def test_items_keep_their_order_and_may_come_twice(world: World) -> None:
    f = family(world)
    for _ in range(2):
        one, other = f.Child(), f.Child()
        parent = f.Parent(children=[one, other, one])
        assert parent.children == [one, other, one]
        assert one.parent is parent
        parent.children = [other]
        assert parent.children == [other]
        assert (one.parent, other.parent) == (None, parent)


def test_a_listener_is_heard_that_comes_after_the_first_objects(world: World) -> None:
    f = family(world)
    given(f)
    referred(f)
    heard: list[Any] = []

    def on_append(obj: Any, item: Any, initiator: Any) -> None:
        heard.append(("append", obj, item))

    def on_set(obj: Any, value: Any, old: Any, initiator: Any) -> None:
        heard.append(("set", obj, value))

    event.listen(f.Child.parent, "set", on_set)
    parent, child = given(f)
    assert heard == [("set", child, parent)]
    heard.clear()
    event.listen(f.Parent.children, "append", on_append)
    parent, child = referred(f)
    assert sorted(heard, key=str) == sorted(
        [("set", child, parent), ("append", parent, child)], key=str
    )
    event.remove(f.Child.parent, "set", on_set)
    event.remove(f.Parent.children, "append", on_append)
    heard.clear()
    given(f)
    assert heard == []


def test_an_object_of_another_class_is_refused_as_before(world: World) -> None:
    f = family(world)
    given(f)
    with pytest.raises(AttributeError):
        f.Parent(children=[object()])
    with pytest.raises(AttributeError):
        f.Child(parent=object())


# -- sessions ----------------------------------------------------------------------


def test_only_the_side_that_was_changed_brings_objects_into_a_session(
    world: World,
) -> None:
    f = family(world)
    session = world.session()
    child, parent = f.Child(), f.Parent()
    session.add(child)
    parent.children.append(child)
    assert parent not in session
    other = f.Parent()
    child.parent = other
    assert other in session


def test_children_of_a_parent_in_a_session_follow(world: World) -> None:
    f = family(world)
    session = world.session()
    parent = f.Parent(children=[f.Child()])
    session.add(parent)
    late = f.Child()
    parent.children.append(late)
    assert late in session
    both = f.Child()
    session.add(both)
    parent.children.append(both)
    assert both.parent is parent
    assert len(parent.children) == 3
    session.flush()
    assert {c.p_id for c in parent.children} == {parent.id}


def tree(world: World) -> Any:
    """Nodes below nodes, of three classes."""
    a = world.table("a", named("name"))
    b = world.table("b", named("name"), Column("a_id", ForeignKey("a.id")))
    c = world.table("c", named("name"), Column("b_id", ForeignKey("b.id")))
    C = world.map("C", c)
    B = world.map("B", b, properties={"cs": relationship(C, backref="b")})
    A = world.map("A", a, properties={"bs": relationship(B, backref="a")})
    world.registry.configure()
    return SimpleNamespace(A=A, B=B, C=C, c=c)


def test_objects_are_saved_in_the_order_in_which_they_are_reached(
    world: World,
) -> None:
    t = tree(world)
    session = world.session()
    root = t.A(
        bs=[
            t.B(cs=[t.C(name="1"), t.C(name="2")]),
            t.B(cs=[t.C(name="3")]),
        ]
    )
    root.bs[0].cs[1].b = root.bs[0]
    for _ in range(2):
        session.add(root)
    assert len(session.new) == 6
    session.flush()
    names = [row[1] for row in world.rows(session, t.c)]
    assert names == ["1", "2", "3"]


def test_what_was_removed_before_the_save_is_saved_too(world: World) -> None:
    f = family(world)
    session = world.session()
    parent = f.Parent(name="x", children=[f.Child(), f.Child()])
    session.add(parent)
    session.commit()
    gone = parent.children[0]
    session.expunge_all()
    parent.children.remove(gone)
    session.add(parent)
    assert gone in session
    session.flush()
    assert (gone.p_id, parent.children[0].p_id) == (None, parent.id)


def test_an_object_of_another_session_stops_the_save_where_it_is(
    world: World,
) -> None:
    f = family(world)
    session, other = world.session(), world.session()
    theirs = f.Child()
    other.add(theirs)
    parent = f.Parent(children=[f.Child(), theirs, f.Child()])
    with pytest.raises(sa_exc.InvalidRequestError, match="already attached"):
        session.add(parent)
    assert [c in session for c in parent.children] == [True, False, False]


def test_an_object_of_the_wrong_class_stops_the_save(world: World) -> None:
    f = family(world)
    session = world.session()
    parent = f.Parent(children=[f.Child()])
    wrong = f.Parent()
    list.append(parent.children, wrong)
    with pytest.raises(AssertionError, match="doesn't handle objects of type"):
        session.add(parent)


# -- keys --------------------------------------------------------------------------


def test_keys_are_copied_to_all_children(world: World) -> None:
    f = family(world)
    session = world.session()
    parents = [f.Parent(children=[f.Child(), f.Child()]) for _ in range(3)]
    session.add_all(parents)
    session.flush()
    rows = world.rows(session, f.child)
    assert [row[2] for row in rows] == [1, 1, 2, 2, 3, 3]
    assert all(c.p_id == p.id for p in parents for c in p.children)


def test_a_parent_outside_the_session_gives_no_key(world: World) -> None:
    f = family(world)
    session = world.session()
    child, parent = f.Child(), f.Parent(id=5)
    session.add(child)
    parent.children.append(child)
    with pytest.warns(sa_exc.SAWarning, match="not in session"):
        session.flush()
    assert child.p_id is None


def test_none_in_a_collection_is_refused(world: World) -> None:
    f = family(world)
    session = world.session()
    parent = f.Parent(children=[f.Child()])
    session.add(parent)
    list.append(parent.children, None)
    with pytest.raises(exc.FlushError, match="None value found in collection"):
        session.flush()


def test_a_listener_hears_of_the_key_that_a_flush_sets(world: World) -> None:
    f = family(world)
    heard: list[Any] = []

    @event.listens_for(f.Child.p_id, "set")
    def on_set(obj: Any, value: Any, old: Any, initiator: Any) -> None:
        heard.append(value)

    session = world.session()
    session.add(f.Parent(id=7, children=[f.Child()]))
    session.flush()
    assert heard
    assert set(heard) == {7}


def test_a_child_with_two_owners_is_no_orphan_of_either(world: World) -> None:
    left, right = world.table("l"), world.table("r")
    child = world.table(
        "c", Column("l_id", ForeignKey("l.id")), Column("r_id", ForeignKey("r.id"))
    )
    Child = world.map("Child", child)
    owned: dict[str, Any] = {"cascade": "all, delete-orphan"}
    Left = world.map(
        "Left", left, properties={"cs": relationship(Child, backref="l", **owned)}
    )
    Right = world.map(
        "Right", right, properties={"cs": relationship(Child, backref="r", **owned)}
    )
    world.registry.configure()
    session = world.session()
    one = Child()
    both = (Left(cs=[one]), Right(cs=[one]))
    session.add_all(both)
    session.commit()
    assert world.rows(session, child) == [(1, 1, 1)]
    both[1].cs.remove(one)
    session.commit()
    assert world.rows(session, child) == []


def test_pairs_of_an_association_are_sent_once(world: World) -> None:
    a, b = world.table("a"), world.table("b")
    link = world.table(
        "ab",
        Column("a_id", ForeignKey("a.id"), primary_key=True),
        Column("b_id", ForeignKey("b.id"), primary_key=True),
    )
    B = world.map("B", b)
    A = world.map("A", a, properties={"bs": relationship(B, link, backref="aas")})
    world.registry.configure()
    session = world.session()
    bs = [B() for _ in range(3)]
    aas = [A(bs=bs[:2]), A()]
    session.add_all(aas)
    aas[1].bs.append(bs[2])
    bs[0].aas.append(aas[1])
    world.sql.clear()
    session.flush()
    assert world.rows(session, link) == [(1, 1), (1, 2), (2, 1), (2, 3)]
    aas[0].bs.remove(bs[0])
    session.flush()
    assert world.rows(session, link) == [(1, 2), (2, 1), (2, 3)]


# -- the collector -----------------------------------------------------------------


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("ormolu.flush.pause.MANY", 2)
    yield
    gc.enable()


@pytest.mark.usefixtures("many")
def test_the_collector_works_again_after_a_large_flush(world: World) -> None:
    f = family(world)
    session = world.session()
    session.add_all([f.Parent(children=[f.Child()]) for _ in range(3)])
    session.flush()
    assert gc.isenabled()
    session.add_all([f.Parent(id=1), f.Parent(id=9)])
    with pytest.raises(sa_exc.IntegrityError), pytest.warns(sa_exc.SAWarning):
        session.flush()
    assert gc.isenabled()


@pytest.mark.usefixtures("many")
def test_listeners_of_a_large_flush_have_the_collector(world: World) -> None:
    f = family(world)
    seen: list[bool] = []

    @event.listens_for(f.Parent, "before_insert")
    @event.listens_for(f.Parent, "after_insert")
    def on_insert(mapper: Any, connection: Any, obj: Any) -> None:
        seen.append(gc.isenabled())

    session = world.session()
    session.add_all([f.Parent() for _ in range(3)])
    session.flush()
    assert seen == [True] * 6


@pytest.mark.usefixtures("many")
def test_a_collector_that_is_off_stays_off(world: World) -> None:
    f = family(world)
    session = world.session()
    session.add_all([f.Parent() for _ in range(3)])
    gc.disable()
    session.flush()
    assert not gc.isenabled()


def test_an_association_with_a_key_of_its_own(world: World) -> None:
    a, b = world.table("a"), world.table("b")
    link = world.table(
        "ab",
        Column("a_id", ForeignKey("a.id")),
        Column("b_id", ForeignKey("b.id")),
        Column("kind", String, default="plain"),
    )
    B = world.map("B", b)
    A = world.map("A", a, properties={"bs": relationship(B, link)})
    session = world.session()
    session.add_all([A(bs=[B(), B()]), A(bs=[B()])])
    session.flush()
    assert world.rows(session, link) == [
        (1, 1, 1, "plain"),
        (2, 1, 2, "plain"),
        (3, 2, 3, "plain"),
    ]
