"""Concrete mappings: what a class has and lacks of its parent's attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    create_engine,
    inspect,
    select,
)
from sqlalchemy import exc as sa_exc

from ormolu import (
    Mapped,
    Session,
    configure_mappers,
    declarative_base,
    mapped_column,
    polymorphic_union,
    relationship,
    with_polymorphic,
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


def pair(base: Any) -> tuple[Any, Any]:
    class Parent(base):
        __tablename__ = "parent"
        id = Column(Integer, primary_key=True)
        name = Column(String)

    class Child(Parent):
        __tablename__ = "child"
        id = Column(Integer, primary_key=True)
        size = Column(Integer)
        __mapper_args__ = {"concrete": True}

    return Parent, Child


def test_a_concrete_class_has_the_columns_of_its_table_alone(base):
    Parent, Child = pair(base)
    mapper = inspect(Child)
    assert mapper.concrete
    assert mapper.inherits is inspect(Parent)
    assert mapper.tables == [Child.__table__]
    assert set(Child.__table__.c.keys()) == {"id", "size"}
    assert str(select(Child)).replace("\n", "") == (
        "SELECT child.id, child.size FROM child"
    )


def test_instances_lack_the_other_attributes_of_the_parent(base):
    _, Child = pair(base)
    text = (
        "Concrete Mapper[Child(child)] does not implement attribute 'name' at the "
        "instance level.  Add this property explicitly to Mapper[Child(child)]."
    )
    child = Child()
    uses = [
        lambda: child.name,
        lambda: setattr(child, "name", "x"),
        lambda: delattr(child, "name"),
        lambda: Child(name="x"),
    ]
    for use in uses:
        with pytest.raises(AttributeError) as caught:
            use()
        assert str(caught.value) == text


def test_columns_that_parent_and_class_have_keep_the_tables_order(base):
    class Parent(base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]

    class Child(Parent):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        __mapper_args__ = {"concrete": True}

    assert inspect(Child).attrs.keys() == ["id", "name"]
    assert inspect(Child).attrs.name.columns == [Child.__table__.c.name]


def test_an_attribute_of_the_user_hides_the_parents(base):
    class Parent(base):
        __tablename__ = "parent"
        id = Column(Integer, primary_key=True)
        name = Column(String)

    class Child(Parent):
        __tablename__ = "child"
        id = Column(Integer, primary_key=True)
        __mapper_args__ = {"concrete": True}

        @property
        def name(self):
            return "own"

    configure_mappers()
    assert Child().name == "own"
    assert "name" not in inspect(Child).attrs


def test_late_attributes_of_the_parent_are_lacking_too(base):
    Parent, Child = pair(base)
    configure_mappers()
    Parent.late = Column(Integer)
    with pytest.raises(AttributeError, match="does not implement attribute 'late'"):
        Child().late
    Child.late = Column(Integer)
    assert Child(late=3).late == 3


def test_equal_keys_of_two_tables_are_two_objects(base, engine):
    Parent, Child = pair(base)
    base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Parent(id=1, name="p"), Child(id=1, size=3)])
        session.commit()
        assert session.get(Parent, 1).name == "p"
        assert session.get(Child, 1).size == 3
        assert session.scalars(select(Parent)).all() == [session.get(Parent, 1)]
        session.delete(session.get(Child, 1))
        session.commit()
        assert session.get(Child, 1) is None
        assert session.get(Parent, 1) is not None


def test_backrefs_of_one_name_for_the_parent_and_the_child(base):
    class Target(base):
        __tablename__ = "target"
        id = Column(Integer, primary_key=True)
        parents = relationship("Parent", backref="target")
        children = relationship("Child", backref="target")

    class Parent(base):
        __tablename__ = "parent"
        id = Column(Integer, primary_key=True)
        target_id = Column(ForeignKey("target.id"))

    class Child(Parent):
        __tablename__ = "child"
        id = Column(Integer, primary_key=True)
        target_id = Column(ForeignKey("target.id"))
        __mapper_args__ = {"concrete": True}

    configure_mappers()
    target, parent, child = Target(), Parent(), Child()
    parent.target = child.target = target
    assert (target.parents, target.children) == ([parent], [child])


def test_a_name_that_the_class_has_is_no_place_for_a_backref(base):
    Parent, Child = pair(base)
    Child.parent_id = Column(ForeignKey("parent.id"))
    Parent.children = relationship(
        Child, primaryjoin=Parent.id == Child.parent_id, backref="size"
    )
    with pytest.raises(sa_exc.ArgumentError, match="Error creating backref 'size'"):
        configure_mappers()


def test_a_class_mapped_to_the_union_is_loaded_from_all_tables(base, engine):
    registry = base.registry
    first = type("First", (), {})
    tables = {
        name: Table(name, base.metadata, Column("id", Integer, primary_key=True))
        for name in ("a", "b")
    }
    union = polymorphic_union(tables, "type", "pjoin")
    root = registry.map_imperatively(first, union, polymorphic_on=union.c.type)
    classes = {}
    for name, table in tables.items():
        classes[name] = type(name, (first,), {})
        registry.map_imperatively(
            classes[name],
            table,
            inherits=root,
            concrete=True,
            polymorphic_identity=name,
        )
    base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([classes["a"](), classes["b"]()])
        session.commit()
    with Session(engine) as session:
        found = session.scalars(select(first)).all()
        assert {type(obj) for obj in found} == set(classes.values())
        # the columns of the union are those of the classes
        assert [inspect(obj).unloaded for obj in found] == [set(), set()]


def test_a_hierarchy_without_discriminator_is_selected_from_a_union(base, engine):
    class Parent(base):
        __tablename__ = "parent"
        id = Column(Integer, primary_key=True)
        name = Column(String)
        __mapper_args__ = {"polymorphic_identity": "parent"}

    class Child(Parent):
        __tablename__ = "child"
        id = Column(Integer, primary_key=True)
        name = Column(String)
        size = Column(Integer)
        __mapper_args__ = {"concrete": True, "polymorphic_identity": "child"}

    tables = {"parent": Parent.__table__, "child": Child.__table__}
    union = polymorphic_union(tables, "type", "pjoin")
    both = with_polymorphic(Parent, "*", union, polymorphic_on=union.c.type)
    base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Parent(name="b"), Child(name="a", size=3)])
        session.commit()
    with Session(engine) as session:
        found = session.scalars(select(both).order_by(both.name)).all()
        assert [type(obj) for obj in found] == [Child, Parent]
        assert vars(found[0])["size"] == 3
        assert session.scalars(select(Parent)).all() == [found[1]]
