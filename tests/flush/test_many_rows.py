"""INSERTs of so many rows that they go the shortest way."""

from typing import Any

import pytest
from sqlalchemy import Column, Integer, event, text
from sqlalchemy.exc import IntegrityError

from ormolu import Session, exc
from ormolu.lanes.inserts import MANY
from tests.flush.world import World, named

RETURNING = "INSERT INTO thing (name) VALUES (?) RETURNING id"
PLAIN = "INSERT INTO thing (name) VALUES (?)"


def thing(world: World) -> Any:
    return world.map("Thing", world.table("thing", named("name", unique=True)))


def save(session: Session, cls: Any, count: int) -> list[Any]:
    """New objects with names of their own, flushed."""
    objects = [cls(name=f"n{i}") for i in range(count)]
    session.add_all(objects)
    session.flush()
    return objects


def test_each_of_many_objects_gets_the_key_of_its_row(world: World) -> None:
    Thing = thing(world)
    session = world.session()
    session.execute(text("INSERT INTO thing (id, name) VALUES (1000, 'old')"))
    objects = save(session, Thing, MANY + 5)
    assert [obj.id for obj in objects] == list(range(1001, 1001 + MANY + 5))
    rows = world.rows(session, Thing.__table__)
    assert rows[1:] == [(obj.id, obj.name) for obj in objects]
    assert session.get(Thing, 1001) is objects[0]


@pytest.mark.parametrize("count", [MANY - 1, MANY])
def test_many_rows_return_their_keys_by_the_driver(world: World, count: int) -> None:
    Thing = thing(world)
    session = world.session()
    session.connection()
    world.sql.clear()
    save(session, Thing, count)
    rest = PLAIN if world.lane == "fast" and count == MANY else RETURNING
    assert world.sql.take_sql() == [RETURNING, *[rest] * (count - 1)]


def test_a_trigger_that_inserts_elsewhere_changes_no_key(world: World) -> None:
    Thing = thing(world)
    world.table("log", Column("thing_id", Integer))
    session = world.session()
    session.execute(text("INSERT INTO log (id) VALUES (5000)"))
    session.execute(
        text(
            "CREATE TRIGGER noted AFTER INSERT ON thing BEGIN "
            "INSERT INTO log (thing_id) VALUES (new.id); END"
        )
    )
    objects = save(session, Thing, MANY)
    assert [obj.id for obj in objects] == list(range(1, MANY + 1))


def test_a_row_that_the_database_leaves_out_is_an_error(world: World) -> None:
    Thing = thing(world)
    session = world.session()
    session.execute(
        text(
            "CREATE TRIGGER refused BEFORE INSERT ON thing "
            f"WHEN new.name = 'n{MANY - 1}' BEGIN SELECT RAISE(IGNORE); END"
        )
    )
    session.commit()
    with pytest.raises(exc.FlushError, match="correct number of INSERTed rows"):
        save(session, Thing, MANY + 3)
    session.rollback()
    assert not session.new
    assert world.rows(session, Thing.__table__) == []
    assert len(save(session, Thing, MANY - 1)) == MANY - 1


def test_a_key_that_is_not_the_rowid_is_returned_row_by_row(world: World) -> None:
    Thing = thing(world)
    session = world.session()
    session.execute(text("DROP TABLE thing"))
    session.execute(
        text(
            "CREATE TABLE thing (id VARCHAR NOT NULL PRIMARY KEY "
            "DEFAULT ('k' || hex(randomblob(8))), name VARCHAR)"
        )
    )
    objects = save(session, Thing, MANY)
    rows = world.rows(session, Thing.__table__)
    assert {(obj.id, obj.name) for obj in objects} == set(rows)
    assert {obj.id[0] for obj in objects} == {"k"}


def test_the_error_of_a_late_row_tells_of_that_row(world: World) -> None:
    Thing = thing(world)
    session = world.session()
    save(session, Thing, 1)
    session.commit()
    objects = [Thing(name=f"m{i}") for i in range(MANY + 9)]
    objects[MANY + 2].name = "n0"
    session.add_all(objects)
    with pytest.raises(IntegrityError) as caught:
        session.flush()
    assert " ".join(str(caught.value.statement).split()) == RETURNING
    assert tuple(caught.value.params or ()) == ("n0",)
    session.rollback()
    assert all(obj.id is None for obj in objects)
    assert world.rows(session, Thing.__table__) == [(1, "n0")]


# -- add_all -----------------------------------------------------------------------


def test_what_comes_before_something_unmapped_is_added(world: World) -> None:
    Thing = thing(world)
    session = world.session()
    first, last = Thing(name="a"), Thing(name="b")
    with pytest.raises(exc.UnmappedInstanceError, match="builtins.object"):
        session.add_all([first, object(), last])
    assert list(session.new) == [first]
    assert last not in session


def test_nothing_to_add_begins_nothing(world: World) -> None:
    session = world.session()
    session.add_all([])
    assert not session.in_transaction()
    session.add_all([thing(world)()])
    assert session.in_transaction()


def test_an_object_of_another_session_is_refused_among_many(world: World) -> None:
    Thing = thing(world)
    other, session = world.session(), world.session()
    foreign = Thing(name="a")
    other.add(foreign)
    with pytest.raises(Exception, match="already attached to session"):
        session.add_all([Thing(name="b"), Thing(name="c"), foreign])
    assert [obj.name for obj in session.new] == ["b", "c"]


def test_a_subclass_of_the_session_sees_each_object(world: World) -> None:
    seen = []

    class Watching(Session):
        def add(self, instance: object, *, _warn: bool = True) -> None:
            seen.append(instance)
            super().add(instance, _warn=_warn)

    Thing = thing(world)
    objects = [Thing(), Thing()]
    Watching(world.engine).add_all(objects)
    assert seen == objects


def test_listeners_hear_of_each_object_that_is_added(world: World) -> None:
    Thing = thing(world)
    session = world.session()
    heard = []
    event.listen(session, "transient_to_pending", lambda _, obj: heard.append(obj))
    objects = [Thing(), Thing()]
    session.add_all(objects)
    assert heard == objects
