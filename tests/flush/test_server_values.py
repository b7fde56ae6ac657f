"""Values that the database or a default makes: when they are known, and how."""

from typing import Any

import pytest
from sqlalchemy import (
    Column,
    FetchedValue,
    Integer,
    String,
    TypeDecorator,
    event,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError, SAWarning

from ormolu import column_property, exc
from tests.flush.world import World, named


def thing(world: World, eager: Any, **options: Any) -> Any:
    """A class with a default of the server, and one that a trigger would change."""
    table = world.table(
        "thing",
        Column("made", Integer, server_default="3"),
        Column("touched", Integer, server_onupdate=FetchedValue()),
        named("name"),
        **options,
    )
    return world.map("Thing", table, eager_defaults=eager)


@pytest.mark.parametrize("eager", ["auto", True])
def test_defaults_come_back_with_the_insert(world: World, eager: Any) -> None:
    Thing = thing(world, eager)
    session = world.session()
    first, second = Thing(id=1, touched=1), Thing(id=2, touched=2)
    session.add_all([first, second])
    session.flush()
    assert {s.rsplit(" ", 1)[1] for s in world.sql.take_sql()} == {"made"}
    with world.sql.silence():
        assert (first.made, second.made) == (3, 3)


def test_defaults_are_loaded_when_they_are_read(world: World) -> None:
    Thing = thing(world, False)
    session = world.session()
    one = Thing(name="a", touched=1)
    session.add(one)
    session.flush()
    assert world.sql.take_sql() == ["INSERT INTO thing (touched, name) VALUES (?, ?)"]
    assert one.made == 3
    assert world.sql.take_sql() == ["SELECT thing.made FROM thing WHERE thing.id = ?"]


def test_eager_defaults_without_returning_are_selected(world: World) -> None:
    Thing = thing(world, True, implicit_returning=False)
    session = world.session()
    session.add_all([Thing(name="a", touched=1), Thing(name="b", touched=1)])
    session.flush()
    insert = "INSERT INTO thing (touched, name) VALUES (?, ?)"
    select_made = "SELECT thing.made FROM thing WHERE thing.id = ?"
    assert world.sql.take() == [
        (insert, (1, "a")),
        (insert, (1, "b")),
        (select_made, (1,)),
        (select_made, (2,)),
    ]


def test_eager_defaults_come_back_with_an_update(world: World) -> None:
    Thing = thing(world, True)
    session = world.session()
    one = Thing(name="a", touched=1)
    session.add(one)
    session.flush()
    world.sql.clear()
    one.name = "b"
    session.flush()
    assert world.sql.take() == [
        ("UPDATE thing SET name=? WHERE thing.id = ? RETURNING touched", ("b", 1))
    ]


def test_an_update_forgets_what_the_server_may_have_changed(world: World) -> None:
    Thing = thing(world, "auto")
    session = world.session()
    one = Thing(name="a", touched=1)
    session.add(one)
    session.flush()
    one.name = "b"
    session.flush()
    world.sql.clear()
    assert one.touched == 1
    assert len(world.sql.take()) == 1


def test_defaults_in_python_are_taken_over(world: World) -> None:
    table = world.table(
        "thing",
        Column("a", Integer, default=lambda: 7),
        Column("b", Integer, onupdate=8),
        named("name"),
    )
    Thing = world.map("Thing", table)
    told: list[tuple[str, list[str]]] = []
    event.listen(Thing, "refresh_flush", lambda o, _, keys: told.append((o.name, keys)))
    session = world.session()
    one = Thing(name="x")
    session.add(one)
    session.flush()
    one.name = "y"
    session.flush()
    with world.sql.silence():
        assert (one.a, one.b) == (7, 8)
    assert told == [("x", ["a"]), ("y", ["b"])]


def test_expressions_are_sent_as_sql_and_then_loaded(world: World) -> None:
    Thing = world.map("Thing", world.table("thing", Column("n", Integer)))
    session = world.session()
    one = Thing(n=literal(2) + 3)
    session.add(one)
    session.flush()
    assert one.n == 5
    one.n = Thing.n + 1
    session.flush()
    assert "n" not in one.__dict__
    assert one.n == 6
    one.n = select(func.max(Thing.n)).scalar_subquery()
    session.flush()
    assert one.n == 6


def test_objects_that_stand_for_a_clause_are_expressions(world: World) -> None:
    class Money:
        def __clause_element__(self) -> Any:
            return text("40 + 2")

    Thing = world.map("Thing", world.table("thing", Column("n", Integer)))
    session = world.session()
    one = Thing(n=Money())
    session.add(one)
    session.flush()
    assert one.n == 42
    one.n = Money()
    session.flush()
    assert one.n == 42


def test_a_key_may_be_an_expression(world: World) -> None:
    Thing = world.map("Thing", world.table("thing", named("name")))
    session = world.session()
    one = Thing(id=literal(5) + 10, name="a")
    session.add(one)
    session.flush()
    assert one.id == 15
    one.id = Thing.id + 1
    session.flush()
    assert one.id == 16
    assert session.get(Thing, 16) is one


def test_read_only_expressions_follow_a_flush(world: World) -> None:
    table = world.table("thing", named("a"), named("b"))
    Thing = world.map(
        "Thing", table, properties={"both": column_property(table.c.a + table.c.b)}
    )
    session = world.session()
    one = Thing(a="x", b="y")
    session.add(one)
    session.flush()
    assert one.both == "xy"
    one.b = "z"
    session.flush()
    assert one.both == "xz"
    one.b = "w"
    one.both = "mine"
    session.flush()
    assert one.both == "mine"


def test_a_column_named_like_a_parameter_is_no_trouble(world: World) -> None:
    table = world.table("book", named("book_id"), named("title", key="t"))
    Book = world.map("Book", table)
    session = world.session()
    book = Book(book_id="abc", t="x")
    session.add(book)
    session.flush()
    book.book_id, book.t = "def", "y"
    session.flush()
    assert world.rows(session, table) == [(1, "def", "y")]


def test_a_comparison_that_is_neither_true_nor_false_is_a_change(world: World) -> None:
    class Answer:
        """What some types' comparisons give; true as every object is."""

    class Word:
        def __init__(self, letters: str) -> None:
            self.letters = letters

        def __eq__(self, other: object) -> Any:
            return Answer()

        __hash__ = None  # type: ignore[assignment]

    class Words(TypeDecorator[Any]):
        impl = String
        cache_ok = True

        def process_bind_param(self, value: Any, dialect: Any) -> Any:
            return None if value is None else value.letters

        def process_result_value(self, value: Any, dialect: Any) -> Any:
            return None if value is None else Word(value)

    table = world.table("thing", Column("word", Words))
    Thing = world.map("Thing", table)
    session = world.session()
    one = Thing(word=Word("a"))
    session.add(one)
    session.commit()
    assert one.word.letters == "a"
    one.word = Word("b")
    session.flush()
    session.expire_all()
    assert one.word.letters == "b"


def test_an_insert_that_makes_no_row_is_noticed(world: World) -> None:
    Thing = world.map("Thing", world.table("thing", named("name")))
    engine = world.engine

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def nothing(*args: Any) -> Any:
        statement, parameters = args[2:4]
        if "RETURNING" in statement:
            return "UPDATE thing SET id=NULL WHERE 1=0 RETURNING id", ()
        return statement, parameters

    session = world.session()
    session.add_all([Thing(name="a"), Thing(name="b")])
    with pytest.raises(
        exc.FlushError,
        match=r"Multi-row INSERT statement for Mapper\[Thing\(thing\)\] did not produce",
    ):
        session.flush()


def test_keys_that_nobody_makes_give_cores_warning(world: World) -> None:
    table = world.table(
        "thing", Column("code", String, primary_key=True, nullable=False), named("name")
    )
    Thing = world.map("Thing", table)
    session = world.session()
    session.add(Thing(name="a"))
    with (
        pytest.warns(SAWarning, match="is marked as a member of the primary key"),
        pytest.raises(IntegrityError),
    ):
        session.flush()
