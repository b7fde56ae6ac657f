"""Mixins, abstract bases and declared attributes."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, String, Table, exc

from ormolu import (
    Mapped,
    as_declarative,
    declarative_base,
    declared_attr,
    has_inherited_table,
    mapped_column,
    registry,
    relationship,
)


def test_each_class_has_its_own_copy_of_a_mixins_column(base):
    class Mixin:
        id: Mapped[int] = mapped_column(primary_key=True)
        name = Column(String(5))

    class A(Mixin, base):
        __tablename__ = "a"

    class B(Mixin, base):
        __tablename__ = "b"

    assert A.__table__.c.keys() == B.__table__.c.keys() == ["id", "name"]
    assert A.__table__.c.name is not B.__table__.c.name


def test_declared_attributes_run_once_for_each_class(base):
    calls = []

    class Mixin:
        @declared_attr.directive
        def __tablename__(cls) -> str:
            return cls.__name__.lower()

        @declared_attr
        def key(cls) -> Mapped[int]:
            calls.append(cls.__name__)
            return mapped_column(primary_key=True)

        @declared_attr.directive
        def __table_args__(cls):
            return (Index(f"ix_{cls.__name__}", cls.key),)

    class One(Mixin, base):
        pass

    class Two(Mixin, base):
        pass

    assert calls == ["One", "Two"]
    assert [i.name for i in Two.__table__.indexes] == ["ix_Two"]


def test_relationships_of_mixins_are_declared(base):
    class Target(base):
        __tablename__ = "target"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Mixin:
        id: Mapped[int] = mapped_column(primary_key=True)
        target_id: Mapped[int] = mapped_column(ForeignKey("target.id"))

        @declared_attr
        def target(cls) -> Mapped[Target]:
            return relationship()

    class A(Mixin, base):
        __tablename__ = "a"

    assert A.target.property.argument == "Target"
    assert A.target.property.uselist is False


def test_a_class_overrides_its_mixin(base):
    class Mixin:
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[int]
        gone: Mapped[int]

    class A(Mixin, base):
        __tablename__ = "a"
        name: Mapped[str]
        gone = None

    assert A.__table__.c.keys() == ["name", "id"]
    assert isinstance(A.__table__.c.name.type, String)


def test_abstract_bases_are_not_mapped(base):
    class Abstract(base):
        __abstract__ = True
        id: Mapped[int] = mapped_column(primary_key=True)
        metadata = MetaData()

    class A(Abstract):
        __tablename__ = "a"

    assert not has_inherited_table(A)
    assert A.__table__.metadata is Abstract.metadata is not base.metadata


def test_mixin_with_relationship_is_refused(base):
    class Mixin:
        other = relationship("A")

    with pytest.raises(exc.InvalidRequestError, match="must be declared as @declared"):

        class A(Mixin, base):
            __tablename__ = "a"


def test_table_arguments(base):
    class A(base):
        __tablename__ = "a"
        __table_args__ = (Index("ix", "id"), {"schema": "s"})
        id: Mapped[int] = mapped_column(primary_key=True)

    assert A.__table__.fullname == "s.a"
    assert [i.name for i in A.__table__.indexes] == ["ix"]
    with pytest.raises(exc.ArgumentError, match="must be a tuple, dict, or None"):

        class B(base):
            __tablename__ = "b"
            __table_args__ = "x"
            id: Mapped[int] = mapped_column(primary_key=True)


def test_a_ready_made_table(base):
    class A(base):
        __table__ = Table("a", base.metadata, Column("id", Integer, primary_key=True))
        id: Mapped[int]

    assert A.__mapper__.attrs.keys() == ["id"]
    with pytest.raises(exc.ArgumentError, match="Can't add additional column 'c'"):

        class B(base):
            __table__ = Table(
                "b", base.metadata, Column("id", Integer, primary_key=True)
            )
            c = Column(Integer)


def test_a_table_is_needed(base):
    with pytest.raises(exc.InvalidRequestError, match="does not have a __table__ or"):

        class A(base):
            id: Mapped[int] = mapped_column(primary_key=True)


def test_other_kinds_of_bases():
    Dynamic = declarative_base(name="Dynamic")
    assert Dynamic.__name__ == "Dynamic"

    @as_declarative()
    class Decorated:
        @declared_attr.directive
        def __tablename__(cls) -> str:
            return cls.__name__.lower()

    class A(Decorated):
        id = Column(Integer, primary_key=True)

    assert A.__tablename__ == "a"
    assert isinstance(Decorated.registry, registry)


def test_reserved_names_warn(base):
    with pytest.warns(exc.SAWarning, match="'metadata' should be left reserved"):

        class A(base):
            __tablename__ = "a"
            id: Mapped[int] = mapped_column(primary_key=True)
            metadata = Column(Integer)


def test_a_trailing_comma_warns(base):
    with pytest.warns(exc.SAWarning, match="Ignoring declarative-like tuple"):

        class A(base):
            __tablename__ = "a"
            id: Mapped[int] = mapped_column(primary_key=True)
            x = (Column(Integer),)
