"""What mappers of a hierarchy know of each other, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Integer, String, Table, inspect, select
from sqlalchemy.exc import (
    AmbiguousForeignKeysError,
    ArgumentError,
    InvalidRequestError,
    NoForeignKeysError,
    SAWarning,
)

from ormolu import class_mapper, column_property, object_mapper, relationship
from ormolu.exc import UnmappedClassError
from tests.flush.world import named
from tests.inheritance.models import Staff
from tests.inheritance.world import Hierarchies, kind, of_parent

# -- what a mapper tells ----------------------------------------------------------


def test_mappers_know_their_place(staff: Staff) -> None:
    base, engineer, manager, boss = map(
        inspect, (staff.Employee, staff.Engineer, staff.Manager, staff.Boss)
    )
    assert base.inherits is None
    assert engineer.inherits is base
    assert boss.inherits is manager
    assert boss.base_mapper is base
    assert (manager.single, boss.single, boss.concrete) == (False, True, False)
    assert list(boss.iterate_to_root()) == [boss, manager, base]
    assert list(base.self_and_descendants) == [base, engineer, manager, boss]
    assert list(manager.polymorphic_iterator()) == [manager, boss]
    assert boss.isa(base)
    assert not base.isa(boss)
    assert boss.common_parent(engineer)
    assert base.polymorphic_map == {
        "employee": base,
        "engineer": engineer,
        "manager": manager,
        "boss": boss,
    }
    assert boss.polymorphic_map is base.polymorphic_map
    assert boss.polymorphic_identity == "boss"
    assert boss.polymorphic_on is base.polymorphic_on


def test_mappers_know_their_tables(staff: Staff) -> None:
    engineer, boss = inspect(staff.Engineer), inspect(staff.Boss)
    tables = staff.metadata.tables
    assert engineer.local_table is tables["engineer"]
    assert list(engineer.tables) == [tables["employee"], tables["engineer"]]
    assert str(engineer.persist_selectable) == (
        "employee JOIN engineer ON employee.id = engineer.id"
    )
    assert boss.local_table is tables["manager"]
    assert str(engineer.inherit_condition) == "employee.id = engineer.id"
    assert engineer.primary_key == (tables["employee"].c.id,)
    assert boss.primary_key == (tables["employee"].c.id,)


def test_subclasses_have_the_attributes_of_the_base(staff: Staff) -> None:
    engineer = inspect(staff.Engineer)
    assert {"id", "name", "type", "company", "notes", "language", "machines"} <= set(
        engineer.attrs.keys()
    )
    assert "language" not in inspect(staff.Employee).attrs
    assert [c.table.name for c in engineer.attrs.id.columns] == ["engineer", "employee"]
    assert staff.Engineer.name.class_ is staff.Engineer
    assert str(staff.Engineer.name.expression) == "employee.name"
    assert str(staff.Engineer.id.expression) == "engineer.id"


def test_attributes_of_siblings_are_apart(staff: Staff) -> None:
    assert not hasattr(staff.Manager, "language")
    assert not hasattr(staff.Manager, "handicap")
    assert "handicap" not in inspect(staff.Manager).attrs
    assert "handicap" in inspect(staff.Boss).attrs


# -- what a mapping may not be -------------------------------------------------------


def test_the_class_inherits_from_that_of_the_base(world: Hierarchies) -> None:
    base = world.table("base")
    Base = world.map("Base", base)
    Other = world.new_class()
    with pytest.raises(ArgumentError, match="Class 'Own' does not inherit from 'Base'"):
        world.registry.map_imperatively(Other, world.table("other"), inherits=Base)


def test_tables_without_a_foreign_key(world: Hierarchies) -> None:
    Base = world.map("Base", world.table("base"))
    with pytest.raises(
        NoForeignKeysError,
        match="Can't determine the inherit condition between inherited table 'base' "
        "and inheriting table 'sub'; tables have no foreign key relationships "
        "established.  Please ensure the inheriting table has a foreign key "
        "relationship to the inherited table, or provide an 'on clause' using the "
        "'inherit_condition' mapper argument.",
    ):
        world.map("Sub", world.table("sub"), Base)


def test_tables_with_several_foreign_keys(world: Hierarchies) -> None:
    Base = world.map("Base", world.table("base"))
    sub = world.table("sub", of_parent(), Column("other_id", ForeignKey("base.id")))
    with pytest.raises(
        AmbiguousForeignKeysError,
        match="tables have more than one foreign key relationship established.  "
        "Please specify the 'on clause' using the 'inherit_condition' mapper "
        "argument.",
    ):
        world.map("Sub", sub, Base)


def test_a_condition_that_is_given(world: Hierarchies) -> None:
    base = world.table("base", named("name"))
    sub = world.table(
        "sub", of_parent(), Column("other_id", Integer, ForeignKey("base.id"))
    )
    Base = world.map("Base", base)
    Sub = world.map("Sub", sub, Base, inherit_condition=sub.c.id == base.c.id)
    session = world.session()
    one = Base(name="a")
    session.add(one)
    session.flush()
    two = Sub(name="b", other_id=one.id)
    session.add(two)
    session.commit()
    assert session.scalars(select(Sub)).all() == [two]
    assert (two.id, two.other_id) == (2, 1)


def test_an_identity_that_two_classes_have(world: Hierarchies) -> None:
    base = world.table("base", kind())
    Base = world.map("Base", base, polymorphic_on=base.c.kind, polymorphic_identity="b")
    First = world.map("First", None, Base, polymorphic_identity="x")
    with pytest.warns(
        SAWarning,
        match=r"Reassigning polymorphic association for identity 'x' from "
        r"<Mapper at .*; First> to <Mapper at .*; Second>: Check for duplicate use of "
        r"'x' as value for polymorphic_identity.",
    ):
        Second = world.map("Second", None, Base, polymorphic_identity="x")
    assert inspect(Base).polymorphic_map["x"] is inspect(Second)
    assert First is not Second


def test_a_class_without_an_identity(world: Hierarchies) -> None:
    base = world.table("base", kind())
    Base = world.map("Base", base, polymorphic_on=base.c.kind, polymorphic_identity="b")
    with pytest.warns(
        SAWarning,
        match=r"Mapper\[Sub\(base\)\] does not indicate a 'polymorphic_identity', yet "
        "is part of an inheritance hierarchy that has a 'polymorphic_on' column of "
        "'base.kind'. If this is an intermediary class that should not be "
        "instantiated, the class may either be left unmapped, or may include the "
        "'polymorphic_abstract=True' parameter in its Mapper arguments. To leave the "
        "class unmapped when using Declarative, set the '__abstract__ = True' "
        "attribute on the class.",
    ):
        world.map("Sub", None, Base)


def test_columns_of_one_name(world: Hierarchies) -> None:
    base = world.table("base", named("name"))
    sub = world.table("sub", of_parent(), named("name"))
    Base = world.map("Base", base)
    with pytest.warns(
        SAWarning,
        match="Implicitly combining column base.name with column sub.name under "
        "attribute 'name'.  Please configure one or more attributes for these "
        "same-named columns explicitly.",
    ):
        world.map("Sub", sub, Base)


def test_columns_that_are_combined_are_named_in_order(world: Hierarchies) -> None:
    base = world.table("base", named("data"))
    sub = world.table("sub", of_parent(), named("note"))
    Base = world.map("Base", base, properties={"text": base.c.data})
    with pytest.raises(
        InvalidRequestError,
        match="Implicitly combining column base.data with column sub.note under "
        "attribute 'text'",
    ):
        world.map("Sub", sub, Base, properties={"text": sub.c.note})


def test_a_table_without_a_key_below_the_base(world: Hierarchies) -> None:
    base = world.table("base")
    sub = Table("sub", world.metadata, Column("id", ForeignKey("base.id")))
    Base = world.map("Base", base)
    with pytest.warns(
        SAWarning,
        match="Could not assemble any primary keys for locally mapped table 'sub' - no "
        "rows will be persisted in this Table.",
    ):
        world.map("Sub", sub, Base)


def test_a_key_that_is_given_for_a_table_without_one(world: Hierarchies) -> None:
    base = world.table("base")
    sub = Table("sub", world.metadata, Column("id", ForeignKey("base.id")))
    Sub = world.map("Sub", sub, world.map("Base", base), primary_key=[base.c.id])
    assert inspect(Sub).primary_key == (base.c.id,)


def test_objects_of_a_class_that_only_derives_from_a_mapped_one(
    world: Hierarchies,
) -> None:
    Base = world.map("Base", world.table("base"))
    Derived = world.new_class(Base)
    session = world.session()
    for use in (session.add, session.merge, object_mapper):
        with pytest.raises(
            UnmappedClassError,
            match="Class 'world.Own' is not mapped; its superclass 'world.Base' is. Map "
            "the subclass as well, or use the superclass.",
        ):
            use(Derived())


def test_a_discriminator_that_is_not_mapped(world: Hierarchies) -> None:
    with pytest.raises(
        ArgumentError,
        match="Can't determine polymorphic_on value 'nix' - no attribute is mapped to "
        "this name.",
    ):
        world.map("Base", world.table("base"), polymorphic_on="nix")


def test_a_discriminator_of_another_table(world: Hierarchies) -> None:
    other = world.table("other", kind())
    with pytest.raises(
        InvalidRequestError,
        match="Could not map polymorphic_on column 'kind' to the mapped table - "
        "polymorphic loads will not function properly",
    ):
        world.map("Base", world.table("base"), polymorphic_on=other.c.kind)


def test_a_discriminator_that_is_a_relationship(world: Hierarchies) -> None:
    other = world.table("other")
    Other = world.map("Other", other)
    base = world.table("base", Column("other_id", ForeignKey("other.id")))
    with pytest.raises(
        ArgumentError,
        match="Only direct column-mapped property or SQL expression can be passed for "
        "polymorphic_on",
    ):
        world.map(
            "Base",
            base,
            polymorphic_on="other",
            properties={"other": relationship(Other)},
        )


# -- classes that are only ancestors -------------------------------------------------


def test_an_abstract_class_makes_no_instances(world: Hierarchies) -> None:
    base = world.table("base", kind(), named("name"))
    Base = world.map("Base", base, polymorphic_on=base.c.kind, polymorphic_identity="b")
    Middle = world.map("Middle", None, Base, polymorphic_abstract=True)
    Leaf = world.map("Leaf", None, Middle, polymorphic_identity="leaf")
    with pytest.raises(
        InvalidRequestError,
        match=r"Can't instantiate class for Mapper\[Middle\(base\)\]; mapper is marked "
        "polymorphic_abstract=True",
    ):
        Middle()
    session = world.session()
    session.add_all([Leaf(name="l"), Base(name="b")])
    session.commit()
    world.sql.clear()
    assert [type(o) for o in session.scalars(select(Middle))] == [Leaf]
    assert world.sql.take() == [
        (
            "SELECT base.id, base.kind, base.name FROM base WHERE base.kind IN (?)",
            ("leaf",),
        )
    ]


def test_an_abstract_class_at_the_root(world: Hierarchies) -> None:
    base = world.table("base", kind())
    Base = world.map(
        "Base", base, polymorphic_on=base.c.kind, polymorphic_abstract=True
    )
    Leaf = world.map("Leaf", None, Base, polymorphic_identity="leaf")
    with pytest.raises(InvalidRequestError, match="polymorphic_abstract=True"):
        Base()
    session = world.session()
    session.add(Leaf())
    session.commit()
    assert [o.kind for o in session.scalars(select(Base))] == ["leaf"]


# -- attributes and tables that are left out, or come later --------------------------


def test_columns_that_subclasses_leave_out(world: Hierarchies) -> None:
    base = world.table("base", kind(), named("name"), named("a"), named("b"))
    Base = world.map(
        "Base",
        base,
        polymorphic_on=base.c.kind,
        polymorphic_identity="x",
        include_properties=["id", "kind", "name"],
    )
    A = world.map(
        "A",
        None,
        Base,
        polymorphic_identity="a",
        include_properties=["id", "kind", "name", "a"],
    )
    B = world.map("B", None, Base, polymorphic_identity="b", exclude_properties=["a"])
    assert set(inspect(Base).attrs.keys()) == {"id", "kind", "name"}
    assert set(inspect(A).attrs.keys()) == {"id", "kind", "name", "a"}
    assert set(inspect(B).attrs.keys()) == {"id", "kind", "name", "b"}
    session = world.session()
    session.add_all([A(name="1", a="a"), B(name="2", b="b"), Base(name="3")])
    session.commit()
    session.expunge_all()
    found = session.scalars(select(Base).order_by(Base.id)).all()
    assert [type(o) for o in found] == [A, B, Base]
    assert (found[0].a, found[1].b) == ("a", "b")
    assert world.rows(session, base) == [
        (1, "a", "1", "a", None),
        (2, "b", "2", None, "b"),
        (3, "x", "3", None, None),
    ]


def test_a_subclass_that_leaves_out_the_discriminator(world: Hierarchies) -> None:
    base = world.table("base", kind(), named("name"), named("a"))
    Base = world.map(
        "Base",
        base,
        polymorphic_on=base.c.kind,
        polymorphic_identity="x",
        exclude_properties=["a"],
    )
    A = world.map(
        "A", None, Base, polymorphic_identity="a", include_properties=["id", "a"]
    )
    assert set(inspect(A).attrs.keys()) == {"id", "a"}
    session = world.session()
    session.add(A(a="a"))
    session.flush()
    assert world.rows(session, base) == [(1, None, None, "a")]


def test_an_attribute_of_the_base_that_comes_later(world: Hierarchies) -> None:
    base = world.table("base", kind(), named("name"))
    sub = world.table("sub", of_parent(), named("extra"))
    Base = world.map(
        "Base",
        base,
        polymorphic_on=base.c.kind,
        polymorphic_identity="b",
        exclude_properties=["name"],
    )
    Sub = world.map("Sub", sub, Base, polymorphic_identity="s")
    assert "name" not in inspect(Base).attrs
    inspect(Base).add_property("name", base.c.name)
    assert "name" in inspect(Sub).attrs
    session = world.session()
    session.add(Sub(name="a", extra="x"))
    session.commit()
    [one] = session.scalars(select(Base))
    assert (one.name, one.extra, one.kind) == ("a", "x", "s")


def test_an_attribute_of_the_base_that_comes_after_the_first_object(
    world: Hierarchies,
) -> None:
    base = world.table("base", kind(), named("name"))
    sub = world.table("sub", of_parent(), named("extra"))
    Base = world.map("Base", base, polymorphic_on=base.c.kind, polymorphic_identity="b")
    Sub = world.map("Sub", sub, Base, polymorphic_identity="s")
    session = world.session()
    one = Sub(name="a", extra="x")
    session.add(one)
    session.commit()
    inspect(Base).add_property("loud", column_property(base.c.name + "!"))
    inspect(Sub).add_property("twice", column_property(sub.c.extra + sub.c.extra))
    assert session.scalars(select(Base)).all() == [one]
    assert (one.loud, one.twice) == ("a!", "xx")
    session.expunge_all()
    [again] = session.scalars(select(Sub))
    assert (again.loud, again.twice, again.kind) == ("a!", "xx", "s")


def test_a_subclass_that_is_mapped_later(world: Hierarchies) -> None:
    base = world.table("base", kind(), named("name"))
    sub = world.table("sub", of_parent(), named("extra"))
    Base = world.map("Base", base, polymorphic_on=base.c.kind, polymorphic_identity="b")
    session = world.session()
    session.add(Base(name="a"))
    session.commit()
    assert session.scalars(select(Base)).one().name == "a"
    Sub = world.map("Sub", sub, Base, polymorphic_identity="s")
    session.add(Sub(name="b", extra="x"))
    session.commit()
    session.expunge_all()
    found = session.scalars(select(Base).order_by(Base.id)).all()
    assert [type(o) for o in found] == [Base, Sub]
    assert found[1].extra == "x"


def test_columns_of_one_name_under_two_names(world: Hierarchies) -> None:
    base = world.table("base", named("name"))
    sub = world.table("sub", of_parent(), named("name"))
    Base = world.map("Base", base)
    Sub = world.map("Sub", sub, Base, properties={"own_name": sub.c.name})
    session = world.session()
    session.add(Sub(name="inherited", own_name="own"))
    session.commit()
    assert world.rows(session, base) == [(1, "inherited")]
    assert world.rows(session, sub) == [(1, "own")]
    [one] = session.scalars(select(Sub))
    assert (one.name, one.own_name) == ("inherited", "own")


def test_keys_of_other_names(world: Hierarchies) -> None:
    base = Table(
        "base",
        world.metadata,
        Column("base_id", Integer, primary_key=True),
        Column("name", String),
    )
    sub = Table(
        "sub",
        world.metadata,
        Column("sub_id", Integer, ForeignKey("base.base_id"), primary_key=True),
        Column("extra", String),
    )
    Base = world.map("Base", base)
    Sub = world.map("Sub", sub, Base)
    session = world.session()
    one = Sub(name="a", extra="x")
    session.add(one)
    session.flush()
    assert (one.base_id, one.sub_id) == (1, 1)
    assert inspect(one).identity == (1,)
    assert world.sql.take() == [
        ("INSERT INTO base (name) VALUES (?)", ("a",)),
        ("INSERT INTO sub (sub_id, extra) VALUES (?, ?)", (1, "x")),
    ]
    one.extra = "y"
    session.flush()
    session.delete(one)
    session.flush()
    assert world.sql.take() == [
        ("UPDATE sub SET extra=? WHERE sub.sub_id = ?", ("y", 1)),
        ("DELETE FROM sub WHERE sub.sub_id = ?", (1,)),
        ("DELETE FROM base WHERE base.base_id = ?", (1,)),
    ]


def test_a_hierarchy_without_a_discriminator(world: Hierarchies) -> None:
    base = world.table("base", named("name"))
    sub = world.table("sub", of_parent(), named("extra"))
    Base = world.map("Base", base)
    Sub = world.map("Sub", sub, Base)
    session = world.session()
    session.add(Sub(name="a", extra="x"))
    session.commit()
    session.expunge_all()
    [one] = session.scalars(select(Base))
    assert type(one) is Base
    session.expunge_all()
    [one] = session.scalars(select(Sub))
    assert (type(one), one.name, one.extra) == (Sub, "a", "x")
    assert inspect(one).key == (Sub, (1,), None)


def test_disposing_of_a_registry_forgets_the_hierarchy(world: Hierarchies) -> None:
    base = world.table("base", kind())
    Base: Any = world.map(
        "Base", base, polymorphic_on=base.c.kind, polymorphic_identity="b"
    )
    Sub = world.map("Sub", None, Base, polymorphic_identity="s")
    world.registry.dispose()
    for cls in (Base, Sub):
        with pytest.raises(Exception, match="is not mapped"):
            class_mapper(cls)
