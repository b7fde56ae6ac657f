"""Columns from annotations: types, nullability, names, order."""

from __future__ import annotations

import datetime
import decimal
import enum
import uuid
from typing import Annotated, Any, ClassVar, Literal, NewType

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
    UniqueConstraint,
    Uuid,
    exc,
    func,
)
from typing_extensions import TypeAliasType

from ormolu import Mapped, column_property, deferred, mapped_column
from ormolu.declarative.mapped import Unmapped
from ormolu.declarative.mapped_column import unmapped_column
from ormolu.exc import MappedAnnotationError

Str50 = Annotated[str, 50]
Key = Annotated[int, mapped_column(primary_key=True)]
Ref = Annotated[int, mapped_column(ForeignKey("target.id"), index=True)]
Named = NewType("Named", str)
Alias = TypeAliasType("Alias", str)
M = Mapped


class Color(enum.Enum):
    red = "r"
    green = "g"


def test_types_and_nullability_come_from_the_annotation(base):
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[Key]
        text: Mapped[str]
        maybe: Mapped[str | None]
        perhaps: Mapped[int | None]
        when: Mapped[datetime.datetime]
        much: Mapped[decimal.Decimal]
        yes: Mapped[bool]
        token: Mapped[uuid.UUID]
        color: Mapped[Color]
        status: Mapped[Literal["on", "off"]]
        alias: Mapped[Alias]

    columns = Thing.__table__.c
    kinds = [type(column.type) for column in columns]
    assert kinds[:4] == [Integer, String, String, Integer]
    assert kinds[4:8] == [DateTime, Numeric, Boolean, Uuid]
    assert columns.color.type.enum_class is Color
    assert columns.status.type.enums == ["on", "off"]
    assert isinstance(columns.alias.type, String)
    assert [c.name for c in columns if c.nullable] == ["maybe", "perhaps"]


def test_the_type_map_goes_first(base):
    base.registry.update_type_annotation_map(
        {Str50: String(50), Named: String(7), int: BigInteger, str | int: Numeric(5)}
    )

    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)
        a: Mapped[Str50]
        b: Mapped[Str50 | None]
        c: Mapped[Named]
        d: Mapped[int | str | None]

    columns = Thing.__table__.c
    assert isinstance(columns.id.type, BigInteger)
    assert [columns[k].type.length for k in "abc"] == [50, 50, 7]
    assert columns.d.type.precision == 5
    assert [columns[k].nullable for k in "abcd"] == [False, True, False, True]


def test_annotated_brings_a_whole_column(base):
    class Target(base):
        __tablename__ = "target"
        id: Mapped[Key]

    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[Key]
        target_id: Mapped[Ref | None]
        other_id: Mapped[Ref] = mapped_column(index=False)

    columns = Thing.__table__.c
    assert columns.target_id.references(Target.__table__.c.id)
    assert (columns.target_id.index, columns.other_id.index) == (True, False)
    assert (columns.target_id.nullable, columns.other_id.nullable) == (True, False)


def test_columns_keep_the_order_of_the_class(base):
    class Mixin:
        zuletzt: Mapped[int] = mapped_column(sort_order=9)
        mixed: Mapped[int]

    class Thing(Mixin, base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)
        b: Mapped[int]
        a = Column(Integer)
        first: Mapped[int] = mapped_column(sort_order=-1)

    assert Thing.__table__.c.keys() == ["first", "id", "b", "a", "mixed", "zuletzt"]


def test_a_column_may_have_another_name(base):
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[Key]
        data: Mapped[str] = mapped_column("data_column")

    assert Thing.__table__.c.keys() == ["id", "data_column"]
    assert Thing.data.property.columns == [Thing.__table__.c.data_column]


def test_aliases_of_mapped_are_followed(base):
    class Thing(base):
        __tablename__ = "thing"
        id: M[int] = mapped_column(primary_key=True)
        data: M[str]

    assert Thing.__table__.c.keys() == ["id", "data"]


def test_what_is_not_mapped_is_left_alone(base):
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[Key]
        count: ClassVar[int] = 5
        plain: int = 7

    assert Thing.__mapper__.attrs.keys() == ["id"]
    assert (Thing.count, Thing.plain) == (5, 7)


def test_unmapped_columns_are_in_the_table_alone(base):
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[Key]
        old: Unmapped[str | None] = unmapped_column(server_default="x")
        older: Unmapped[int]

    assert Thing.__table__.c.keys() == ["id", "old", "older"]
    assert Thing.__mapper__.attrs.keys() == ["id"]
    assert not hasattr(Thing, "old")


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (Mapped[object], "Could not locate SQLAlchemy Core type when resolving"),
        (Mapped[BigInteger], "is the SQLAlchemy type"),
        (Mapped["Nowhere"], "Could not resolve all types within mapped annotation"),
        ("Nowhere[int]", r"Could not interpret annotation Nowhere\[int\]"),
        (int, 'Type annotation for "Thing.data" can\'t be correctly interpreted'),
    ],
)
def test_annotations_that_say_no_column(base, annotation: Any, text):
    namespace = {
        "__tablename__": "thing",
        "__module__": __name__,
        "__annotations__": {"id": Mapped[Key], "data": annotation},
    }
    with pytest.raises(MappedAnnotationError, match=text):
        type(base)("Thing", (base,), namespace)


def test_a_column_needs_a_type_from_somewhere(base):
    with pytest.raises(exc.ArgumentError, match='required for attribute "Thing.data"'):

        class Thing(base):
            __tablename__ = "thing"
            id: Mapped[Key]
            data = mapped_column()


def test_dataclass_arguments_need_a_dataclass(base):
    with pytest.raises(exc.ArgumentError, match=r"argument\(s\): 'init', 'repr' but"):

        class Thing(base):
            __tablename__ = "thing"
            id: Mapped[int] = mapped_column(primary_key=True, init=False, repr=True)


def test_constructs_stand_in_expressions():
    column = mapped_column("x", Integer)
    assert str(column == 5) == "x = :x_1"
    assert str(func.max(column)) == "max(x)"


def test_constraints_are_given_properties(base):
    class A(base):
        __tablename__ = "a"
        id: Mapped[int] = mapped_column(primary_key=True)
        x = column_property(Column(Integer))
        y = deferred(Column(Integer))
        z = deferred(mapped_column(Integer))
        __table_args__ = (
            UniqueConstraint(x, y, z, name="unique"),
            CheckConstraint(x > func.lower(y), name="check"),
            Index("index", y, func.lower(x)),
        )

    table = A.__table__
    found = {c.name: c.columns.keys() for c in (*table.constraints, *table.indexes)}
    assert found["unique"] == ["x", "y", "z"]
    assert found["check"] == ["x", "y"]
    assert found["index"] == ["y", "x"]
