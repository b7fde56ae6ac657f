"""Mapped classes that are dataclasses."""

from __future__ import annotations

import dataclasses
import inspect
from dataclasses import InitVar

import pytest
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    create_engine,
    exc,
)

from ormolu import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    Session,
    column_property,
    deferred,
    mapped_as_dataclass,
    mapped_column,
    query_expression,
    relationship,
    unmapped_dataclass,
)
from ormolu.declarative.dataclass_init import DONT_SET


def test_constructor_and_repr(dataclass_base):
    class A(dataclass_base):
        __tablename__ = "a"
        id: Mapped[int] = mapped_column(primary_key=True, init=False)
        name: Mapped[str]
        size: Mapped[int] = mapped_column(default=3)
        made: Mapped[int] = mapped_column(default_factory=lambda: 4)

    parameters = inspect.signature(A.__init__).parameters
    assert list(parameters) == ["self", "name", "size", "made"]
    assert parameters["size"].default is DONT_SET
    a = A("x")
    assert (a.name, a.size, a.made) == ("x", 3, 4)
    assert repr(a).endswith("A(id=None, name='x', size=3, made=4)")
    assert a == A("x", size=3)


def test_defaults_are_read_and_not_set(dataclass_base):
    class A(dataclass_base):
        __tablename__ = "a"
        id: Mapped[int] = mapped_column(primary_key=True, init=False)
        shown: Mapped[int] = mapped_column(default=3)
        hidden: Mapped[int] = mapped_column(default=4, init=False)

    a = A()
    assert (a.shown, a.hidden) == (3, 4)
    assert not {"shown", "hidden"} & a.__dict__.keys()
    assert A.__table__.c.shown.default.arg == 3
    a.shown = 5
    assert a.__dict__["shown"] == 5


def test_collections_are_made_when_read(dataclass_base):
    class A(dataclass_base):
        __tablename__ = "a"
        id: Mapped[int] = mapped_column(primary_key=True, init=False)
        bs: Mapped[list[B]] = relationship(default_factory=list)

    class B(dataclass_base):
        __tablename__ = "b"
        id: Mapped[int] = mapped_column(primary_key=True, init=False)
        a_id: Mapped[int] = mapped_column(ForeignKey("a.id"), init=False)

    assert "bs" not in A().__dict__
    assert len(A(bs=[B(), B()]).bs) == 2
    with pytest.raises(exc.ArgumentError, match="must be exactly <class 'list'>"):

        class C(dataclass_base):
            __tablename__ = "c"
            id: Mapped[int] = mapped_column(primary_key=True, init=False)
            bs: Mapped[list[B]] = relationship(default_factory=set)


def test_plain_fields_and_init_variables(dataclass_base):
    class A(dataclass_base):
        __tablename__ = "a"
        id: Mapped[int] = mapped_column(primary_key=True, init=False)
        secret: InitVar[str]
        note: str = "n"
        hashed: Mapped[str] = mapped_column(init=False)

        def __post_init__(self, secret):
            self.hashed = secret[::-1]

    a = A("abc")
    assert (a.note, a.hashed) == ("n", "cba")
    assert A.__mapper__.attrs.keys() == ["id", "hashed"]


def test_options_are_inherited():
    class Base(MappedAsDataclass, DeclarativeBase, kw_only=True, repr=False):
        pass

    class A(Base, repr=True, order=True):
        __tablename__ = "a"
        id: Mapped[int] = mapped_column(primary_key=True)

    assert repr(A(id=5)).endswith("A(id=5)")
    assert A(id=1) < A(id=2)
    with pytest.raises(TypeError):
        A(5)


def test_mixins_are_dataclasses_too(dataclass_base):
    class Mixin(MappedAsDataclass):
        created: Mapped[int] = mapped_column(init=False, default=7)
        kind: Mapped[str]

    class A(Mixin, dataclass_base):
        __tablename__ = "a"
        id: Mapped[int] = mapped_column(primary_key=True, init=False)

    assert list(inspect.signature(A).parameters) == ["kind"]
    assert [f.name for f in dataclasses.fields(A)] == ["created", "kind", "id"]
    assert A("k").created == 7


def test_mixins_that_are_none_are_refused(dataclass_base):
    class Mixin:
        kind: Mapped[str]

    with pytest.raises(exc.InvalidRequestError, match="'kind' originates from supercl"):

        class A(Mixin, dataclass_base):
            __tablename__ = "a"
            id: Mapped[int] = mapped_column(primary_key=True)


def test_decorators(reg):
    @unmapped_dataclass
    class Mixin:
        kind: Mapped[str]

    @mapped_as_dataclass(reg, kw_only=True)
    class A(Mixin):
        __tablename__ = "a"
        id: Mapped[int] = mapped_column(primary_key=True)

    assert A(id=5, kind="k").kind == "k"


def test_annotations_are_as_they_were(dataclass_base):
    class Mixin(MappedAsDataclass):
        kind: Mapped[str]

    class A(Mixin, dataclass_base):
        __tablename__ = "a"
        id: Mapped[int] = mapped_column(primary_key=True)

    assert list(A.__annotations__) == ["id"]
    assert not A.__init__.__annotations__


def test_errors_of_dataclasses_are_wrapped(dataclass_base):
    with pytest.raises(exc.InvalidRequestError, match="dataclasses error") as caught:

        class A(dataclass_base):
            __tablename__ = "a"
            id: Mapped[int] = mapped_column(primary_key=True, default=5)
            name: Mapped[str]

    assert isinstance(caught.value.__cause__, TypeError)


def test_unknown_options_are_refused(dataclass_base):
    with pytest.raises(exc.ArgumentError, match="'slots' are not accepted"):

        class A(dataclass_base):
            __tablename__ = "a"
            _sa_apply_dc_transforms = {"slots": True}
            id: Mapped[int] = mapped_column(primary_key=True)


def field(item, **kw):
    return dataclasses.field(metadata={"mapped": item}, **kw)


def test_columns_in_fields_of_a_mixin(reg):
    @dataclasses.dataclass
    class Key:
        __sa_dataclass_metadata_key__ = "mapped"

        id: int = field(Column(Integer, primary_key=True), init=False)
        name: str = field(Column(String(5)), default="")

    @reg.mapped
    @dataclasses.dataclass
    class A(Key):
        __tablename__ = "a"

        name: str = field(Column(String(7)), default="x")

    @reg.mapped
    @dataclasses.dataclass
    class B(Key):
        __table__ = Table(
            "b", reg.metadata, Column("id", Integer, primary_key=True), Column("name")
        )

    assert set(A.__table__.c.keys()) == {"id", "name"}
    assert A.__table__.c.id.primary_key
    assert A.__table__.c.name.type.length == 7
    assert B.__mapper__.columns.name is B.__table__.c.name
    assert A().name == "x"


@pytest.mark.parametrize("default", ["x", 0, list])
def test_the_default_of_a_relationship_is_none(default):
    with pytest.raises(exc.ArgumentError, match="Only 'None' is accepted as dataclass"):
        relationship(default=default)


def test_a_collection_has_no_default(dataclass_base):
    class A(dataclass_base):
        __tablename__ = "a"
        id: Mapped[int] = mapped_column(primary_key=True)
        children: Mapped[list[B]] = relationship(default=None)

    class B(dataclass_base):
        __tablename__ = "b"
        id: Mapped[int] = mapped_column(primary_key=True)
        a_id: Mapped[int] = mapped_column(ForeignKey("a.id"))

    with pytest.raises(exc.ArgumentError, match=r"On relationship A.children, the"):
        dataclass_base.registry.configure()


def test_what_is_declared_as_a_list_may_be_one_object(dataclass_base):
    class A(dataclass_base):
        __tablename__ = "a"
        id: Mapped[int] = mapped_column(primary_key=True)
        child: Mapped[list[B]] = relationship(uselist=False, default=None)

    class B(dataclass_base):
        __tablename__ = "b"
        id: Mapped[int] = mapped_column(primary_key=True)
        a_id: Mapped[int] = mapped_column(ForeignKey("a.id"))

    assert A(id=1).child is None


@pytest.mark.parametrize("name", ["init", "default", "default_factory", "kw_only"])
def test_a_column_property_is_not_to_be_set(name):
    with pytest.warns(exc.SADeprecationWarning, match=f"column_property.{name} param"):
        column_property(Column(Integer), **{name: None})
    with pytest.raises(TypeError, match=name):
        query_expression(**{name: None})


def test_a_constructor_shows_no_annotations(base):
    class A(base):
        __tablename__ = "a"
        id: Mapped[int] = mapped_column(primary_key=True)

    spec = inspect.getfullargspec(A.__init__)
    assert (spec.args, spec.varkw, spec.annotations) == (["self"], "kwargs", {})


def test_a_default_that_the_column_does_not_know_is_inserted(dataclass_base):
    class A(dataclass_base):
        __tablename__ = "a"
        id: Mapped[int] = mapped_column(primary_key=True, init=False)
        x: Mapped[str] = deferred(Column(String(5)), default="x")
        y: Mapped[str] = deferred(mapped_column(), default=None)

    table = A.__table__
    assert (table.c.x.default, table.c.x.nullable, table.c.y.nullable) == (
        None,
        True,
        True,
    )
    assert isinstance(table.c.y.type, String)
    engine = create_engine("sqlite://")
    table.create(engine)
    with Session(engine) as session:
        a = A()
        assert (vars(a).get("x"), a.x, a.y) == (None, "x", None)
        session.add(a)
        session.flush()
        assert vars(a)["x"] == "x"
        assert session.execute(table.select()).all() == [(1, "x", None)]
    engine.dispose()
