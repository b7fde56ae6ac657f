"""Instances of plain classes, reconstructors, and the events of a flush."""

from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Engine,
    ForeignKey,
    Integer,
    String,
    Table,
    create_engine,
    event,
    exc,
    inspect,
)
from sqlalchemy.pool import StaticPool

from ormolu import (
    DeclarativeBase,
    Mapped,
    Session,
    aliased,
    mapped_column,
    reconstructor,
    registry,
    relationship,
    synonym,
)
from ormolu.exc import UnmappedInstanceError


@pytest.fixture(params=["adopted", "embedded"])
def base(request: pytest.FixtureRequest) -> Any:
    if request.param == "adopted":
        return registry().generate_base()

    class Base(DeclarativeBase):
        pass

    return Base


def database(metadata: Any) -> Engine:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    metadata.create_all(engine)
    return engine


def test_an_instance_made_before_its_class_was_mapped() -> None:
    class Plain:
        pass

    early = Plain()
    mappings = registry()
    table = Table("plain", mappings.metadata, Column("id", Integer, primary_key=True))
    mappings.map_imperatively(Plain, table)
    with pytest.raises(UnmappedInstanceError, match="lacks instrumentation"):
        Session().add(early)


def test_a_users_constructor_makes_the_state() -> None:
    class Plain:
        def __init__(self, flag: int) -> None:
            self.flag = flag

    mappings = registry()
    table = Table("plain", mappings.metadata, Column("id", Integer, primary_key=True))
    mappings.map_imperatively(Plain, table)
    made = Plain(5)
    assert made.flag == 5
    assert "_sa_instance_state" in vars(made)
    Session().add(made)


def test_a_reconstructor_runs_for_loaded_instances_only(base: Any) -> None:
    class Thing(base):  # type: ignore[misc]
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)

        @reconstructor
        def prepare(self) -> None:
            self.prepared = True

    engine = database(base.metadata)
    with Session(engine) as session:
        session.add(thing := Thing(id=1))
        session.commit()
        assert not hasattr(thing, "prepared")
        session.expunge_all()
        assert session.get(Thing, 1).prepared
    engine.dispose()


def test_refresh_flush_tells_what_defaults_supplied(base: Any) -> None:
    class Thing(base):  # type: ignore[misc]
        __tablename__ = "thing"
        __mapper_args__ = {"eager_defaults": True}
        id: Mapped[int] = mapped_column(primary_key=True)
        name = Column(String)
        own = Column(Integer, default=5, onupdate=6)
        server = Column(Integer, server_default="7")

    engine = database(base.metadata)
    heard: list[Any] = []
    event.listen(Thing, "refresh_flush", lambda o, c, attrs: heard.append(attrs))
    event.listen(Thing, "after_insert", lambda m, c, o: heard.append("inserted"))
    with Session(engine) as session:
        session.add(thing := Thing())
        session.flush()
        thing.name = "changed"
        session.flush()
    assert heard == [["server", "own"], "inserted", ["own"]]
    engine.dispose()


def test_inspecting_a_class_configures_nothing(base: Any) -> None:
    class Thing(base):  # type: ignore[misc]
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)

    mapper = inspect(Thing)
    assert not mapper.configured
    aliased(Thing)
    assert mapper.configured


def test_relationships_that_write_the_same_column_are_warned_of(base: Any) -> None:
    class Parent(base):  # type: ignore[misc]
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Child(base):  # type: ignore[misc]
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id = mapped_column(ForeignKey("parent.id"))
        parent = relationship(Parent)

    Parent.children = relationship(Child)
    with pytest.warns(exc.SAWarning, match="which conflicts with relationship") as seen:
        Child()
    assert "invoked automatically in response" in str(seen[0].message)


def test_rows_of_queries_are_told_of(engine: Engine, user_class: Any) -> None:
    with Session(engine) as session:
        heard: list[Any] = []
        event.listen(session, "after_bulk_update", heard.append)
        event.listen(session, "after_bulk_delete", heard.append)
        session.add(user_class(name="a"))
        session.query(user_class).update({"name": "b"})
        session.query(user_class).delete()
        update, delete = heard
        assert (update.session, update.values) == (session, {"name": "b"})
        assert (update.result.rowcount, delete.result.rowcount) == (1, 1)


def test_get_by_a_synonym_of_the_key(base: Any) -> None:
    class Thing(base):  # type: ignore[misc]
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)
        number = synonym("id")

    engine = database(base.metadata)
    with Session(engine) as session:
        session.add(thing := Thing(id=3))
        session.commit()
        assert session.get(Thing, {"number": 3}) is thing
    engine.dispose()


def test_a_users_constructor_finds_what_backrefs_made(base: Any) -> None:
    class Parent(base):  # type: ignore[misc]
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)

        def __init__(self) -> None:
            self.first = len(self.children)

    class Child(base):  # type: ignore[misc]
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id = mapped_column(ForeignKey("parent.id"))
        parent = relationship(Parent, backref="children")

    assert Parent().first == 0
    assert Child(parent=Parent()).parent is not None
