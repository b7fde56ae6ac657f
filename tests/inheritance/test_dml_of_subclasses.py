"""DML of inheriting classes where SQLAlchemy has no answer, or another one."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    Engine,
    ForeignKey,
    ForeignKeyConstraint,
    Uuid,
    case,
    delete,
    func,
    insert,
    inspect,
    literal,
    select,
    update,
)
from sqlalchemy.exc import CompileError, InvalidRequestError

import ormolu
from ormolu import (
    Bundle,
    DeclarativeBase,
    Mapped,
    Session,
    aliased,
    column_property,
    composite,
    mapped_column,
)
from ormolu.exc import StaleDataError
from tests.inheritance.dml_worlds import World, build
from tests.orm.models import create_script
from tests.orm.recording import Lane, Recorder, sqlite_engine


class Size:
    """A value of two columns."""

    def __init__(self, width: int | None, height: int | None) -> None:
        self.pair = (width, height)

    def __composite_values__(self) -> tuple[int | None, int | None]:
        return self.pair

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Size) and other.pair == self.pair

    __hash__ = None  # type: ignore[assignment]


def declare() -> Any:
    """Declare the classes of this module."""

    class Base(DeclarativeBase):
        """What the classes of this module are derived from."""

    class Paper(Base):
        """Keys of the user's own, and versions."""

        __tablename__ = "paper"
        key: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
        kind: Mapped[str]
        version: Mapped[int] = mapped_column()
        name: Mapped[str | None]
        __mapper_args__ = {
            "polymorphic_on": "kind",
            "polymorphic_identity": "paper",
            "version_id_col": version,
        }

    class Poster(Paper):
        """A key of another name, and a value of two columns."""

        __tablename__ = "poster"
        poster_key: Mapped[UUID] = mapped_column(
            ForeignKey("paper.key"), primary_key=True
        )
        width: Mapped[int | None]
        height: Mapped[int | None]
        size: Mapped[Size] = composite("width", "height")
        __mapper_args__ = {"polymorphic_identity": "poster"}

    class Seat(Base):
        """A key of two columns."""

        __tablename__ = "seat"
        row: Mapped[int] = mapped_column(primary_key=True)
        number: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str]
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "seat"}

    class Sofa(Seat):
        """The same in the other order."""

        __tablename__ = "sofa"
        n: Mapped[int] = mapped_column(primary_key=True)
        r: Mapped[int] = mapped_column(primary_key=True)
        color: Mapped[str | None]
        __table_args__ = (
            ForeignKeyConstraint(["r", "n"], ["seat.row", "seat.number"]),
        )
        __mapper_args__ = {"polymorphic_identity": "sofa"}

    class Word(Base):
        """An expression tells the class."""

        __tablename__ = "word"
        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str] = mapped_column()
        note: Mapped[str | None]
        is_verb = column_property(case((text.like("to %"), "verb"), else_="word"))
        __mapper_args__ = {"polymorphic_on": is_verb, "polymorphic_identity": "word"}

    class Verb(Word):
        """In the table of the words."""

        __mapper_args__ = {"polymorphic_identity": "verb"}

    return SimpleNamespace(
        Base=Base, Paper=Paper, Poster=Poster, Sofa=Sofa, Word=Word, Verb=Verb
    )


@pytest.fixture(scope="module")
def m() -> Any:
    """The declared classes."""
    return declare()


@pytest.fixture(scope="module", params=["embedded", "adopted"])
def w(request: pytest.FixtureRequest) -> World:
    """The classes of the comparisons with SQLAlchemy."""
    return build(ormolu, embedded=request.param == "embedded")


@pytest.fixture(params=["core", "fast"])
def lane(request: pytest.FixtureRequest) -> Lane:
    """Whether somebody listens to the engine's cursors or nobody does."""
    value: Lane = request.param
    return value


@pytest.fixture
def sql() -> Recorder:
    """The statements that reach the database."""
    return Recorder()


@pytest.fixture
def engine(m: Any, w: World, lane: Lane, sql: Recorder) -> Iterator[Engine]:
    script = create_script(w.metadata) + create_script(m.Base.metadata)
    engine = sqlite_engine(lane, sql, script)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    session = Session(engine)
    yield session
    session.close()


def stored(session: Session, *columns: Any) -> list[tuple[Any, ...]]:
    """Rows of the database, whatever the session has."""
    query = select(*columns).order_by(columns[0])
    return [tuple(row) for row in session.connection().execute(query)]


# -- INSERT ----------------------------------------------------------------------------


def test_each_table_gets_its_part_of_the_rows(
    session: Session, w: World, sql: Recorder
) -> None:
    rows = [{"id": i, "name": f"n{i}", "tool": f"t{i}", "hat": "h"} for i in (1, 2)]
    session.execute(insert(w.Chief), rows)
    sent = sql.take()
    assert sent[-1] == (
        "INSERT INTO chief (chief_id, hat) VALUES (?, ?)",
        [(1, "h"), (2, "h")],
    )
    chiefs = session.scalars(select(w.Chief).order_by(w.Chief.id)).all()
    assert [(c.id, c.chief_id, c.kind, c.name, c.tool, c.hat) for c in chiefs] == [
        (1, 1, "chief", "n1", "t1", "h"),
        (2, 2, "chief", "n2", "t2", "h"),
    ]


def test_rows_come_back_in_order_from_all_tables(session: Session, w: World) -> None:
    rows = [{"name": f"n{i}", "tool": f"t{i}", "hat": f"h{i}"} for i in range(300)]
    C = w.Chief
    result = session.execute(insert(C).returning(C.hat, C.name, C.tool, C.id), rows)
    assert result.all() == [(f"h{i}", f"n{i}", f"t{i}", i + 1) for i in range(300)]


def test_the_base_class_comes_back(session: Session, w: World) -> None:
    (found,) = session.scalars(
        insert(w.Engineer).returning(w.Person), [{"name": "a", "tool": "b"}]
    )
    assert type(found) is w.Engineer
    assert (found.name, found.tool) == ("a", "b")


def test_what_is_of_no_table_comes_back_once(session: Session, w: World) -> None:
    statement = insert(w.Engineer).returning(literal("q"), w.Engineer.tool)
    assert session.execute(statement, [{"tool": "a"}, {"tool": "b"}]).all() == [
        ("q", "a"),
        ("q", "b"),
    ]


def test_bundles_of_columns_of_two_tables(session: Session, w: World) -> None:
    bundle: Any = Bundle("pair", w.Engineer.tool, w.Engineer.name)
    statement = insert(w.Engineer).returning(bundle)
    (row,) = session.scalars(statement, [{"tool": "t", "name": "n"}])
    assert tuple(row) == ("t", "n")


def test_unknown_values_are_refused(session: Session, w: World) -> None:
    statement = insert(w.Engineer).values(bogus=func.lower("x"))
    with pytest.raises(CompileError, match="Unconsumed column names: bogus"):
        session.execute(statement, [{"name": "a"}])


def test_backends_without_returning_of_many_rows(session: Session, w: World) -> None:
    dialect: Any = session.get_bind().dialect
    dialect.insert_executemany_returning_sort_by_parameter_order = False
    statement = insert(w.Engineer).returning(w.Engineer)
    with pytest.raises(
        InvalidRequestError,
        match="with RETURNING and sort by parameter order is not enabled",
    ):
        session.execute(statement, [{"name": "a"}, {"name": "b"}])


def papers() -> list[dict[str, Any]]:
    return [{"key": UUID(int=i), "name": f"n{i}", "size": Size(i, 9)} for i in (2, 1)]


def test_keys_and_values_of_types(m: Any, session: Session) -> None:
    statement = insert(m.Poster).returning(m.Poster)
    found = session.scalars(statement, papers()).all()
    assert [(p.key, p.poster_key, p.size, p.version, p.kind) for p in found] == [
        (UUID(int=2), UUID(int=2), Size(2, 9), 1, "poster"),
        (UUID(int=1), UUID(int=1), Size(1, 9), 1, "poster"),
    ]
    columns = insert(m.Poster).returning(
        m.Poster.poster_key, m.Poster.size, m.Poster.key
    )
    row = {"key": UUID(int=3), "size": Size(None, 1)}
    assert session.execute(columns, [row]).all() == [
        (UUID(int=3), Size(None, 1), UUID(int=3))
    ]


def test_mappings_are_given_the_keys_of_all_tables(m: Any, session: Session) -> None:
    rows = [{"row": 1, "number": 2, "color": "c"}]
    session.bulk_insert_mappings(m.Sofa, rows, return_defaults=True)
    assert rows == [{"row": 1, "number": 2, "color": "c", "n": 2, "r": 1}]
    assert stored(session, m.Sofa.__table__.c.r, m.Sofa.__table__.c.n) == [(1, 2)]


def test_objects_of_a_class_go_together(
    session: Session, w: World, sql: Recorder
) -> None:
    objects = [w.Engineer(), w.Person(), w.Engineer()]
    session.bulk_save_objects(objects, preserve_order=False)
    tables = [sent.split()[2] for sent in sql.take_sql()]
    assert [t for t, u in zip(tables, ["", *tables], strict=False) if t != u] == [
        "person",
        "engineer",
        "person",
    ]
    assert [inspect(o).persistent for o in objects] == [False] * 3


# -- UPDATE and DELETE -----------------------------------------------------------------


def test_objects_are_updated_in_all_tables(
    m: Any, session: Session, sql: Recorder
) -> None:
    poster = m.Poster(key=UUID(int=1), name="a", size=Size(1, 1))
    session.add(poster)
    session.commit()
    assert poster.size == Size(1, 1)
    poster.size = Size(7, 8)
    sql.clear()
    session.bulk_save_objects([poster])
    key = UUID(int=1).hex
    assert sql.take() == [
        (
            'UPDATE paper SET version=? WHERE paper."key" = ? AND paper.version = ?',
            (2, key, 1),
        ),
        (
            "UPDATE poster SET width=?, height=? WHERE poster.poster_key = ?",
            (7, 8, key),
        ),
    ]


def test_objects_of_unknown_versions_are_not_updated(m: Any, session: Session) -> None:
    poster = m.Poster(key=UUID(int=1), name="a")
    session.add(poster)
    session.commit()
    poster.name = "b"
    with pytest.raises(InvalidRequestError, match="No version given for column"):
        session.bulk_save_objects([poster])


def test_versions_are_those_of_the_base_table(m: Any, session: Session) -> None:
    session.execute(insert(m.Poster), papers())
    row = {"key": UUID(int=1), "poster_key": UUID(int=1), "name": "x", "width": 3}
    session.execute(update(m.Poster), [{**row, "version": 1}])
    with pytest.raises(StaleDataError, match="expected to update 1 row"):
        session.execute(update(m.Poster), [{**row, "version": 1}])
    assert stored(session, m.Paper.__table__.c.key, m.Paper.__table__.c.version) == [
        (UUID(int=1), 2),
        (UUID(int=2), 1),
    ]


@pytest.mark.parametrize("strategy", ["evaluate", "fetch"])
def test_keys_of_two_columns_find_the_objects(
    m: Any, session: Session, strategy: str
) -> None:
    sofas = [m.Sofa(row=1, number=i, color="c") for i in (1, 2)]
    session.add_all(sofas)
    session.commit()
    assert [s.color for s in sofas] == ["c", "c"]
    options = {"synchronize_session": strategy}
    statement = update(m.Sofa).values(color="d").where(m.Sofa.n == 2)
    session.execute(statement, execution_options=options)
    assert [s.color for s in sofas] == ["c", "d"]
    session.execute(delete(m.Sofa).where(m.Sofa.n == 1), execution_options=options)
    assert [s in session for s in sofas] == [False, True]


@pytest.mark.parametrize("strategy", ["auto", "evaluate", "fetch", False])
def test_an_expression_tells_the_rows_of_a_class(
    m: Any, session: Session, strategy: Any
) -> None:
    words = [m.Verb(text="to go"), m.Word(text="sea")]
    session.add_all(words)
    session.commit()
    assert [word.note for word in words] == [None, None]
    session.execute(
        update(m.Verb).values(note="n"),
        execution_options={"synchronize_session": strategy},
    )
    assert stored(session, m.Word.__table__.c.text, m.Word.__table__.c.note) == [
        ("sea", None),
        ("to go", "n"),
    ]
    assert [word.note for word in words] == ["n" if strategy else None, None]


@pytest.mark.parametrize("strategy", ["auto", "evaluate", "fetch"])
def test_an_alias_has_the_criterion_of_its_class(
    session: Session, w: World, sql: Recorder, strategy: str
) -> None:
    pets = [w.Pet(name="p"), w.Dog(name="d"), w.Puppy(name="q")]
    session.add_all(pets)
    session.commit()
    assert [p.name for p in pets] == ["p", "d", "q"]
    sql.clear()
    session.execute(
        update(aliased(w.Dog)).values(name="x"),
        execution_options={"synchronize_session": strategy},
    )
    assert sql.take_sql()[-1] == (
        "UPDATE pet AS pet_1 SET name=? WHERE pet_1.kind IN (?, ?)"
    )
    assert [p.name for p in pets] == ["p", "x", "x"]


@pytest.mark.parametrize("strategy", ["evaluate", "fetch"])
def test_objects_of_concrete_classes_are_left_alone(
    session: Session, w: World, strategy: str
) -> None:
    shapes = [w.Shape(label="s"), w.Circle(label="c")]
    session.add_all(shapes)
    session.commit()
    assert [s.label for s in shapes] == ["s", "c"]
    options = {"synchronize_session": strategy}
    session.execute(update(w.Shape).values(label="n"), execution_options=options)
    assert [s.label for s in shapes] == ["n", "c"]
    session.execute(delete(w.Shape), execution_options=options)
    assert [s in session for s in shapes] == [False, True]


def test_expressions_of_bulk_updates_expire_what_they_set(
    session: Session, w: World
) -> None:
    dogs = [w.Dog(name="a"), w.Puppy(name="b")]
    session.add_all(dogs)
    session.commit()
    rows = [{"id": dog.id, "bark": "w"} for dog in dogs]
    session.execute(update(w.Dog).values(name=func.upper("c")), rows)
    assert [(dog.name, dog.bark) for dog in dogs] == [("C", "w"), ("C", "w")]


def test_bulk_updates_of_a_subclass_bring_its_objects_up_to_date(
    session: Session, w: World
) -> None:
    chief = w.Chief(name="a", tool="b", hat="c")
    session.add(chief)
    session.commit()
    assert (chief.name, chief.tool, chief.hat) == ("a", "b", "c")
    session.execute(update(w.Engineer), [{"id": chief.id, "name": "x", "tool": "y"}])
    assert (chief.name, chief.tool, chief.hat) == ("x", "y", "c")
    assert not session.dirty


def test_selects_find_the_keys_where_nothing_returns_them(
    session: Session, w: World, sql: Recorder
) -> None:
    chief = w.Chief(name="a", tool="b", hat="c")
    session.add(chief)
    session.commit()
    assert chief.hat == "c"
    dialect: Any = session.get_bind().dialect
    dialect.update_returning = False
    sql.clear()
    session.execute(
        update(w.Chief).values(hat="d").where(w.Chief.hat == "c"),
        execution_options={"synchronize_session": "fetch"},
    )
    assert sql.take_sql() == [
        "SELECT engineer.id FROM person JOIN engineer ON person.id = engineer.id "
        "JOIN chief ON engineer.id = chief.chief_id WHERE chief.hat = ?",
        "UPDATE chief SET hat=? WHERE chief.hat = ?",
    ]
    assert chief.hat == "d"
