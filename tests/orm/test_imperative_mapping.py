"""Plain classes, mapped imperatively or by decorator."""

from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Integer, String, Table, inspect, select

from ormolu import (
    Mapped,
    Session,
    clear_mappers,
    mapped_column,
    registry,
    relationship,
)
from tests.orm.conftest import MakeEngine


@pytest.fixture
def reg() -> registry:
    return registry()


@pytest.fixture
def thing(reg: registry) -> Table:
    return Table(
        "thing",
        reg.metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String(30)),
    )


def test_map_imperatively_returns_the_mapper(reg: registry, thing: Table) -> None:
    class Thing:
        pass

    mapper = reg.map_imperatively(Thing, thing)
    assert mapper is inspect(Thing)
    assert mapper.local_table is thing
    assert mapper.class_ is Thing


def test_a_plain_class_keeps_its_bases(reg: registry, thing: Table) -> None:
    class Thing:
        pass

    reg.map_imperatively(Thing, thing)
    assert Thing.__mro__ == (Thing, object)


def test_a_plain_class_gets_a_constructor(reg: registry, thing: Table) -> None:
    class Thing:
        pass

    reg.map_imperatively(Thing, thing)
    instance: Any = Thing(name="x")  # type: ignore[call-arg]
    assert instance.name == "x"
    with pytest.raises(
        TypeError, match="'color' is an invalid keyword argument for Thing"
    ):
        Thing(color="red")  # type: ignore[call-arg]


def test_a_plain_class_keeps_its_own_constructor(
    reg: registry, thing: Table, make_engine: MakeEngine
) -> None:
    class Thing:
        def __init__(self, title: str) -> None:
            self.name = title

    reg.map_imperatively(Thing, thing)
    with Session(make_engine(reg.metadata)) as session:
        session.add(Thing("x"))
        session.commit()
        session.expunge_all()
        assert session.scalars(select(Thing)).one().name == "x"


def test_the_state_is_found_in_the_dict(reg: registry, thing: Table) -> None:
    class Thing:
        pass

    reg.map_imperatively(Thing, thing)
    instance: Any = Thing(name="x")  # type: ignore[call-arg]
    assert vars(instance).keys() == {"_sa_instance_state", "name"}
    assert instance._sa_instance_state is inspect(instance)


def test_the_values_live_in_the_dict(
    reg: registry, thing: Table, make_engine: MakeEngine
) -> None:
    class Thing:
        pass

    reg.map_imperatively(Thing, thing)
    rows = "INSERT INTO thing (id, name) VALUES (1, 'x');"
    with Session(make_engine(reg.metadata, rows)) as session:
        instance = session.get(Thing, 1)
        values = dict(vars(instance))
        values.pop("_sa_instance_state")
        assert values == {"id": 1, "name": "x"}


def test_properties_rename_columns(
    reg: registry, thing: Table, make_engine: MakeEngine
) -> None:
    class Thing:
        pass

    reg.map_imperatively(Thing, thing, properties={"title": thing.c.name})
    with Session(make_engine(reg.metadata)) as session:
        session.add(Thing(title="x"))  # type: ignore[call-arg]
        session.commit()
        assert session.scalars(select(Thing).filter_by(title="x")).one().title == "x"
    assert not hasattr(Thing, "name")


def test_columns_can_be_left_out(reg: registry, thing: Table) -> None:
    class Thing:
        pass

    mapper = reg.map_imperatively(Thing, thing, exclude_properties=["name"])
    assert mapper.attrs.keys() == ["id"]


def test_columns_can_be_chosen(reg: registry, thing: Table) -> None:
    class Thing:
        pass

    mapper = reg.map_imperatively(Thing, thing, include_properties=["id"])
    assert mapper.attrs.keys() == ["id"]


def test_a_prefix_goes_before_the_attribute_names(reg: registry, thing: Table) -> None:
    class Thing:
        pass

    mapper = reg.map_imperatively(Thing, thing, column_prefix="_")
    assert mapper.attrs.keys() == ["_id", "_name"]


def test_a_primary_key_may_be_declared_for_a_table_without(
    reg: registry, make_engine: MakeEngine
) -> None:
    log = Table("log", reg.metadata, Column("stamp", Integer), Column("line", String))

    class Log:
        pass

    mapper = reg.map_imperatively(Log, log, primary_key=[log.c.stamp])
    assert mapper.primary_key == (log.c.stamp,)
    with Session(make_engine(reg.metadata)) as session:
        session.add(Log(stamp=7, line="x"))  # type: ignore[call-arg]
        session.commit()
        session.expunge_all()
        entry: Any = session.get(Log, 7)
        assert entry.line == "x"


def test_relationships_between_plain_classes(
    reg: registry, thing: Table, make_engine: MakeEngine
) -> None:
    part = Table(
        "part",
        reg.metadata,
        Column("id", Integer, primary_key=True),
        Column("thing_id", ForeignKey("thing.id")),
    )

    class Thing:
        pass

    class Part:
        pass

    reg.map_imperatively(
        Thing, thing, properties={"parts": relationship(Part, backref="thing")}
    )
    reg.map_imperatively(Part, part)
    with Session(make_engine(reg.metadata)) as session:
        session.add(Thing(parts=[Part(), Part()]))  # type: ignore[call-arg]
        session.commit()
        instance: Any = session.scalars(select(Thing)).one()
        assert [p.thing for p in instance.parts] == [instance, instance]


def test_the_decorator_maps_an_annotated_class(
    reg: registry, make_engine: MakeEngine
) -> None:
    @reg.mapped
    class Thing:
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str | None]

    assert Thing.__mro__ == (Thing, object)
    with Session(make_engine(reg.metadata)) as session:
        session.add(Thing(name="x"))  # type: ignore[call-arg]
        session.commit()
        assert session.scalars(select(Thing.name)).one() == "x"


def test_the_decorator_maps_a_class_with_a_table(reg: registry, thing: Table) -> None:
    @reg.mapped
    class Thing:
        __table__ = thing

    assert Thing(name="x").name == "x"  # type: ignore[call-arg,attr-defined]


def test_the_decorator_makes_a_base_of_a_plain_class(
    reg: registry, make_engine: MakeEngine
) -> None:
    @reg.as_declarative_base()
    class Base:
        def shout(self) -> str:
            return str(self.name).upper()  # type: ignore[attr-defined]

    class Thing(Base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]

    with Session(make_engine(reg.metadata)) as session:
        session.add(Thing(name="x"))  # type: ignore[call-arg]
        session.commit()
        assert session.scalars(select(Thing)).one().shout() == "X"


def test_a_base_can_be_generated(reg: registry) -> None:
    base: Any = reg.generate_base()

    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)

    assert base.metadata is reg.metadata
    assert Thing(id=3).id == 3


def test_a_table_subset_select_can_be_mapped(
    reg: registry, thing: Table, make_engine: MakeEngine
) -> None:
    named = select(thing).where(thing.c.name.is_not(None)).subquery("named")

    class Named:
        pass

    reg.map_imperatively(Named, named)
    rows = "INSERT INTO thing (id, name) VALUES (1, 'x'), (2, NULL);"
    with Session(make_engine(reg.metadata, rows)) as session:
        assert [n.id for n in session.scalars(select(Named))] == [1]


def test_disposing_of_the_registry_gives_back_the_plain_class(
    reg: registry, thing: Table
) -> None:
    class Thing:
        pass

    reg.map_imperatively(Thing, thing)
    reg.dispose()
    assert inspect(Thing, raiseerr=False) is None
    reg.map_imperatively(Thing, thing)
    assert inspect(Thing).local_table is thing


def test_clear_mappers_is_there() -> None:
    # calling it would take the classes of all other tests with it
    assert callable(clear_mappers)
