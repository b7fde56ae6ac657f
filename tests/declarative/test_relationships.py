"""Relationship targets and collections from annotations and strings."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Column, ForeignKey, Integer, Table, exc

from ormolu import (
    DynamicMapped,
    Mapped,
    WriteOnlyMapped,
    declared_attr,
    mapped_column,
    relationship,
    synonym,
)

if TYPE_CHECKING:
    pass


def make(base, name, annotation=None, **kw):
    """A class of table ``name`` with a relationship ``others``."""
    prop = relationship(**kw)
    namespace = {
        "__tablename__": name.lower(),
        "__module__": __name__,
        "__annotations__": {"id": Mapped[int]},
        "id": mapped_column(primary_key=True),
        "others": prop,
    }
    if annotation is not None:
        namespace["__annotations__"]["others"] = annotation
    return type(base)(name, (base,), namespace), prop


@pytest.mark.parametrize(
    ("annotation", "collection", "uselist"),
    [
        ("Mapped[list[Related]]", list, None),
        ("Mapped[set['Related']]", set, None),
        ("Mapped['list[Related]']", list, None),
        (Mapped[list["Related"]], list, None),  # noqa: F821 -- never resolved
        (Mapped["list[Related]"], list, None),
        ("Mapped[Related]", None, False),
        ("Mapped[Related | None]", None, False),
        ("Mapped['Related | None']", None, False),
        (Mapped["Related"], None, False),
    ],
)
def test_target_and_collection(base, annotation, collection, uselist):
    _, prop = make(base, "Parent", annotation)
    assert prop.argument == "Related"
    assert prop.collection_class is collection
    assert prop.uselist is uselist


@pytest.mark.parametrize(
    ("annotation", "lazy"),
    [
        ("WriteOnlyMapped[list[Related]]", "write_only"),
        (WriteOnlyMapped["Related"], "write_only"),
        ("DynamicMapped[Related]", "dynamic"),
        (DynamicMapped["Related"], "dynamic"),
    ],
)
def test_loading_style(base, annotation, lazy):
    _, prop = make(base, "Parent", annotation)
    assert (prop.argument, prop.lazy, prop.uselist) == ("Related", lazy, None)


def test_what_is_given_explicitly_wins(base):
    _, prop = make(
        base, "Parent", "Mapped[list[Hidden]]", argument="Real", collection_class=set
    )
    assert (prop.argument, prop.collection_class) == ("Real", set)


def test_an_abstract_collection_needs_a_class(base):
    with pytest.raises(exc.ArgumentError, match="cannot be instantiated"):
        make(base, "Parent", Mapped[Sequence["Related"]])  # noqa: F821


def test_an_annotation_is_required(base):
    with pytest.raises(exc.ArgumentError, match='required for attribute "Parent.oth'):
        make(base, "Parent")


def declare(base):
    class User(base):
        __tablename__ = "user"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Item(base):
        __tablename__ = "item"
        id: Mapped[int] = mapped_column(primary_key=True)
        user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))

    Table("both", base.metadata, Column("x", ForeignKey("user.id")))
    return User, Item


def test_strings_name_classes_tables_and_functions(base):
    User, Item = declare(base)
    resolve = base.registry.resolve_expression
    assert resolve(User, "Item", "argument") is Item
    assert resolve(User, f"{__name__}.Item", "argument") is Item
    assert resolve(User, "both", "table") is base.metadata.tables["both"]
    assert resolve(User, "Item.user_id", "expression") is Item.user_id
    assert str(resolve(User, "User.id == foreign(Item.user_id)", "expression")) == (
        '"user".id = item.user_id'
    )
    assert str(resolve(User, "desc(Item.id)", "expression")) == "item.id DESC"
    assert resolve(User, "[Item.id]", "expression") == [Item.id]


def test_names_that_mean_nothing(base):
    User, _ = declare(base)
    resolve = base.registry.resolve_expression
    with pytest.raises(exc.InvalidRequestError, match=r"failed to locate a name \('No"):
        resolve(User, "Nothing", "argument")
    with pytest.raises(AttributeError, match="not have a mapped column named 'no'"):
        resolve(User, "Item.no == 5", "expression")
    with pytest.raises(exc.InvalidRequestError, match="using a generic class as the"):
        resolve(User, "List['Item']", "argument")


def test_two_classes_of_one_name(base):
    User, _ = declare(base)
    twins = []
    for module in ("one", "two"):
        namespace = {
            "__module__": f"pkg.{module}",
            "__tablename__": f"item_{module}",
            "id": Column(Integer, primary_key=True),
        }
        twins.append(type(base)("Twin", (base,), namespace))
    resolve = base.registry.resolve_expression
    with pytest.raises(exc.InvalidRequestError, match="Multiple classes found for pa"):
        resolve(User, "Twin", "argument")
    assert resolve(User, "pkg.one.Twin", "argument") is twins[0]
    assert resolve(User, "two.Twin", "argument") is twins[1]


def test_the_class_registry_is_weak(base):
    _, Item = declare(base)
    names = base.registry._class_registry
    base.registry.dispose()
    reference = weakref.ref(Item)
    del Item
    gc.collect()
    assert "Item" not in names or reference() is not None


@pytest.mark.parametrize("text", ["A.others == B.id", "A.others", "A.also.any()"])
def test_a_relationship_is_no_column(base, text):
    A, _ = make(base, "A", "Mapped[list[B]]")
    A.also = synonym("others")
    A.b_id = Column(ForeignKey("b.id"))
    _kept = make(base, "B", argument="A", primaryjoin=text)
    with pytest.raises(
        exc.InvalidRequestError,
        match="Property 'others' is not an instance of ColumnProperty",
    ):
        base.registry.configure()


def test_another_thread_waits_until_a_class_is_mapped(base):
    A, _ = make(base, "A", "Mapped[list[B]]")
    begun = threading.Event()
    made = []

    class Mixin:
        @declared_attr
        def a_id(cls):
            begun.set()
            time.sleep(0.05)  # the class is in the registry and not yet mapped
            return Column(ForeignKey("a.id"))

    def declare():
        namespace = {"__tablename__": "b", "id": Column(Integer, primary_key=True)}
        made.append(type(base)("B", (Mixin, base), namespace))

    thread = threading.Thread(target=declare)
    thread.start()
    assert begun.wait(10)
    base.registry.configure()
    thread.join()
    assert A.others.property.mapper.class_ is made[0]
