"""``composite()``: attributes that are objects made of several columns."""

import pickle
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Engine,
    Integer,
    MetaData,
    Table,
    delete,
    event,
    func,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import ArgumentError, InvalidRequestError

from ormolu import (
    Bundle,
    Composite,
    DeclarativeBase,
    Entity,
    Mapped,
    MappedAsDataclass,
    Session,
    aliased,
    composite,
    configure_mappers,
    defer,
    load_only,
    mapped_column,
    registry,
    synonym,
    undefer_group,
)
from ormolu.attributes import get_history
from tests.orm.conftest import MakeEngine
from tests.orm.models import Mode
from tests.orm.recording import Recorder

ROWS = "INSERT INTO edge VALUES (1, 1, 2, 3, 4), (2, NULL, NULL, 5, 6);"
LOAD = "SELECT edge.id, edge.x1, edge.y1, edge.x2, edge.y2 FROM edge WHERE edge.id = ?"


class Point:
    """A composite class that says what its values are."""

    def __init__(self, x: Any, y: Any) -> None:
        self.x, self.y = x, y

    def __composite_values__(self) -> tuple[Any, Any]:
        return self.x, self.y

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and (self.x, self.y) == (other.x, other.y)


@dataclass
class Vector:
    """A composite class whose fields are its values."""

    x: int
    y: int


@pytest.fixture
def edges(mode: Mode) -> Any:
    metadata = MetaData()
    columns = [Column(name, Integer) for name in ("x1", "y1", "x2", "y2")]
    table = Table("edge", metadata, Column("id", Integer, primary_key=True), *columns)
    bases = (Entity,) if mode == "embedded" else ()
    Edge = type("Edge", bases, {"metadata": metadata})
    registry(metadata=metadata).map_imperatively(
        Edge,
        table,
        properties={
            "start": composite(Point, table.c.x1, table.c.y1),
            "end": composite(Vector, "x2", "y2"),
        },
    )
    return Edge


@pytest.fixture
def engine(edges: Any, make_engine: MakeEngine) -> Engine:
    return make_engine(edges.metadata, ROWS)


def test_an_object_is_made_of_the_columns_and_kept(
    session: Session, edges: Any, sql: Recorder
) -> None:
    edge = session.get_one(edges, 1)
    assert sql.take_sql() == [LOAD]
    with sql.silence():
        assert (edge.start, edge.end) == (Point(1, 2), Vector(3, 4))
        assert edge.start is edge.start
    edge.start.x = 99
    assert edge.start.x == 99  # it is the same object, and nobody knows
    assert edge not in session.dirty


def test_a_new_object_has_one(edges: Any) -> None:
    assert edges().start == Point(None, None)
    edge = edges(start=Point(1, 2), end=Vector(3, 4))
    assert (edge.x1, edge.y1, edge.x2, edge.y2) == (1, 2, 3, 4)
    assert edges(x1=5, y1=6).start == Point(5, 6)


def test_a_new_value_is_written_to_the_columns(
    session: Session, edges: Any, sql: Recorder
) -> None:
    edge = session.get_one(edges, 1)
    given = edge.start = Point(1, 9)
    assert (edge.x1, edge.y1, edge.start) == (1, 9, given)
    assert edge in session.dirty
    sql.clear()
    session.flush()
    assert sql.take() == [("UPDATE edge SET y1=? WHERE edge.id = ?", (9, 1))]
    assert edge.start is given
    session.rollback()
    assert edge.start == Point(1, 2)


def test_columns_that_changed_make_a_new_one_when_they_are_flushed(
    session: Session, edges: Any
) -> None:
    edge = session.get_one(edges, 1)
    assert edge.start == Point(1, 2)
    edge.x1 = 7
    assert edge.start == Point(1, 2)
    session.flush()
    assert edge.start == Point(7, 2)


def test_none_and_deletion_set_the_columns_to_null(
    session: Session, edges: Any
) -> None:
    edge = session.get_one(edges, 1)
    edge.start = None
    assert (edge.x1, edge.y1, edge.start) == (None, None, None)
    session.flush()
    assert edge.start == Point(None, None)
    del edge.end
    assert (edge.x2, edge.end) == (None, Vector(None, None))  # type: ignore[arg-type]  # NULLs


@pytest.mark.parametrize("names", [None, ["start"], ["x1"]])
@pytest.mark.parametrize("how", ["expire", "refresh"])
def test_what_is_expired_or_refreshed_is_made_anew(
    session: Session, edges: Any, how: str, names: Any
) -> None:
    edge = session.get_one(edges, 1)
    edge.start.x = 99
    getattr(session, how)(edge, names)
    assert edge.start == Point(1, 2)


def test_history(session: Session, edges: Any) -> None:
    edge = session.get_one(edges, 1)
    state = inspect(edge).attrs.start
    assert tuple(state.history) == ((), [Point(1, 2)], ())
    assert state.loaded_value == state.value == Point(1, 2)
    edge.start = Point(1, 2)
    assert not session.is_modified(edge)
    edge.start = Point(7, 8)
    assert tuple(get_history(edge, "start")) == ([Point(7, 8)], (), [Point(1, 2)])


def test_listeners_hear_of_new_values(session: Session, edges: Any) -> None:
    heard = []
    event.listen(edges.start, "set", lambda obj, new, old, _: heard.append((new, old)))
    edge = session.get_one(edges, 1)
    edge.start = Point(5, 6)
    edge.start = None
    assert heard == [(Point(5, 6), Point(1, 2)), (None, Point(5, 6))]


@pytest.mark.parametrize(
    ("compare", "found"),
    [
        (lambda start: start == Point(1, 2), [1]),
        (lambda start: start != Point(2, 3), [1]),
        (lambda start: start == None, [2]),  # noqa: E711
        (lambda start: start != None, [1]),  # noqa: E711
        (lambda start: start < Point(5, 5), [1]),
        (lambda start: start <= Point(1, 2), [1]),
        (lambda start: start > Point(0, 0), [1]),
        (lambda start: start >= Point(2, 2), []),
        (lambda start: ~(start == Point(1, 2)), []),
    ],
)
def test_comparisons_go_column_by_column(
    session: Session, edges: Any, compare: Any, found: list[int]
) -> None:
    other = aliased(edges)
    for entity in (edges, other):
        statement = select(entity.id).where(compare(entity.start))
        assert session.scalars(statement).all() == found


def test_other_operators_are_refused(edges: Any) -> None:
    with pytest.raises(NotImplementedError, match="composites have no such operator"):
        edges.start.in_([Point(1, 2)])
    with pytest.raises(
        InvalidRequestError, match="Point is not a dataclass and does not"
    ):
        select(edges).where(edges.start == (1, 2))


def test_a_comparator_adds_operators() -> None:
    class ByFirst(Composite.Comparator[Any]):
        def __gt__(self, other: Any) -> Any:
            return self.__clause_element__().clauses[0] > other.x

    class Base(DeclarativeBase):
        pass

    class Edge(Base):
        __tablename__ = "edge"
        id: Mapped[int] = mapped_column(primary_key=True)
        start: Mapped[Vector] = composite(
            mapped_column("x1"), mapped_column("y1"), comparator_factory=ByFirst
        )

    statement = select(Edge.id).where(Edge.start > Vector(1, 2))
    assert str(statement.whereclause) == "edge.x1 > :x1_1"


def test_selected_alone_it_is_an_object(session: Session, edges: Any) -> None:
    edge = edges
    rows = session.execute(
        select(edge.id, edge.start, edge.end).order_by(edge.id)
    ).all()
    assert rows[0] == (1, Point(1, 2), Vector(3, 4))
    assert rows[1].start == Point(None, None)
    assert session.scalars(select(aliased(edge).end)).first() == Vector(3, 4)
    assert session.query(edge.start).first() == (Point(1, 2),)
    labelled = session.execute(select(edge.start.label("place"))).first()
    assert labelled is not None
    assert labelled.place == Point(1, 2)
    ((bundle,),) = session.execute(select(Bundle("b", edge.id, edge.end)).limit(1))
    assert bundle == (1, Vector(3, 4))


def test_its_columns_are_selected(session: Session, edges: Any) -> None:
    clauses = edges.start.clauses, edges.id, edges.end.clauses
    row = session.execute(select(*clauses)).first()
    assert row == (1, 2, 1, 3, 4)
    assert row._mapping[edges.y2] == 4
    assert list(row._mapping) == ["x1", "y1", "id", "x2", "y2"]
    assert session.query(*clauses).first() == (1, 2, 1, 3, 4)
    assert session.query(edges.start.clauses).first() == (1, 2)
    names = [item["name"] for item in select(*clauses).column_descriptions]
    assert names == ["x1", "y1", "id", "x2", "y2"]


def test_sorted_and_grouped_by_its_columns(edges: Any) -> None:
    descending = select(edges.id).order_by(edges.end.desc())
    assert str(descending).endswith("ORDER BY edge.x2 DESC, edge.y2 DESC")
    statement = select(func.count()).group_by(edges.start).order_by(edges.end)
    assert str(statement).endswith(
        "GROUP BY edge.x1, edge.y1 ORDER BY edge.x2, edge.y2"
    )


@pytest.mark.parametrize("how", ["auto", "evaluate", "fetch"])
def test_update_and_delete_with_criteria(
    session: Session, edges: Any, how: str
) -> None:
    edge, other = session.get_one(edges, 1), session.get_one(edges, 2)
    options = {"synchronize_session": how}
    statement = update(edges).where(edges.start == Point(1, 2))
    session.execute(
        statement.values({edges.start: Point(8, 9)}), execution_options=options
    )
    assert (edge.x1, edge.start) == (8, Point(8, 9))
    session.execute(update(edges).values(end=Vector(0, 0)), execution_options=options)
    assert (edge.end, other.end) == (Vector(0, 0), Vector(0, 0))
    session.execute(
        delete(edges).where(edges.start == Point(8, 9)), execution_options=options
    )
    assert edge not in session
    with pytest.raises(
        ArgumentError, match="Can't UPDATE composite attribute Edge.start"
    ):
        session.execute(update(edges).values({edges.start: 5}))


def test_rows_in_bulk(session: Session, edges: Any, sql: Recorder) -> None:
    session.execute(insert(edges), [{"id": 3, "start": Point(1, 1)}])
    session.execute(update(edges), [{"id": 3, "end": Vector(2, 2)}])
    session.bulk_insert_mappings(edges, [{"id": 4, "end": Vector(3, 3)}])
    session.bulk_update_mappings(edges, [{"id": 4, "start": Point(4, 4), "x2": 5}])
    session.execute(insert(edges).values(id=5, start=Point(6, 6)))
    found = select(edges.id, edges.start, edges.end).where(edges.id > 2)
    assert session.execute(found.order_by(edges.id)).all() == [
        (3, Point(1, 1), Vector(2, 2)),
        (4, Point(4, 4), Vector(5, 3)),
        (5, Point(6, 6), Vector(None, None)),  # type: ignore[arg-type]  # NULLs
    ]
    returning = update(edges).where(edges.id == 5).values(x1=7).returning(edges.start)
    assert session.scalars(returning).all() == [Point(7, 6)]


def test_options_name_all_of_its_columns(
    session: Session, edges: Any, sql: Recorder
) -> None:
    options = defer(edges.start), load_only(edges.end)
    for option in options:
        edge = session.get_one(edges, 1, options=[option])
        assert sql.take_sql() == [
            "SELECT edge.id, edge.x2, edge.y2 FROM edge WHERE edge.id = ?"
        ]
        assert edge.start == Point(1, 2)
        session.expunge_all()
        sql.clear()


def test_merging_and_pickling(session: Session, edges: Any) -> None:
    merged = session.merge(edges(id=1, start=Point(5, 6)))
    assert (merged.start, merged.end) == (Point(5, 6), Vector(3, 4))
    assert inspect(edges).composites.keys() == ["start", "end"]


class PickleBase(DeclarativeBase):
    pass


class Pickled(PickleBase):
    __tablename__ = "pickled"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[Vector] = composite(mapped_column("x"), mapped_column("y"))


def test_a_pickled_instance_makes_its_own() -> None:
    instance = Pickled(at=Vector(1, 2))
    loaded = pickle.loads(pickle.dumps(instance))
    assert loaded.at == Vector(1, 2)
    assert loaded.at is not instance.at


def test_declared_in_every_way(make_engine: MakeEngine) -> None:
    class Base(MappedAsDataclass, DeclarativeBase):
        pass

    class Shape(Base):
        __tablename__ = "shape"
        id: Mapped[int] = mapped_column(primary_key=True, init=False)
        a: Mapped[Vector] = composite(mapped_column("ax"), mapped_column("ay"))
        b: Mapped[Vector | None] = composite(
            mapped_column("bx", nullable=True),
            mapped_column("by", nullable=True),
            default=None,
        )

    with Session(make_engine(Base.metadata)) as session:
        shape = Shape(a=Vector(1, 2))
        session.add(shape)
        session.commit()
        assert (shape.a, shape.b) == (Vector(1, 2), None)
        shape.b = Vector(3, 4)
        session.commit()
        assert (
            session.scalars(select(Shape).where(Shape.b == Vector(3, 4))).one() is shape
        )


def test_deferred_in_a_group_with_none_by_choice(
    make_engine: MakeEngine, sql: Recorder
) -> None:
    class Base(DeclarativeBase):
        pass

    class Spot(Base):
        __tablename__ = "spot"
        id: Mapped[int] = mapped_column(primary_key=True)
        x: Mapped[int] = mapped_column()
        y: Mapped[int] = mapped_column()
        at = composite(
            Point, x, y, deferred=True, group="g", return_none_on=lambda x, y: x == 0
        )
        also = synonym("at")

    with Session(
        make_engine(Base.metadata, "INSERT INTO spot VALUES (1, 1, 2), (2, 0, 1);")
    ) as session:
        first, second = session.scalars(select(Spot).order_by(Spot.id)).all()
        assert sql.take_sql() == ["SELECT spot.id FROM spot ORDER BY spot.id"]
        assert (first.at, first.also, second.at) == (Point(1, 2), Point(1, 2), None)
        assert len(sql.take_sql()) == 2
        session.expunge_all()
        session.scalars(select(Spot).options(undefer_group("g"))).all()
        assert sql.take_sql() == ["SELECT spot.id, spot.x, spot.y FROM spot"]


@pytest.mark.parametrize("kind", [Point, Vector])
def test_a_key_may_be_a_composite(make_engine: MakeEngine, kind: Any) -> None:
    class Base(DeclarativeBase):
        pass

    class Cell(Base):
        __tablename__ = "cell"
        x: Mapped[int] = mapped_column(primary_key=True)
        y: Mapped[int] = mapped_column(primary_key=True)
        at = composite(kind, x, y)

    with Session(
        make_engine(Base.metadata, "INSERT INTO cell VALUES (1, 2);")
    ) as session:
        assert session.get_one(Cell, kind(1, 2)).at == kind(1, 2)


@pytest.mark.parametrize(
    ("attr", "error", "message"),
    [
        ("nothing", InvalidRequestError, "has no property 'nothing'"),
        ((), ArgumentError, "Composite expects Column objects or mapped attributes"),
    ],
)
def test_what_is_no_column_is_refused(attr: Any, error: Any, message: str) -> None:
    class Base(DeclarativeBase):
        pass

    table = Table("spot", Base.metadata, Column("id", Integer, primary_key=True))
    Spot = type("Spot", (), {})
    Base.registry.map_imperatively(
        Spot, table, properties={"at": composite(Point, attr, "id")}
    )
    with pytest.raises(error, match=message):
        configure_mappers()
    Base.registry.dispose()


@pytest.mark.parametrize(
    "template", ["", "home", "home_%", "%s_%s", "%(name)s", "%d", 5]
)
def test_a_template_has_one_place_for_a_name(template: Any) -> None:
    with pytest.raises(ArgumentError, match="is not a valid template"):
        composite(column_template=template)


@pytest.mark.parametrize("template", ["%s", "home_%s", "%%_%s", None])
def test_templates(template: Any) -> None:
    assert composite(column_template=template).column_template == template


def test_attributes_tell_their_history(session: Session, edges: Any) -> None:
    edge = session.get(edges, 1)
    edge.start = Point(7, 8)
    assert edges.start.get_history(edge) == ([Point(7, 8)], (), [Point(1, 2)])
    assert edges.x1.get_history(edge) == ([7], (), [1])
    assert aliased(edges).x1.get_history(edge) == ([7], (), [1])


def shown(obj: Any) -> set[str]:
    return {key for key in vars(obj) if not key.startswith("_")}


def test_the_dict_of_an_instance_shows_it(session: Session, edges: Any) -> None:
    edge = session.scalars(select(edges).options(defer(edges.x2))).first()
    assert edge is not None
    assert shown(edge) == {"id", "x1", "y1", "y2", "start"}
    assert vars(edge)["start"] is edge.start
    assert edge.end == Vector(3, 4)
    assert shown(edge) == {"id", "x1", "y1", "x2", "y2", "start", "end"}
    session.expire(edge, ["x1"])
    assert shown(edge) == {"id", "y1", "x2", "y2", "end"}
    session.refresh(edge)
    assert vars(edge)["start"] == Point(1, 2)


def test_removed_from_the_dict_it_is_made_anew(edges: Any) -> None:
    edge = edges()
    assert edge.start == Point(None, None)
    edge.x1 = 5
    assert edge.start == Point(None, None)  # which may be changed in place
    assert vars(edge).pop("start") == Point(None, None)
    assert edge.start == Point(5, None)


def test_subclasses_forget_what_was_changed_in_place(make_engine: MakeEngine) -> None:
    class Base(DeclarativeBase):
        pass

    class Shape(Base):
        __tablename__ = "shape"
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str]
        at: Mapped[Vector] = composite(mapped_column("x"), mapped_column("y"))
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "shape"}

    class Circle(Shape):
        __mapper_args__ = {"polymorphic_identity": "circle"}

    with Session(make_engine(Base.metadata)) as session:
        circle = Circle(at=Vector(1, 2))
        session.add(circle)
        session.commit()
        circle.at.x = 7
        session.refresh(circle)
        assert circle.at == Vector(1, 2)


def test_a_merge_makes_it_of_the_merged_columns(session: Session, edges: Any) -> None:
    edge = session.get_one(edges, 1)
    assert edge.start == Point(1, 2)
    assert session.merge(edges(id=1, x1=5)) is edge
    assert edge.start == Point(5, 2)


def test_a_default_sets_the_columns() -> None:
    class Base(MappedAsDataclass, DeclarativeBase):
        pass

    class Shape(Base):
        __tablename__ = "shape"
        id: Mapped[int] = mapped_column(primary_key=True, init=False)
        at: Mapped[Vector] = composite(default=None)

    assert Shape().at is None
    assert vars(Shape())["x"] is None


def test_none_by_an_annotation_that_names_the_class() -> None:
    class Base(DeclarativeBase):
        pass

    class Shape(Base):
        __tablename__ = "shape"
        id: Mapped[int] = mapped_column(primary_key=True)
        a: Mapped[Vector | None] = composite(column_template="a_%s")
        b: Mapped[Vector | None] = composite(Vector, column_template="b_%s")

    assert Shape().a is None
    assert Shape().b == Vector(None, None)  # type: ignore[arg-type]  # NULLs
