"""A hierarchy that is selected in several ways, mapped by either of two libraries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    LABEL_STYLE_TABLENAME_PLUS_COL,
    Column,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    select,
)

from ormolu import Entity
from tests.orm.recording import Recorder, listen, one_line

ROWS = """
INSERT INTO company VALUES (1, 'acme'), (2, 'bits');
INSERT INTO person VALUES (1, 1, 'ed', 'engineer'), (2, 1, 'al', 'engineer'),
    (3, 1, 'bo', 'boss'), (4, 1, 'mo', 'manager'), (5, 2, 'eve', 'engineer');
INSERT INTO engineer VALUES (1, 'r', 'c'), (2, 'r', 'ada'), (5, 'x', 'lisp');
INSERT INTO manager VALUES (3, 'r', 'chief'), (4, 'x', 'head');
INSERT INTO boss VALUES (3, 7);
INSERT INTO machine VALUES (1, 'pdp', 1), (2, 'vax', 1), (3, 'cray', 5), (4, 'pc', 2);
INSERT INTO paper VALUES (1, 'tps', 1), (2, 'memo', 1), (3, 'tps', 2), (4, 'plan', 3),
    (5, 'plan', 4), (6, 'poem', 5);
"""

WAYS = ("tables", "joined", "union", "subquery")
"""What the base class is selected from: its table alone, the tables of all its
descendants, the union of theirs, or a subquery that joins them."""


@dataclass
class World:
    """The classes as one library has them mapped."""

    orm: Any
    engine: Engine
    metadata: MetaData
    classes: dict[str, Any] = field(default_factory=dict)
    sql: Recorder = field(default_factory=Recorder)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.classes[name]
        except KeyError:
            raise AttributeError(name) from None


Program = Callable[[World, Any], Any]


def build(orm: Any, way: str, embedded: bool = False) -> World:
    """Map the classes anew, in a database of their own."""
    metadata = MetaData()
    engine = create_engine("sqlite://")
    world = World(orm, engine, metadata)
    _add_tables(metadata)
    metadata.create_all(engine)
    with engine.connect() as connection:
        connection.connection.driver_connection.executescript(ROWS)
    _map(world, way, Entity if embedded else object)
    listen(engine, world.sql)
    return world


def _key(target: str | None = None) -> Column[Any]:
    foreign = () if target is None else (ForeignKey(target),)
    return Column("id", Integer, *foreign, primary_key=True)


def _text(name: str) -> Column[Any]:
    return Column(name, String(20))


def _to(name: str, target: str) -> Column[Any]:
    return Column(name, ForeignKey(target))


def _add_tables(metadata: MetaData) -> None:
    Table("company", metadata, _key(), _text("name"))
    employer = _to("company_id", "company.id")
    Table("person", metadata, _key(), employer, _text("name"), _text("type"))
    of_person = "person.id"
    Table("engineer", metadata, _key(of_person), _text("status"), _text("language"))
    Table("manager", metadata, _key(of_person), _text("status"), _text("title"))
    boss_key = Column("boss_id", ForeignKey("manager.id"), primary_key=True)
    Table("boss", metadata, boss_key, Column("handicap", Integer))
    engineer = _to("engineer_id", "engineer.id")
    Table("machine", metadata, _key(), _text("name"), engineer)
    Table("paper", metadata, _key(), _text("text"), _to("person_id", of_person))


def _selected(world: World, way: str, person: Any, engineer: Any, manager: Any) -> Any:
    """``with_polymorphic`` of the base class, and of the managers."""
    tables = world.metadata.tables
    if way == "tables":
        return None, None
    if way == "joined":
        return "*", "*"
    people, managers = tables["person"], tables["manager"]
    of_managers = people.join(managers).outerjoin(tables["boss"])
    classes = [person, manager, engineer]
    if way == "union":
        parts = {
            "engineer": people.join(tables["engineer"]),
            "manager": people.join(managers),
        }
        union = world.orm.polymorphic_union(parts, None, "pjoin")
        return (classes, union), ("*", of_managers)
    joined = people.outerjoin(tables["engineer"]).outerjoin(managers)
    style = LABEL_STYLE_TABLENAME_PLUS_COL
    subquery = (
        select(people, tables["engineer"], managers)
        .select_from(joined)
        .set_label_style(style)
        .subquery("pjoin")
    )
    managing = of_managers.select().set_label_style(style).subquery("mjoin")
    return (classes, subquery), ("*", managing)


def _map(world: World, way: str, root: Any) -> None:
    tables = world.metadata.tables
    registry = world.orm.registry(metadata=world.metadata)
    relationship = world.orm.relationship

    def map_(name: str, base: Any = None, **options: Any) -> None:
        cls = world.classes[name]
        table = tables[name.lower()]
        registry.map_imperatively(cls, table, inherits=base, **options)

    def new(name: str, base: Any = root) -> Any:
        namespace = {"__module__": "world"}
        cls = world.classes[name] = type(name, (base,), namespace)
        return cls

    for name in ("Company", "Machine", "Paper"):
        new(name)
    person = new("Person")
    engineer, manager = new("Engineer", person), new("Manager", person)
    new("Boss", manager)
    of_person, of_manager = _selected(world, way, person, engineer, manager)
    employees = relationship(person, order_by=tables["person"].c.id)
    map_("Company", properties={"employees": employees})
    map_("Machine")
    papers = relationship(world.Paper, order_by=tables["paper"].c.id)
    map_(
        "Person",
        with_polymorphic=of_person,
        polymorphic_on=tables["person"].c.type,
        polymorphic_identity="person",
        properties={"papers": papers},
    )
    machines = relationship(world.Machine, order_by=tables["machine"].c.id)
    company = relationship(world.Company, viewonly=True)
    map_(
        "Engineer",
        person,
        polymorphic_identity="engineer",
        properties={"machines": machines, "company": company},
    )
    map_("Manager", person, with_polymorphic=of_manager, polymorphic_identity="manager")
    map_("Boss", manager, polymorphic_identity="boss")
    author = relationship(person, viewonly=True)
    map_("Paper", properties={"author": author})
    registry.configure()


def run(world: World, program: Program) -> tuple[Any, ...]:
    """What a program sends, and what it gives."""
    world.sql.clear()
    with world.orm.Session(world.engine) as session:
        try:
            given = program(world, session)
            if hasattr(given, "compile"):
                return one_line(str(given)), None
            result = [_shown(row) for row in given]
        except Exception as error:
            result = [type(error).__name__]
        return tuple(world.sql.take()), result


def _shown(value: Any) -> Any:
    if isinstance(value, (tuple, list)) or hasattr(value, "_mapping"):
        return tuple(map(_shown, value))
    if type(value).__module__ == "world":
        name = getattr(value, "name", None) or getattr(value, "text", None)
        return type(value).__name__, name
    return value
