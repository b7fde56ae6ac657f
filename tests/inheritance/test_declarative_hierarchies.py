"""Hierarchies of declarative classes: their columns, mixins, arguments, late attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    String,
    create_engine,
    event,
    inspect,
    select,
)
from sqlalchemy import exc as sa_exc

from ormolu import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    Session,
    Unmapped,
    column_property,
    configure_mappers,
    declarative_base,
    declared_attr,
    descriptor_props,
    mapped_column,
    relationship,
    synonym,
    unmapped_column,
)


@pytest.fixture
def base() -> Iterator[Any]:
    made = declarative_base()
    yield made
    made.registry.dispose()


@pytest.fixture
def engine() -> Iterator[Any]:
    made = create_engine("sqlite://")
    yield made
    made.dispose()


def keys(cls: Any) -> list[str]:
    return list(inspect(cls).attrs.keys())


def identity(name: str) -> dict[str, Any]:
    return {"polymorphic_identity": name}


def make_root(base: Any) -> Any:
    class Person(base):
        __tablename__ = "person"
        id = Column(Integer, primary_key=True)
        kind = Column(String)
        __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "person"}

    return Person


# -- columns of classes without a table ------------------------------------------


def test_columns_of_a_class_without_table_go_to_the_parents(base, engine):
    Person = make_root(base)

    class Engineer(Person):
        language = Column(String)
        __mapper_args__ = identity("engineer")

    class Manager(Person):
        golf = Column(String)
        __mapper_args__ = identity("manager")

    assert Person.__table__.c.keys() == ["id", "kind", "language", "golf"]
    assert keys(Person) == ["id", "kind"]
    assert keys(Engineer) == ["id", "kind", "language"]
    base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Engineer(language="c"), Manager(golf="g"), Person()])
        session.commit()
        found = session.scalars(select(Person).order_by(Person.id)).all()
        assert [type(p) for p in found] == [Engineer, Manager, Person]
        assert session.scalars(select(Engineer)).one().language == "c"


def test_two_siblings_cannot_have_one_column(base):
    Person = make_root(base)

    class Engineer(Person):
        start = Column(Integer)
        __mapper_args__ = identity("engineer")

    with pytest.raises(sa_exc.ArgumentError) as caught:

        class Manager(Person):
            start = Column(Integer)
            __mapper_args__ = identity("manager")

    assert str(caught.value) == (
        "Column 'start' on class Manager conflicts with existing column "
        "'person.start'.  If using Declarative, consider using the "
        "use_existing_column parameter of mapped_column() to resolve conflicts."
    )


def test_two_siblings_share_a_column_that_both_ask_for(base):
    Person = make_root(base)

    class Engineer(Person):
        start: Mapped[int] = mapped_column(use_existing_column=True)
        __mapper_args__ = identity("engineer")

    class Manager(Person):
        start: Mapped[int] = mapped_column(use_existing_column=True)
        __mapper_args__ = identity("manager")

    columns = [inspect(cls).attrs.start.columns[0] for cls in (Engineer, Manager)]
    assert columns[0] is columns[1] is Person.__table__.c.start
    assert "start" not in keys(Person)


def test_a_class_without_table_has_no_table_arguments_and_no_primary_key(base):
    Person = make_root(base)
    with pytest.raises(sa_exc.ArgumentError, match="Can't place __table_args__"):
        type("A", (Person,), {"__table_args__": {"schema": "x"}})
    with pytest.raises(sa_exc.ArgumentError, match="Can't place primary key columns"):
        type("B", (Person,), {"x": Column(Integer, primary_key=True)})


def test_unmapped_columns_of_a_subclass_are_in_the_table_alone(base):
    Person = make_root(base)

    class Engineer(Person):
        hidden: Unmapped[int] = unmapped_column()
        shown: Mapped[int]
        __mapper_args__ = identity("engineer")

    assert Person.__table__.c.keys() == ["id", "kind", "hidden", "shown"]
    assert keys(Engineer) == ["id", "kind", "shown"]


# -- mixins and abstract classes ---------------------------------------------------


def test_an_abstract_class_between_gives_its_columns_to_each_subclass(base):
    Person = make_root(base)

    class Employee(Person):
        __abstract__ = True
        salary = Column(Integer)

    class Engineer(Employee):
        __tablename__ = "engineer"
        id = Column(ForeignKey("person.id"), primary_key=True)
        __mapper_args__ = identity("engineer")

    class Manager(Employee):
        __tablename__ = "manager"
        id = Column(ForeignKey("person.id"), primary_key=True)
        __mapper_args__ = identity("manager")

    assert Engineer.__mapper__.inherits is Person.__mapper__
    assert "salary" in Engineer.__table__.c
    assert "salary" in Manager.__table__.c
    assert "salary" not in Person.__table__.c


def test_a_declared_attribute_of_a_mixin_is_applied_once_or_to_each_class(base):
    class Named:
        @declared_attr
        def once(cls):
            return Column(f"once_{cls.__name__}", Integer)

        @declared_attr.cascading
        def each(cls):
            return Column(f"each_{cls.__name__}", Integer)

        @declared_attr
        def __tablename__(cls):
            return cls.__name__.lower()

    class A(Named, base):
        id = Column(Integer, primary_key=True)

    class B(A):
        id = Column(ForeignKey("a.id"), primary_key=True)

    assert set(A.__table__.c.keys()) == {"id", "once_A", "each_A"}
    assert set(B.__table__.c.keys()) == {"id", "each_B"}
    assert B.each.expression.name == "each_B"


def test_a_mixin_of_a_subclass_is_the_subclass_alone(base):
    Person = make_root(base)

    class Dated:
        year = Column(Integer)

    class Engineer(Dated, Person):
        __mapper_args__ = identity("engineer")

    assert "year" not in keys(Person)
    assert Engineer.year.expression.table is Person.__table__


def test_mapper_arguments_of_a_mapped_parent_are_its_own(base):
    Person = make_root(base)

    class Engineer(Person):
        __mapper_args__ = identity("engineer")

    with pytest.warns(sa_exc.SAWarning, match="does not indicate a 'polymorphic_id"):

        class Manager(Person):
            pass

    assert Person.__mapper__.polymorphic_map == {
        "person": Person.__mapper__,
        "engineer": Engineer.__mapper__,
    }
    assert Manager.__mapper__.polymorphic_identity is None


def test_declared_mapper_arguments_are_computed_for_each_class(base):
    class Person(base):
        __tablename__ = "person"
        id = Column(Integer, primary_key=True)
        kind = Column(String)

        @declared_attr.directive
        def __mapper_args__(cls):
            return {
                "polymorphic_identity": cls.__name__,
                "polymorphic_on": cls.kind,
            }

    class Engineer(Person):
        pass

    column = Person.__table__.c.kind
    assert Engineer.__mapper__.polymorphic_on is column
    assert sorted(Engineer.__mapper__.polymorphic_map) == ["Engineer", "Person"]


def test_a_class_has_one_mapped_parent(base):
    a = type("A", (base,), {"__tablename__": "a", "id": Column(Integer, primary_key=1)})
    b = type("B", (base,), {"__tablename__": "b", "id": Column(Integer, primary_key=1)})
    with pytest.raises(sa_exc.InvalidRequestError, match="has multiple mapped bases"):
        type("C", (a, b), {})


def test_an_abstract_class_needs_a_discriminator(base):
    with pytest.raises(sa_exc.InvalidRequestError, match="may only be used on a mapp"):

        class Person(base):
            __tablename__ = "person"
            id = Column(Integer, primary_key=True)
            __mapper_args__ = {"polymorphic_abstract": True}


# -- attributes of a parent ----------------------------------------------------------


def test_a_parents_attribute_under_another_name_is_a_synonym(base):
    Person = make_root(base)

    class Engineer(Person):
        sort = Person.kind
        __mapper_args__ = identity("engineer")

    original = Engineer.sort.original_property
    assert isinstance(original, descriptor_props.SynonymProperty)
    assert Engineer.sort.property is Person.kind.property
    assert Engineer(sort="x").kind == "x"


def test_a_column_does_not_become_part_of_another_attribute(base):
    class Person(base):
        __tablename__ = "person"
        id = Column(Integer, primary_key=True)
        boss = Column("chief", Integer)

    with pytest.raises(sa_exc.ArgumentError) as caught:

        class Engineer(Person):
            __tablename__ = "engineer"
            id = Column(ForeignKey("person.id"), primary_key=True)
            boss_id = Column(ForeignKey("engineer.id"))
            boss = relationship("Engineer")

    assert (
        "WARNING: when configuring property 'boss' on Mapper[Engineer(engineer)], "
        "column 'chief' conflicts with property '<Relationship at"
    ) in str(caught.value)


# -- attributes that are set later ---------------------------------------------------


def test_attributes_that_are_set_on_a_parent_reach_its_subclasses(base):
    Person = make_root(base)

    class Engineer(Person):
        __mapper_args__ = identity("engineer")

    class Boss(Engineer):
        __tablename__ = "boss"
        id = Column(ForeignKey("person.id"), primary_key=True)
        __mapper_args__ = identity("boss")

    configure_mappers()
    Person.age = Column(Integer)
    Engineer.language = Column("lang", String)
    Boss.rank = Column(Integer)
    Engineer.next_age = column_property(Person.age + 1)
    Person.years = synonym("age")
    assert Person.__table__.c.keys() == ["id", "kind", "age", "lang"]
    assert Boss.__table__.c.keys() == ["id", "rank"]
    assert set(keys(Person)) == {"id", "kind", "age", "years"}
    assert set(keys(Engineer)) == {*keys(Person), "language", "next_age"}
    assert set(keys(Boss)) == {*keys(Engineer), "rank"}
    assert Boss(age=3).years == 3


# -- dataclasses ---------------------------------------------------------------------


@pytest.fixture
def dataclass_base() -> Iterator[Any]:
    class Base(MappedAsDataclass, DeclarativeBase):
        pass

    yield Base
    Base.registry.dispose()


def test_dataclasses_inherit_fields_and_columns(dataclass_base):
    class Person(dataclass_base):
        __tablename__ = "person"
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "p"}
        id: Mapped[int] = mapped_column(primary_key=True, init=False)
        kind: Mapped[str] = mapped_column(init=False)
        name: Mapped[str]

    class Engineer(Person):
        __mapper_args__ = identity("e")
        language: Mapped[str]

    made = Engineer("dilbert", "java")
    assert (made.name, made.language, made.kind) == ("dilbert", "java", "e")


def siblings(dataclass_base: Any) -> tuple[Any, Any, Any]:
    class Parent(dataclass_base):
        __tablename__ = "parent"
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "p"}
        id: Mapped[int] = mapped_column(primary_key=True, init=False)
        kind: Mapped[str] = mapped_column(init=False)

    class A(Parent):
        __mapper_args__ = identity("a")
        data: Mapped[str] = mapped_column(default="of a", use_existing_column=True)

    class B(Parent):
        __mapper_args__ = identity("b")
        data: Mapped[str] = mapped_column(default="of b", use_existing_column=True)

    return Parent, A, B


def test_a_shared_column_has_the_default_of_the_class(dataclass_base, engine):
    Parent, A, B = siblings(dataclass_base)
    dataclass_base.metadata.create_all(engine)
    objects = [A(), B(), B(data="given")]
    with Session(engine) as session:
        session.add_all(objects)
        session.flush()
        assert [vars(obj)["data"] for obj in objects] == ["of a", "of b", "given"]
        assert not session.dirty
        column = Parent.__table__.c.data
        stored = session.execute(select(column).order_by(Parent.id)).scalars()
        assert sorted(stored) == ["given", "of a", "of b"]


def test_the_default_of_the_class_is_told_as_one_of_the_column(dataclass_base, engine):
    _, _A, B = siblings(dataclass_base)
    dataclass_base.metadata.create_all(engine)
    told: list[Any] = []
    event.listen(B, "refresh_flush", lambda obj, context, keys: told.append(keys))
    with Session(engine) as session:
        session.add_all([B(), B(data="given")])
        session.flush()
    assert [names for names in told if "data" in names] == [["data"]]
