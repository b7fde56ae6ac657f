"""Declarative classes: bases, annotations to columns, tables, constructors."""

import datetime
import decimal
import enum
import uuid
from typing import Annotated, Any, Optional, Union

import pytest
import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, inspect

from ormolu import (
    DeclarativeBase,
    Mapped,
    Mapper,
    Session,
    column_property,
    configure_mappers,
    declared_attr,
    mapped_column,
    registry,
    relationship,
    synonym,
)
from tests.orm.conftest import MakeEngine


class Color(enum.Enum):
    RED = 1
    BLUE = 2


@pytest.fixture
def base() -> type[DeclarativeBase]:
    class Base(DeclarativeBase):
        pass

    return Base


def test_a_base_has_a_registry_and_its_metadata(base: Any) -> None:
    assert isinstance(base.registry, registry)
    assert isinstance(base.metadata, MetaData)
    assert base.registry.metadata is base.metadata


def test_a_base_may_bring_its_own_metadata() -> None:
    own = MetaData(schema="inventory")

    class Base(DeclarativeBase):
        metadata = own

    class Thing(Base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)

    assert Base.metadata is own
    assert Thing.__table__.fullname == "inventory.thing"


def test_a_mapped_class_has_a_table_and_a_mapper(base: Any) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)

    assert isinstance(Thing.__table__, Table)
    assert Thing.__table__ is base.metadata.tables["thing"]
    assert isinstance(Thing.__mapper__, Mapper)
    assert inspect(Thing) is Thing.__mapper__
    assert Thing.__mapper__.class_ is Thing


def test_columns_come_in_the_order_of_the_class(base: Any) -> None:
    class Thing(base):
        __tablename__ = "thing"
        name: Mapped[str]
        id: Mapped[int] = mapped_column(primary_key=True)
        weight: Mapped[float]
        height = mapped_column(Integer)

    assert Thing.__table__.c.keys() == ["name", "id", "weight", "height"]


@pytest.mark.parametrize(
    ("annotation", "type_"),
    [
        (int, sa.Integer),
        (str, sa.String),
        (float, sa.Double),
        (bool, sa.Boolean),
        (bytes, sa.LargeBinary),
        (decimal.Decimal, sa.Numeric),
        (datetime.date, sa.Date),
        (datetime.datetime, sa.DateTime),
        (datetime.time, sa.Time),
        (datetime.timedelta, sa.Interval),
        (uuid.UUID, sa.Uuid),
        (Color, sa.Enum),
    ],
)
def test_an_annotation_gives_the_column_type(
    base: Any, annotation: Any, type_: type
) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)
        value: Mapped[annotation]

    column = Thing.__table__.c.value
    assert type(column.type) is type_
    assert column.nullable is False


def test_an_enum_annotation_knows_its_class(base: Any) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)
        color: Mapped[Color]

    assert Thing.__table__.c.color.type.enum_class is Color


@pytest.mark.parametrize(
    "annotation", [Optional[str], Union[str, None], str | None, "Optional[str]"]
)
def test_an_optional_annotation_gives_a_nullable_column(
    base: Any, annotation: Any
) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)
        value: Mapped[annotation]

    assert Thing.__table__.c.value.nullable is True
    assert isinstance(Thing.__table__.c.value.type, String)


def test_a_primary_key_without_annotation_is_not_nullable(base: Any) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id = mapped_column(Integer, primary_key=True)

    assert Thing.__table__.c.id.nullable is False


def test_nullable_given_by_hand_wins_over_the_annotation(base: Any) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)
        loose: Mapped[str] = mapped_column(nullable=True)
        strict: Mapped[Optional[str]] = mapped_column(nullable=False)

    assert Thing.__table__.c.loose.nullable is True
    assert Thing.__table__.c.strict.nullable is False


def test_a_type_given_by_hand_wins_over_the_annotation(base: Any) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(30))
        big: Mapped[int] = mapped_column(sa.BigInteger)

    assert Thing.__table__.c.name.type.length == 30
    assert type(Thing.__table__.c.big.type) is sa.BigInteger


def test_mapped_column_without_annotation_is_nullable(base: Any) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id = mapped_column(Integer, primary_key=True)
        name = mapped_column(String(30))

    assert Thing.__table__.c.name.nullable is True
    assert Thing.__table__.c.id.primary_key is True


def test_a_plain_column_may_stand_in_for_mapped_column(base: Any) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id = Column(Integer, primary_key=True)
        name = Column("thing_name", String(30))

    assert Thing.__table__.c.keys() == ["id", "thing_name"]
    assert Thing(name="x").name == "x"


def test_the_column_may_have_another_name_than_the_attribute(
    base: Any, make_engine: MakeEngine
) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column("thing_id", primary_key=True)
        name: Mapped[str] = mapped_column("thing_name")

    assert Thing.__table__.c.keys() == ["thing_id", "thing_name"]
    with Session(make_engine(base.metadata)) as session:
        thing = Thing(name="x")
        session.add(thing)
        session.commit()
        assert (thing.id, thing.name) == (1, "x")
        assert session.scalars(sa.select(Thing).filter_by(name="x")).one() is thing


def test_annotated_types_carry_their_mapped_column(base: Any) -> None:
    intpk = Annotated[int, mapped_column(primary_key=True)]
    name50 = Annotated[str, mapped_column(String(50), unique=True)]

    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[intpk]
        name: Mapped[name50]

    class Other(base):
        __tablename__ = "other"
        id: Mapped[intpk]
        name: Mapped[Optional[name50]]

    for table in (Thing.__table__, Other.__table__):
        assert table.c.id.primary_key
        assert table.c.name.type.length == 50
        assert table.c.name.unique
    assert not Thing.__table__.c.name.nullable
    assert Other.__table__.c.name.nullable


def test_a_base_may_have_a_type_annotation_map() -> None:
    text = Annotated[str, "text"]

    class Base(DeclarativeBase):
        type_annotation_map = {str: String(77), text: sa.Text, int: sa.BigInteger}

    class Thing(Base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        body: Mapped[Optional[text]]

    assert type(Thing.__table__.c.id.type) is sa.BigInteger
    assert Thing.__table__.c.name.type.length == 77
    assert type(Thing.__table__.c.body.type) is sa.Text


def test_column_options_reach_the_table(base: Any) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(index=True, server_default="x")
        parent_id: Mapped[Optional[int]] = mapped_column(ForeignKey("thing.id"))

    table = Thing.__table__
    assert [index.name for index in table.indexes] == ["ix_thing_name"]
    assert table.c.name.server_default.arg == "x"
    [key] = table.c.parent_id.foreign_keys
    assert key.column is table.c.id


def test_table_args_may_be_a_tuple_with_options_at_the_end(base: Any) -> None:
    class Thing(base):
        __tablename__ = "thing"
        __table_args__ = (
            sa.UniqueConstraint("name", name="uq_name"),
            {"comment": "things", "info": {"kind": "small"}},
        )
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]

    assert Thing.__table__.comment == "things"
    assert Thing.__table__.info == {"kind": "small"}
    assert "uq_name" in {constraint.name for constraint in Thing.__table__.constraints}


def test_table_args_may_be_options_alone(base: Any) -> None:
    class Thing(base):
        __tablename__ = "thing"
        __table_args__ = {"schema": "inventory"}
        id: Mapped[int] = mapped_column(primary_key=True)

    assert Thing.__table__.fullname == "inventory.thing"


def test_a_class_may_be_mapped_to_a_table_that_exists(
    base: Any, make_engine: MakeEngine
) -> None:
    thing = Table(
        "thing",
        base.metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String),
    )

    class Thing(base):
        __table__ = thing

    assert Thing.__table__ is thing
    with Session(make_engine(base.metadata)) as session:
        session.add(Thing(name="x"))
        session.commit()
        assert session.scalars(sa.select(Thing.name)).one() == "x"


def test_columns_of_a_table_may_be_renamed_in_the_class(base: Any) -> None:
    thing = Table(
        "thing",
        base.metadata,
        Column("id", Integer, primary_key=True),
        Column("ugly_name", String),
    )

    class Thing(base):
        __table__ = thing
        name = thing.c.ugly_name

    assert Thing(name="x").name == "x"
    assert "ugly_name" not in inspect(Thing).attrs


def test_a_mixin_gives_its_columns_to_each_class(base: Any) -> None:
    class HasName:
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(20))

        def shout(self) -> str:
            return self.name.upper()

    class Thing(HasName, base):
        __tablename__ = "thing"

    class Other(HasName, base):
        __tablename__ = "other"

    assert Thing.__table__.c.keys() == ["id", "name"]
    assert Other.__table__.c.name is not Thing.__table__.c.name
    assert Thing(name="x").shout() == "X"


def test_declared_attr_gives_the_table_name(base: Any) -> None:
    class Named:
        @declared_attr.directive
        def __tablename__(cls) -> str:
            return cls.__name__.lower()  # type: ignore[attr-defined,no-any-return]

        id: Mapped[int] = mapped_column(primary_key=True)

    class Thing(Named, base):
        pass

    assert Thing.__table__.name == "thing"


def test_an_abstract_class_is_not_mapped(base: Any) -> None:
    class Common(base):
        __abstract__ = True
        id: Mapped[int] = mapped_column(primary_key=True)

    class Thing(Common):
        __tablename__ = "thing"

    assert inspect(Common, raiseerr=False) is None
    assert Thing.__table__.c.keys() == ["id"]


def test_a_default_is_applied_at_the_flush_and_lands_on_the_object(
    base: Any, make_engine: MakeEngine
) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(default="unnamed")
        serial: Mapped[int] = mapped_column(default=lambda: 40 + 2)

    thing = Thing()
    assert thing.name is None
    with Session(make_engine(base.metadata)) as session:
        session.add(thing)
        session.flush()
        assert (thing.name, thing.serial) == ("unnamed", 42)


def test_a_server_default_is_read_back_when_asked_for(
    base: Any, make_engine: MakeEngine
) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(server_default="unnamed")

    with Session(make_engine(base.metadata)) as session:
        thing = Thing()
        session.add(thing)
        session.flush()
        assert thing.name == "unnamed"


def test_an_onupdate_is_applied_at_the_flush(
    base: Any, make_engine: MakeEngine
) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        changes: Mapped[int] = mapped_column(default=0, onupdate=7)

    with Session(make_engine(base.metadata)) as session:
        thing = Thing(name="x")
        session.add(thing)
        session.flush()
        assert thing.changes == 0
        thing.name = "y"
        session.flush()
        assert thing.changes == 7


def test_an_own_constructor_is_kept(base: Any, make_engine: MakeEngine) -> None:
    calls: list[str] = []

    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]

        def __init__(self, name: str) -> None:
            calls.append(name)
            self.name = name.title()

    with Session(make_engine(base.metadata)) as session:
        session.add(Thing("thing one"))
        session.commit()
        session.expunge_all()
        loaded = session.scalars(sa.select(Thing)).one()
        assert loaded.name == "Thing One"
    assert calls == ["thing one"]


def test_the_generated_constructor_takes_class_attributes_that_are_not_mapped(
    base: Any,
) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)
        color = "blue"

    assert Thing().color == "blue"
    assert Thing(color="red").color == "red"


def test_attributes_that_are_not_mapped_live_on_the_instance(base: Any) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)

    thing = Thing(id=1)
    thing.color = "red"
    assert thing.color == "red"
    assert vars(thing)["color"] == "red"
    with pytest.raises(AttributeError):
        thing.weight


def test_columns_can_be_added_to_a_mapped_class(base: Any) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)

    Thing.name = mapped_column(String(12))
    assert Thing.__table__.c.name.type.length == 12
    assert Thing(name="x").name == "x"


def test_relationships_can_be_added_to_a_mapped_class(base: Any) -> None:
    class Parent(base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Child(base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int] = mapped_column(ForeignKey("parent.id"))

    Parent.children = relationship(Child)
    assert Parent().children == []


def test_a_synonym_is_another_name_of_an_attribute(
    base: Any, make_engine: MakeEngine
) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        title = synonym("name")

    with Session(make_engine(base.metadata)) as session:
        session.add(Thing(title="x"))
        session.flush()
        assert session.scalars(sa.select(Thing).filter_by(title="x")).one().name == "x"


def test_a_column_property_is_an_expression_in_the_select(
    base: Any, make_engine: MakeEngine
) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column()
        loud: Mapped[str] = column_property(sa.func.upper(name))

    with Session(make_engine(base.metadata)) as session:
        session.add(Thing(name="x"))
        session.flush()
        assert session.scalars(sa.select(Thing)).one().loud == "X"


def test_class_attributes_are_expressions(base: Any) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]

    assert str(Thing.name == "x") == "thing.name = :name_1"
    assert str(Thing.name.like("x%")) == "thing.name LIKE :name_1"
    assert str(Thing.id.in_([1]).compile(compile_kwargs={"literal_binds": True})) == (
        "thing.id IN (1)"
    )
    assert Thing.name.key == "name"


def test_mapped_classes_refer_to_each_other_by_name(base: Any) -> None:
    class Parent(base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children: Mapped[list["Child"]] = relationship(
            back_populates="parent", order_by="Child.id.desc()"
        )

    class Child(base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int] = mapped_column(ForeignKey("parent.id"))
        parent: Mapped["Parent"] = relationship(back_populates="children")

    configure_mappers()
    assert inspect(Parent).relationships["children"].mapper is inspect(Child)
    assert inspect(Child).relationships["parent"].mapper is inspect(Parent)


def test_the_mapper_lists_what_is_mapped(base: Any) -> None:
    class Parent(base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        children: Mapped[list["Child"]] = relationship()

    class Child(base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int] = mapped_column(ForeignKey("parent.id"))

    mapper = inspect(Parent)
    assert mapper.columns.keys() == ["id", "name"]
    assert [column.name for column in mapper.primary_key] == ["id"]
    assert [attribute.key for attribute in mapper.column_attrs] == ["id", "name"]
    assert mapper.relationships.keys() == ["children"]
    assert set(mapper.attrs.keys()) == {"id", "name", "children"}
    assert mapper.local_table is Parent.__table__
    assert mapper.attrs.name.columns == [Parent.__table__.c.name]


def test_the_registry_lists_its_mappers_and_disposes_of_them(base: Any) -> None:
    class Thing(base):
        __tablename__ = "thing"
        id: Mapped[int] = mapped_column(primary_key=True)

    assert [mapper.class_ for mapper in base.registry.mappers] == [Thing]
    base.registry.dispose()
    assert inspect(Thing, raiseerr=False) is None
