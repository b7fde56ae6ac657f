"""Attributes set on a class that is mapped, and what registries do with classes."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, ForeignKey, Integer, String, Table, event, exc

from ormolu import DeclarativeBase, Mapped, mapped_column, registry, relationship
from ormolu.declarative.attribute_setting import add_mapped_attribute
from ormolu.declarative.mapped_column import unmapped_column


@pytest.fixture
def user(base):
    class User(base):
        __tablename__ = "user"
        id: Mapped[int] = mapped_column(primary_key=True)
        plain = 5

    return User


def test_columns_join_table_and_mapping(user):
    user.name = mapped_column(String(30))
    user.other = Column("other_column", Integer)
    user.hidden = unmapped_column(Integer)
    assert user.__table__.c.keys() == ["id", "name", "other_column", "hidden"]
    assert user.__mapper__.attrs.keys() == ["id", "name", "other"]


def test_relationships_are_mapped(base, user):
    class Item(base):
        __tablename__ = "item"
        id: Mapped[int] = mapped_column(primary_key=True)
        user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))

    user.items = relationship(Item, back_populates="user")
    add_mapped_attribute(Item, "user", relationship(user, back_populates="items"))
    assert user.__mapper__.relationships.keys() == ["items"]
    assert Item.__mapper__.relationships.keys() == ["user"]


def test_anything_else_is_just_set(user):
    user.plain = 7
    user.new = 8
    del user.new
    assert user.plain == 7
    assert not hasattr(user, "new")


def test_mapped_attributes_cannot_be_deleted(user):
    with pytest.raises(NotImplementedError, match="Can't un-map individual mapped"):
        del user.id


def test_a_class_is_mapped_once(base, user):
    with pytest.raises(exc.InvalidRequestError, match="already has been instrumented"):
        base.registry.map_declaratively(user)


def test_decorated_classes(reg):
    @reg.mapped
    class A:
        __tablename__ = "a"
        id: Mapped[int] = mapped_column(primary_key=True)

    class B:
        pass

    c = reg.map_declaratively(
        type("C", (), {"__tablename__": "c", "id": Column(Integer, primary_key=True)})
    )
    mapper = reg.map_imperatively(
        B, Table("b", reg.metadata, Column("id", Integer, primary_key=True))
    )
    assert reg.mappers == {A.__mapper__, mapper, c}
    assert B.__mapper__ is mapper
    assert A(id=5).id == 5
    with pytest.raises(TypeError, match="'x' is an invalid keyword argument for A"):
        A(x=5)


def test_listeners_resolve_types(base):
    @event.listens_for(base.registry, "resolve_type_annotation")
    def resolve(question):
        assert question.cls.__name__ == "A"
        return String(7) if question.key == "data" else None

    class A(base):
        __tablename__ = "a"
        id: Mapped[int] = mapped_column(primary_key=True)
        data: Mapped[object]

    assert A.__table__.c.data.type.length == 7


def test_hooks_of_classes_are_called_around_configuration(reg):
    calls = []

    @reg.mapped
    class A:
        __tablename__ = "a"
        id: Mapped[int] = mapped_column(primary_key=True)

        @classmethod
        def __declare_first__(cls):
            calls.append("first")

        @classmethod
        def __declare_last__(cls):
            calls.append("last")

    reg._before_configure()
    reg._after_configure()
    reg._before_configure()
    assert calls == ["first", "last"]


def test_bases_that_contradict_themselves():
    with pytest.raises(exc.InvalidRequestError, match="not an instance of"):

        class One(DeclarativeBase):
            registry = 5

    with pytest.raises(exc.InvalidRequestError, match="both a 'registry' attribute"):

        class Two(DeclarativeBase):
            registry = registry()
            type_annotation_map = {}
