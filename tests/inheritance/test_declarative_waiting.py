"""Declarative classes that are mapped later: `ormolu.ext.declarative`."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    String,
    create_engine,
    inspect,
    select,
)
from sqlalchemy import exc as sa_exc
from sqlalchemy.pool import StaticPool

from ormolu import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    Session,
    configure_mappers,
    declarative_base,
    declared_attr,
    mapped_column,
    relationship,
)
from ormolu.exc import UnmappedClassError
from ormolu.ext import declarative
from ormolu.ext.declarative import (
    AbstractConcreteBase,
    ConcreteBase,
    DeferredReflection,
)


@pytest.fixture
def base() -> Iterator[Any]:
    made = declarative_base()
    yield made
    made.registry.dispose()


@pytest.fixture
def engine() -> Iterator[Any]:
    made = create_engine("sqlite://", poolclass=StaticPool)
    yield made
    made.dispose()


def concrete(identity: str) -> dict[str, Any]:
    return {"polymorphic_identity": identity, "concrete": True}


def sql(statement: Any) -> str:
    return str(statement).replace("\n", "")


def keys(cls: Any) -> list[str]:
    return list(inspect(cls).attrs.keys())


# -- AbstractConcreteBase ------------------------------------------------------


def test_an_abstract_concrete_base_is_mapped_when_its_subclasses_are_known(base):
    class Employee(AbstractConcreteBase, base):
        name = Column(String)

    class Manager(Employee):
        __tablename__ = "manager"
        id = Column(Integer, primary_key=True)
        golf = Column(String)
        __mapper_args__ = concrete("manager")

    assert "__mapper__" not in vars(Employee)
    assert Manager.__mapper__.inherits is None
    configure_mappers()
    assert Manager.__mapper__.inherits is Employee.__mapper__
    assert Manager.__mapper__.base_mapper is Employee.__mapper__
    assert Employee.__mapper__.polymorphic_map == {"manager": Manager.__mapper__}
    assert sql(select(Employee)) == (
        "SELECT pjoin.id, pjoin.golf, pjoin.name, pjoin.type FROM (SELECT manager.id "
        "AS id, manager.golf AS golf, manager.name AS name, 'manager' AS type "
        "FROM manager) AS pjoin"
    )
    assert getattr(Employee, "__table__", None) is None


def test_until_then_it_says_what_it_waits_for(base):
    class Employee(AbstractConcreteBase, base):
        name = Column(String)

    configure_mappers()
    for use in (select, inspect, Session().query):
        with pytest.raises(UnmappedClassError) as caught:
            use(Employee)
        assert str(caught.value) == (
            f"Class {__name__}.Employee is a subclass of AbstractConcreteBase and has "
            "a mapping pending until all subclasses are defined. Call the "
            "sqlalchemy.orm.configure_mappers() function after all subclasses have "
            "been defined to complete the mapping of this class."
        )


def test_it_cannot_be_instantiated(base):
    class Employee(AbstractConcreteBase, base):
        name = Column(String)

    class Manager(Employee):
        __tablename__ = "manager"
        id = Column(Integer, primary_key=True)
        __mapper_args__ = concrete("manager")

    configure_mappers()
    with pytest.raises(sa_exc.InvalidRequestError, match="polymorphic_abstract=True"):
        Employee()
    assert Manager(name="m").name == "m"


def test_classes_of_an_abstract_class_between_inherit_from_it_too(base):
    class Document(AbstractConcreteBase, base):
        kind = Column(String)

    class Sent(Document):
        __abstract__ = True
        sent_by = Column(String)

    class Letter(Sent):
        __tablename__ = "letter"
        id = Column(Integer, primary_key=True)
        __mapper_args__ = concrete("letter")

    configure_mappers()
    assert Letter.__mapper__.inherits is Document.__mapper__
    assert keys(Document) == ["id", "sent_by", "kind", "type"]


def test_a_subclass_that_is_mapped_later_inherits_from_it(base):
    class Employee(AbstractConcreteBase, base):
        name = Column(String)

    class Manager(Employee):
        __tablename__ = "manager"
        id = Column(Integer, primary_key=True)
        __mapper_args__ = concrete("manager")

    configure_mappers()

    class Engineer(Employee):
        __tablename__ = "engineer"
        id = Column(Integer, primary_key=True)
        __mapper_args__ = concrete("engineer")

    configure_mappers()
    assert Engineer.__mapper__.inherits is Employee.__mapper__
    with pytest.raises(AttributeError, match="does not implement attribute 'name'"):
        Engineer().name


def test_strict_attributes_are_those_that_the_class_declares(base):
    class Employee(AbstractConcreteBase, base):
        strict_attrs = True
        label = Column("lbl", String)

    class Manager(Employee):
        __tablename__ = "manager"
        id = Column(Integer, primary_key=True)
        golf = Column(String)
        __mapper_args__ = concrete("manager")

    configure_mappers()
    assert sorted(keys(Employee)) == ["id", "label", "type"]
    assert not hasattr(Employee, "golf")
    assert str(Employee.label.expression) == "pjoin.lbl"


def test_declared_attributes_are_made_for_it_and_for_its_subclasses(base):
    class Company(base):
        __tablename__ = "company"
        id = Column(Integer, primary_key=True)

    class Employee(AbstractConcreteBase, base):
        id = Column(Integer, primary_key=True)

        @declared_attr
        def company_id(cls):
            return Column(ForeignKey("company.id"))

        @declared_attr
        def company(cls):
            return relationship("Company")

    class Manager(Employee):
        __tablename__ = "manager"
        __mapper_args__ = concrete("manager")

    configure_mappers()
    texts = [str(cls.company.property.primaryjoin) for cls in (Employee, Manager)]
    assert texts == [
        "company.id = pjoin.company_id",
        "company.id = manager.company_id",
    ]


def test_a_discriminator_that_a_subclass_has_as_column_needs_another_name(base):
    class Employee(AbstractConcreteBase, base):
        name = Column(String)

    class Manager(Employee):
        __tablename__ = "manager"
        id = Column(Integer, primary_key=True)
        type = Column(String)
        __mapper_args__ = concrete("manager")

    with pytest.raises(sa_exc.InvalidRequestError, match="_concrete_discriminator"):
        configure_mappers()
    Employee._concrete_discriminator_name = "_type"

    class Engineer(Employee):
        __tablename__ = "engineer"
        id = Column(Integer, primary_key=True)
        __mapper_args__ = concrete("engineer")

    configure_mappers()
    assert Employee.__mapper__.polymorphic_on.key == "_type"
    assert set(Employee.__mapper__.polymorphic_map) == {"manager", "engineer"}


def test_unions_begin_with_the_class_that_was_mapped_last(base):
    class Root(AbstractConcreteBase, base):
        id = Column(Integer, primary_key=True)

    def child(name: str, parent: Any) -> Any:
        namespace = {
            "__tablename__": name,
            "id": Column(Integer, primary_key=True),
            "__mapper_args__": concrete(name),
        }
        return type(name, (parent,), namespace)

    a, b = child("a", Root), child("b", Root)
    child("aa", a), child("ab", a), child("ba", b)
    configure_mappers()
    selects = Root.__mapper__.local_table.element.selects
    names = [s.get_final_froms()[0].name for s in selects]
    assert names == ["b", "ba", "a", "ab", "aa"]


def test_a_relationship_to_it_loads_objects_of_all_its_subclasses(base, engine):
    class Company(base):
        __tablename__ = "company"
        id = Column(Integer, primary_key=True)
        employees = relationship("Employee", back_populates="company")

    class Employee(AbstractConcreteBase, base):
        id = Column(Integer, primary_key=True)

        @declared_attr
        def company_id(cls):
            return Column(ForeignKey("company.id"))

        @declared_attr
        def company(cls):
            return relationship("Company", back_populates="employees")

    class Manager(Employee):
        __tablename__ = "manager"
        __mapper_args__ = concrete("manager")

    class Engineer(Employee):
        __tablename__ = "engineer"
        __mapper_args__ = concrete("engineer")

    configure_mappers()
    base.metadata.create_all(engine)
    with Session(engine) as session:
        company = Company()
        session.add_all(
            [company, Manager(id=1, company=company), Engineer(id=2, company=company)]
        )
        session.commit()
        assert {type(e) for e in company.employees} == {Manager, Engineer}
        statement = select(Employee).where(Employee.company == company)
        found = session.scalars(statement.order_by(Employee.id)).all()
        assert [type(e) for e in found] == [Manager, Engineer]


def test_dataclasses_can_be_abstract_concrete_bases():
    class Base(MappedAsDataclass, DeclarativeBase):
        pass

    class Employee(AbstractConcreteBase, Base):
        name: Mapped[str]
        nick: Mapped[str | None] = mapped_column("nk", default=None, kw_only=True)

    class Manager(Employee):
        __tablename__ = "manager"
        id: Mapped[int] = mapped_column(primary_key=True, init=False)
        golf: Mapped[int]
        __mapper_args__ = concrete("manager")

    configure_mappers()
    made = Manager("m", 3, nick="n")
    assert (made.name, made.golf, made.nick) == ("m", 3, "n")
    assert str(Employee.nick.expression) == "pjoin.nk"
    assert keys(Employee) == ["id", "golf", "name", "nick", "type"]
    Base.registry.dispose()


# -- ConcreteBase ------------------------------------------------------------------


def test_a_concrete_base_is_selected_from_the_union_of_all_tables(base):
    class Employee(ConcreteBase, base):
        __tablename__ = "employee"
        id = Column(Integer, primary_key=True)
        name = Column(String)
        __mapper_args__ = concrete("employee")

    class Manager(Employee):
        __tablename__ = "manager"
        id = Column(Integer, primary_key=True)
        golf = Column(String)
        __mapper_args__ = concrete("manager")

    configure_mappers()
    root, child = Employee.__mapper__, Manager.__mapper__
    assert root.polymorphic_on is root.with_polymorphic[1].c.type
    assert child.polymorphic_on is child.with_polymorphic[1].c.type
    assert [m.class_ for m in root.with_polymorphic_mappers] == [Employee, Manager]
    assert [m.class_ for m in child.with_polymorphic_mappers] == [Manager]
    assert sql(root.with_polymorphic[1].element) == (
        "SELECT employee.id, employee.name, CAST(NULL AS VARCHAR) AS golf, 'employee' "
        "AS type FROM employee UNION ALL SELECT manager.id, CAST(NULL AS VARCHAR) AS "
        "name, manager.golf, 'manager' AS type FROM manager"
    )


def test_the_discriminator_of_a_concrete_base_is_no_attribute(base):
    class Employee(ConcreteBase, base):
        __tablename__ = "employee"
        id = Column(Integer, primary_key=True)
        __mapper_args__ = concrete("employee")

    class Manager(Employee):
        __tablename__ = "manager"
        id = Column(Integer, primary_key=True)
        __mapper_args__ = concrete("manager")

    class Boss(Manager):
        __mapper_args__ = {"polymorphic_identity": "boss"}

    configure_mappers()
    assert not hasattr(Employee(), "type")
    with pytest.raises(AttributeError, match="does not implement attribute 'type'"):
        Manager().type
    assert keys(Boss) == ["id", "type"]


def test_rows_of_all_tables_become_objects_of_their_class(base, engine):
    class Employee(ConcreteBase, base):
        __tablename__ = "employee"
        id = Column(Integer, primary_key=True)
        name = Column(String)
        __mapper_args__ = concrete("employee")

    class Manager(Employee):
        __tablename__ = "manager"
        id = Column(Integer, primary_key=True)
        name = Column(String)
        golf = Column(String)
        __mapper_args__ = concrete("manager")

    base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Employee(id=1, name="b"), Manager(id=1, name="a", golf="g")])
        session.commit()
    with Session(engine) as session:
        found = session.scalars(select(Employee).order_by(Employee.name)).all()
        assert [(type(e), e.id, e.name) for e in found] == [
            (Manager, 1, "a"),
            (Employee, 1, "b"),
        ]
        assert [m.golf for m in session.scalars(select(Manager))] == ["g"]


# -- DeferredReflection --------------------------------------------------------------


@pytest.fixture
def reflected(base: Any) -> Any:
    """A base whose classes wait; classes of other tests are not below it."""

    class Reflected(DeferredReflection, base):
        __abstract__ = True

    return Reflected


def test_reflected_classes_are_mapped_by_prepare(base, engine):
    class Reflected(DeferredReflection, base):
        __abstract__ = True

    class User(Reflected):
        __tablename__ = "users"
        label = Column("name", String)
        parts = relationship("Part", back_populates="user")

    class Part(Reflected):
        __tablename__ = "parts"
        user = relationship("User", back_populates="parts")

    class Admin(User):
        __tablename__ = "admins"

    assert "__mapper__" not in vars(User)
    with engine.begin() as connection:
        for text in (
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR)",
            "CREATE TABLE parts (id INTEGER PRIMARY KEY, "
            "user_id INTEGER REFERENCES users (id))",
            "CREATE TABLE admins (id INTEGER PRIMARY KEY REFERENCES users (id))",
        ):
            connection.exec_driver_sql(text)
    Reflected.prepare(engine)
    assert keys(User) == ["parts", "label", "id"]
    assert keys(Part) == ["user", "id", "user_id"]
    assert Admin.__mapper__.inherits is User.__mapper__
    assert str(Part.user.property.primaryjoin) == "users.id = parts.user_id"
    with Session(engine) as session:
        session.add(User(label="u", parts=[Part(), Part()]))
        session.commit()
        assert len(session.scalars(select(User)).one().parts) == 2


def test_only_the_classes_below_are_prepared(base, engine):
    class First(DeferredReflection, base):
        __abstract__ = True

    class Second(DeferredReflection, base):
        __abstract__ = True

    class User(First):
        __tablename__ = "users"

    class Part(Second):
        __tablename__ = "parts"

    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id INTEGER PRIMARY KEY)")
        First.prepare(connection)
    assert inspect(User).local_table.c.keys() == ["id"]
    with pytest.raises(UnmappedClassError, match=r"until the .prepare\(\) method"):
        inspect(Part)


def test_the_secondary_table_of_a_relationship_is_reflected_along(reflected, engine):
    class User(reflected):
        __tablename__ = "users"
        groups = relationship("Group", secondary="members")

    class Group(reflected):
        __tablename__ = "groups"

    with engine.begin() as connection:
        for text in (
            "CREATE TABLE users (id INTEGER PRIMARY KEY)",
            "CREATE TABLE groups (id INTEGER PRIMARY KEY)",
            "CREATE TABLE members (user_id INTEGER REFERENCES users (id), "
            "group_id INTEGER REFERENCES groups (id))",
        ):
            connection.exec_driver_sql(text)
    reflected.prepare(engine)
    assert str(User.groups.property.secondaryjoin) == "groups.id = members.group_id"


def test_classes_of_a_parents_table_are_prepared_with_it(reflected, engine):
    class User(reflected):
        __tablename__ = "users"
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "user"}
        parts = relationship("Part")

    class Admin(User):
        level = Column(Integer)
        __mapper_args__ = {"polymorphic_identity": "admin"}

    class Part(reflected):
        __tablename__ = "parts"
        user_id = Column(ForeignKey("users.id"))

    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, kind VARCHAR, level INTEGER)"
        )
        connection.exec_driver_sql(
            "CREATE TABLE parts (id INTEGER PRIMARY KEY, user_id INTEGER)"
        )
    reflected.prepare(engine)
    assert Admin.__mapper__.single
    with Session(engine) as session:
        session.add(Admin(level=3, parts=[Part()]))
        session.commit()
        assert [type(u) for u in session.scalars(select(User))] == [Admin]


def test_a_missing_table_can_be_added_before_the_next_try(reflected, engine):
    class User(reflected):
        __tablename__ = "users"

    with pytest.raises(sa_exc.InvalidRequestError, match="Could not reflect"):
        reflected.prepare(engine)
    with pytest.raises(sa_exc.ArgumentError, match="Expected Engine or Connection"):
        reflected.prepare("sqlite://")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id INTEGER PRIMARY KEY)")
    reflected.prepare(engine)
    assert keys(User) == ["id"]


# -- names that moved ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("declarative_base", ()),
        ("as_declarative", ()),
        ("has_inherited_table", (object,)),
        ("synonym_for", ("name",)),
    ],
)
def test_functions_that_moved_warn_of_it(name, arguments):
    function = getattr(declarative, name)
    with pytest.warns(sa_exc.MovedIn20Warning) as caught:
        function(*arguments)
    assert str(caught[0].message).startswith(
        f"The ``{name}()`` function is now available as sqlalchemy.orm.{name}(). "
        "(deprecated since: 2.0)"
    )


def test_their_namesakes_do_not(base):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert declarative_base() is not base
