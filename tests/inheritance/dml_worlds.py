"""The same classes with sqlalchemy.orm and with Ormolu, and what a program does to them.

``Person``, ``Engineer`` and ``Chief`` have a table each, ``Intern`` shares that of
``Engineer``; ``Pet``, ``Dog`` and ``Puppy`` (and ``Cat``) share one table; ``Shape`` and
``Circle`` have tables that know nothing of each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table

import ormolu
from tests.orm.recording import Recorder, listen

NAMES = (
    "Person Engineer Chief Intern Pet Dog Puppy Cat Shape Circle".split()  # noqa: SIM905
)


@dataclass
class World:
    """One ORM with its classes, and a session with all objects loaded."""

    orm: Any
    metadata: MetaData
    classes: dict[str, Any]
    session: Any = None
    objects: Any = ()

    def __getattr__(self, name: str) -> Any:
        return self.classes[name]


Program = Callable[[World], Any]


def _tables(metadata: MetaData) -> None:
    Table(
        "person",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("kind", String),
        Column("name", String),
        Column("age_years", Integer),
        Column("level", Integer, server_default="7"),
    )
    Table(
        "engineer",
        metadata,
        Column("id", ForeignKey("person.id"), primary_key=True),
        Column("tool", String),
        Column("size", Integer),
        Column("made", Integer, default=5),
        Column("school", String),
    )
    Table(
        "chief",
        metadata,
        Column("chief_id", ForeignKey("engineer.id"), primary_key=True),
        Column("hat", String),
    )
    Table(
        "pet",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("kind", String),
        Column("name", String),
        Column("bark", String),
        Column("toy", String),
        Column("purr", String),
    )
    for name in ("shape", "circle"):
        Table(
            name,
            metadata,
            Column("id", Integer, primary_key=True),
            Column("kind", String),
            Column("label_text", String),
            *([Column("radius", Integer)] if name == "circle" else []),
        )


def build(orm: ModuleType, embedded: bool = False) -> World:
    """Map the classes with one of the two ORMs.

    Args:
        embedded: derive them from Ormolu's `Entity`.
    """
    registry = orm.registry()
    metadata = registry.metadata
    _tables(metadata)
    t = metadata.tables
    root: tuple[type, ...] = (ormolu.Entity,) if embedded else ()
    parents = {
        "Engineer": "Person",
        "Chief": "Engineer",
        "Intern": "Engineer",
        "Dog": "Pet",
        "Puppy": "Dog",
        "Cat": "Pet",
        "Circle": "Shape",
    }
    classes: dict[str, Any] = {}
    for name in NAMES:
        parent = parents.get(name)
        classes[name] = type(name, root if parent is None else (classes[parent],), {})

    def of(name: str, table: Any = None, **options: Any) -> None:
        parent = parents.get(name)
        if parent is not None:
            options["inherits"] = classes[parent]
        options["polymorphic_identity"] = name.lower()
        registry.map_imperatively(classes[name], table, **options)

    person, pet = t["person"], t["pet"]
    own = {"age": person.c.age_years}
    of("Person", person, polymorphic_on=person.c.kind, properties=own)
    engineer = t["engineer"]
    of("Engineer", engineer, exclude_properties=["school"])
    of("Chief", t["chief"], exclude_properties=["school"])
    of("Intern", properties={"school": engineer.c.school})
    hidden = {"exclude_properties": ["bark", "toy", "purr"]}
    of("Pet", pet, polymorphic_on=pet.c.kind, **hidden)
    of("Dog", properties={"bark": pet.c.bark}, exclude_properties=["toy", "purr"])
    of("Puppy", properties={"toy": pet.c.toy}, exclude_properties=["purr"])
    of("Cat", properties={"purr": pet.c.purr}, exclude_properties=["bark", "toy"])
    for name, options in (("Shape", {}), ("Circle", {"concrete": True})):
        table = t[name.lower()]
        label = {"label": table.c.label_text}
        of(name, table, polymorphic_on=table.c.kind, properties=label, **options)
    orm.configure_mappers()
    return World(orm, metadata, classes)


ROWS: dict[str, list[dict[str, Any]]] = {
    "person": [
        {"id": i, "kind": kind, "name": f"n{i}", "age_years": i}
        for i, kind in enumerate(("person", "engineer", "chief", "intern"), 1)
    ],
    "engineer": [{"id": i, "tool": f"t{i}", "size": i} for i in (2, 3, 4)],
    "chief": [{"chief_id": 3, "hat": "h"}],
    "pet": [
        {"id": i, "kind": kind, "name": f"p{i}"}
        for i, kind in enumerate(("pet", "dog", "puppy", "cat"), 1)
    ],
    "circle": [{"id": 1, "kind": "circle", "label_text": "c", "radius": 1}],
    "shape": [{"id": 1, "kind": "shape", "label_text": "s"}],
}

PLAIN = re.compile(r" at 0x[0-9a-f]+|sqlalchemy\.orm|ormolu|\(Background on .*", re.S)


def shown(value: Any) -> Any:
    """A value in a form that both ORMs have in common."""
    state = sa.inspect(value, raiseerr=False)
    if hasattr(state, "unloaded"):
        loaded = {k: shown(v) for k, v in vars(value).items() if not k.startswith("_")}
        return type(value).__name__, loaded
    if isinstance(value, (list, tuple, sa.Row)):
        return [shown(v) for v in value]
    if isinstance(value, dict):
        return {k: shown(v) for k, v in value.items()}
    return value if isinstance(value, (int, str, type(None))) else type(value).__name__


def run(world: World, program: Program) -> list[Any]:
    """Everything that can be seen of a program's run."""
    engine = sa.create_engine("sqlite://")
    sql = Recorder()
    world.metadata.create_all(engine)
    with engine.begin() as connection:
        for name, rows in ROWS.items():
            connection.execute(world.metadata.tables[name].insert(), rows)
    listen(engine, sql)
    with world.orm.Session(engine) as session:
        world.session = session
        world.objects = _loaded(world)
        sql.clear()
        seen = [_outcome(program, world), sql.take()]
        seen.append([(o in session, shown(o)) for o in world.objects])
        for table in world.metadata.sorted_tables:
            seen.append(
                [tuple(r) for r in session.connection().execute(table.select())]
            )
    engine.dispose()
    return seen


def _loaded(world: World) -> list[Any]:
    """All objects, each loaded by way of its own class, so that it has all its columns."""
    found: dict[Any, None] = {}
    for name in reversed(NAMES):
        entity = world.classes[name]
        found.update(dict.fromkeys(world.session.scalars(sa.select(entity))))
    return sorted(found, key=lambda obj: (str(_root(obj)), obj.id))


def _root(obj: Any) -> Any:
    return sa.inspect(obj).mapper.base_mapper


def _outcome(program: Program, world: World) -> Any:
    try:
        return shown(program(world))
    except Exception as error:
        world.session.rollback()
        return type(error).__name__, PLAIN.sub("", str(error))
