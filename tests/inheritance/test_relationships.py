"""Relationships of base and subclasses: loading them, and asking for them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Integer, select

from ormolu import (
    Session,
    aliased,
    joinedload,
    lazyload,
    polymorphic_union,
    relationship,
    selectin_polymorphic,
    selectinload,
    subqueryload,
)
from tests.flush.world import named
from tests.inheritance.models import Staff
from tests.inheritance.world import Hierarchies, kind, of_parent
from tests.orm.recording import Recorder

EAGER = [joinedload, selectinload, subqueryload]
EMPLOYEE = "employee.id, employee.name, employee.type, employee.company_id"


# -- lazily ----------------------------------------------------------------------


def test_a_collection_of_a_base_class_has_objects_of_subclasses(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    company = session.get(staff.Company, 1)
    sql.clear()
    found = company.employees
    assert [type(e) for e in found] == [staff.Engineer, staff.Manager, staff.Boss]
    assert sql.take() == [
        (
            f"SELECT {EMPLOYEE} FROM employee "
            "WHERE ? = employee.company_id ORDER BY employee.id",
            (1,),
        )
    ]


def test_a_collection_of_a_subclass_selects_the_join(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    machine = session.get(staff.Machine, 1)
    sql.clear()
    assert machine.engineer.language == "c"
    [(statement, parameters)] = sql.take()
    assert statement.endswith(
        "FROM employee JOIN engineer ON employee.id = engineer.id WHERE employee.id = ?"
    )
    assert parameters == (1,)


def test_a_reference_to_a_subclass_comes_from_the_identity_map(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    engineer = session.get(staff.Employee, 1)
    machine = session.get(staff.Machine, 1)
    with sql.silence():
        assert machine.engineer is engineer


def test_a_reference_to_the_base_comes_from_the_identity_map(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    boss = session.get(staff.Boss, 3)
    note = session.get(staff.Note, 3)
    with sql.silence():
        assert note.employee is boss


def test_relationships_of_the_base_on_a_subclass(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    boss = session.get(staff.Boss, 3)
    assert [n.text for n in boss.notes] == ["golfing"]
    assert boss.company.name == "acme"
    assert boss in boss.company.employees


def test_a_collection_below_a_row_of_the_base(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    engineer = session.get(staff.Employee, 1)
    sql.clear()
    assert [m.name for m in engineer.machines] == ["pdp", "vax"]
    [statement] = sql.take_sql()
    assert statement.endswith(
        "FROM machine WHERE ? = machine.engineer_id ORDER BY machine.id"
    )


# -- eagerly ----------------------------------------------------------------------


@pytest.mark.parametrize("load", EAGER)
def test_a_base_class_is_loaded_with_its_parent(
    staff: Staff, session: Session, sql: Recorder, load: Any
) -> None:
    statement = select(staff.Company).options(load(staff.Company.employees))
    companies = session.scalars(statement.order_by(staff.Company.id)).unique().all()
    sql.clear()
    with sql.silence():
        found = [[(type(e).__name__, e.name) for e in c.employees] for c in companies]
    assert found == [
        [("Engineer", "ed"), ("Manager", "mo"), ("Boss", "bo")],
        [("Employee", "al"), ("Engineer", "eve")],
    ]


@pytest.mark.parametrize("load", EAGER)
def test_a_relationship_of_the_base_is_loaded_for_a_subclass(
    staff: Staff, session: Session, sql: Recorder, load: Any
) -> None:
    statement = select(staff.Manager).options(load(staff.Manager.notes))
    managers = session.scalars(statement.order_by(staff.Manager.id)).unique().all()
    sql.clear()
    with sql.silence():
        assert [[n.text for n in m.notes] for m in managers] == [["late"], ["golfing"]]


@pytest.mark.parametrize("load", EAGER)
def test_a_relationship_of_the_base_is_loaded_for_all_classes(
    staff: Staff, session: Session, sql: Recorder, load: Any
) -> None:
    statement = select(staff.Employee).options(load(staff.Employee.notes))
    found = session.scalars(statement.order_by(staff.Employee.id)).unique().all()
    sql.clear()
    with sql.silence():
        assert [[n.text for n in e.notes] for e in found] == [
            ["early"],
            ["late"],
            ["golfing"],
            [],
            [],
        ]


@pytest.mark.parametrize("load", EAGER)
def test_a_relationship_to_a_subclass(
    staff: Staff, session: Session, sql: Recorder, load: Any
) -> None:
    statement = select(staff.Machine).options(load(staff.Machine.engineer))
    machines = session.scalars(statement.order_by(staff.Machine.id)).all()
    sql.clear()
    with sql.silence():
        found = [(m.engineer.name, m.engineer.level) for m in machines]
    assert found == [("ed", 3), ("ed", 3), ("eve", 9)]


@pytest.mark.parametrize("load", EAGER)
def test_a_relationship_of_a_subclass(
    staff: Staff, session: Session, sql: Recorder, load: Any
) -> None:
    statement = select(staff.Engineer).options(load(staff.Engineer.machines))
    found = session.scalars(statement.order_by(staff.Engineer.id)).unique().all()
    sql.clear()
    with sql.silence():
        assert [[m.name for m in e.machines] for e in found] == [
            ["pdp", "vax"],
            ["cray"],
        ]


@pytest.mark.parametrize("load", [selectinload, subqueryload])
def test_a_relationship_of_a_subclass_below_rows_of_the_base(
    staff: Staff, session: Session, sql: Recorder, load: Any
) -> None:
    statement = select(staff.Employee).options(
        selectin_polymorphic(staff.Employee, [staff.Engineer]),
        load(staff.Engineer.machines),
    )
    found = session.scalars(statement.order_by(staff.Employee.id)).all()
    sql.clear()
    with sql.silence():
        assert [m.name for m in found[0].machines] == ["pdp", "vax"]
        assert [m.name for m in found[4].machines] == ["cray"]


def test_joined_sql_of_a_subclass(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    statement = select(staff.Machine).options(joinedload(staff.Machine.engineer))
    session.scalars(statement).all()
    assert sql.take_sql() == [
        "SELECT machine.id, machine.name, machine.engineer_id, engineer_1.id AS id_1, "
        "employee_1.id AS id_2, employee_1.name AS name_1, employee_1.type, "
        "employee_1.company_id, engineer_1.language, engineer_1.level FROM machine "
        "LEFT OUTER JOIN (employee AS employee_1 JOIN engineer AS engineer_1 "
        "ON employee_1.id = engineer_1.id) ON engineer_1.id = machine.engineer_id"
    ]


def test_joined_sql_of_a_relationship_of_the_base(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    statement = select(staff.Engineer).options(joinedload(staff.Engineer.company))
    session.scalars(statement).all()
    assert sql.take_sql() == [
        "SELECT engineer.id, employee.id AS id_1, employee.name, employee.type, "
        "employee.company_id, engineer.language, engineer.level, "
        "company_1.id AS id_2, company_1.name AS name_1 FROM employee "
        "JOIN engineer ON employee.id = engineer.id "
        "LEFT OUTER JOIN company AS company_1 ON company_1.id = employee.company_id"
    ]


def test_selectin_sql(staff: Staff, session: Session, sql: Recorder) -> None:
    statement = select(staff.Engineer).options(selectinload(staff.Engineer.notes))
    session.scalars(statement).all()
    assert sql.take()[1] == (
        "SELECT note.employee_id, note.id, note.text FROM note "
        "WHERE note.employee_id IN (?, ?) ORDER BY note.id",
        (1, 5),
    )


def test_an_option_for_the_base_reaches_a_lazy_load(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    statement = select(staff.Employee).options(
        lazyload(staff.Employee.company).joinedload(staff.Company.employees)
    )
    found = session.scalars(statement.order_by(staff.Employee.id)).all()
    company = found[4].company
    sql.clear()
    with sql.silence():
        assert [type(e) for e in company.employees] == [staff.Employee, staff.Engineer]


# -- of_type -----------------------------------------------------------------------


def test_join_of_type(staff: Staff, session: Session, sql: Recorder) -> None:
    statement = (
        select(staff.Company.name, staff.Engineer.language)
        .join(staff.Company.employees.of_type(staff.Engineer))
        .order_by(staff.Engineer.id)
    )
    assert session.execute(statement).all() == [("acme", "c"), ("bits", "lisp")]
    assert sql.take_sql() == [
        "SELECT company.name, engineer.language FROM company JOIN "
        "(employee JOIN engineer ON employee.id = engineer.id) "
        "ON company.id = employee.company_id ORDER BY engineer.id"
    ]


def test_join_of_type_of_a_class_without_a_table(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    statement = select(staff.Company.name, staff.Boss.handicap).join(
        staff.Company.employees.of_type(staff.Boss)
    )
    assert session.execute(statement).all() == [("acme", 7)]
    assert sql.take_sql() == [
        "SELECT company.name, manager.handicap FROM company JOIN "
        "(employee JOIN manager ON employee.id = manager.id) "
        "ON company.id = employee.company_id AND employee.type IN (?)"
    ]


@pytest.mark.parametrize("load", EAGER)
def test_loading_of_type(
    staff: Staff, session: Session, sql: Recorder, load: Any
) -> None:
    statement = select(staff.Company).options(
        load(staff.Company.employees.of_type(staff.Engineer))
    )
    companies = session.scalars(statement.order_by(staff.Company.id)).unique().all()
    found = [[(type(e).__name__, e.name) for e in c.employees] for c in companies]
    assert [e for e in found[0] if e[0] == "Engineer"] == [("Engineer", "ed")]
    engineer = companies[1].employees[-1]
    sql.clear()
    with sql.silence():
        assert engineer.language == "lisp"


@pytest.mark.parametrize("load", [selectinload, subqueryload, joinedload])
def test_loading_on_from_of_type(
    staff: Staff, session: Session, sql: Recorder, load: Any
) -> None:
    statement = select(staff.Company).options(
        load(staff.Company.employees.of_type(staff.Engineer)).selectinload(
            staff.Engineer.machines
        )
    )
    companies = session.scalars(statement.order_by(staff.Company.id)).unique().all()
    engineers = [
        e for c in companies for e in c.employees if isinstance(e, staff.Engineer)
    ]
    sql.clear()
    with sql.silence():
        assert [[m.name for m in e.machines] for e in engineers] == [
            ["pdp", "vax"],
            ["cray"],
        ]


# -- any, has, comparisons ------------------------------------------------------------


def test_any(staff: Staff, session: Session, sql: Recorder) -> None:
    statement = select(staff.Company.name).where(
        staff.Company.employees.any(staff.Employee.name == "al")
    )
    assert session.scalars(statement).all() == ["bits"]


def test_any_of_type(staff: Staff, session: Session, sql: Recorder) -> None:
    statement = select(staff.Company.name).where(
        staff.Company.employees.of_type(staff.Engineer).any(
            staff.Engineer.language == "lisp"
        )
    )
    assert session.scalars(statement).all() == ["bits"]
    assert sql.take_sql() == [
        "SELECT company.name FROM company WHERE EXISTS (SELECT 1 FROM employee "
        "JOIN engineer ON employee.id = engineer.id "
        "WHERE company.id = employee.company_id AND engineer.language = ?)"
    ]


def test_any_of_type_of_a_class_without_a_table(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    statement = select(staff.Company.name).where(
        staff.Company.employees.of_type(staff.Boss).any()
    )
    assert session.scalars(statement).all() == ["acme"]
    assert sql.take_sql() == [
        "SELECT company.name FROM company WHERE EXISTS (SELECT 1 FROM employee "
        "JOIN manager ON employee.id = manager.id "
        "WHERE company.id = employee.company_id AND employee.type IN (?) "
        "AND employee.type IN (?))"
    ]


def test_any_of_a_subclass(staff: Staff, session: Session, sql: Recorder) -> None:
    statement = select(staff.Engineer.name).where(
        staff.Engineer.machines.any(staff.Machine.name == "cray")
    )
    assert session.scalars(statement).all() == ["eve"]
    assert sql.take_sql() == [
        "SELECT employee.name FROM employee JOIN engineer "
        "ON employee.id = engineer.id WHERE EXISTS (SELECT 1 FROM machine "
        "WHERE engineer.id = machine.engineer_id AND machine.name = ?)"
    ]


def test_has_of_a_subclass(staff: Staff, session: Session, sql: Recorder) -> None:
    statement = select(staff.Machine.name).where(
        staff.Machine.engineer.has(staff.Engineer.name == "eve")
    )
    assert session.scalars(statement).all() == ["cray"]
    assert sql.take_sql() == [
        "SELECT machine.name FROM machine WHERE EXISTS (SELECT 1 FROM employee "
        "JOIN engineer ON employee.id = engineer.id "
        "WHERE engineer.id = machine.engineer_id AND employee.name = ?)"
    ]


def test_comparisons_with_objects_of_subclasses(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    boss = session.get(staff.Boss, 3)
    assert session.scalars(
        select(staff.Note.text).where(staff.Note.employee == boss)
    ).all() == ["golfing"]
    assert session.scalars(
        select(staff.Company.name).where(staff.Company.employees.contains(boss))
    ).all() == ["acme"]


# -- joins and aliases -----------------------------------------------------------------


def test_join_to_a_subclass(staff: Staff, session: Session, sql: Recorder) -> None:
    statement = select(staff.Machine.name).join(staff.Machine.engineer)
    assert len(session.scalars(statement).all()) == 3
    assert sql.take_sql() == [
        "SELECT machine.name FROM machine JOIN (employee JOIN engineer "
        "ON employee.id = engineer.id) ON engineer.id = machine.engineer_id"
    ]


def test_an_alias_of_a_subclass(staff: Staff, session: Session, sql: Recorder) -> None:
    Other = aliased(staff.Engineer)
    statement = select(Other).where(Other.level > 5, Other.name == "eve")
    [one] = session.scalars(statement)
    assert (type(one), one.language) == (staff.Engineer, "lisp")
    assert sql.take_sql() == [
        "SELECT anon_1.engineer_id, anon_1.employee_id, anon_1.employee_name, "
        "anon_1.employee_type, anon_1.employee_company_id, anon_1.engineer_language, "
        "anon_1.engineer_level FROM (SELECT employee.id AS employee_id, "
        "employee.name AS employee_name, employee.type AS employee_type, "
        "employee.company_id AS employee_company_id, engineer.id AS engineer_id, "
        "engineer.language AS engineer_language, engineer.level AS engineer_level "
        "FROM employee JOIN engineer ON employee.id = engineer.id) AS anon_1 "
        "WHERE anon_1.engineer_level > ? AND anon_1.employee_name = ?"
    ]


def test_a_flat_alias_of_a_subclass(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    Other = aliased(staff.Engineer, flat=True)
    statement = select(Other).where(Other.level > 5, Other.name == "eve")
    [one] = session.scalars(statement)
    assert (type(one), one.language) == (staff.Engineer, "lisp")
    assert sql.take_sql() == [
        "SELECT engineer_1.id, employee_1.id AS id_1, employee_1.name, "
        "employee_1.type, employee_1.company_id, engineer_1.language, "
        "engineer_1.level FROM employee AS employee_1 JOIN engineer AS engineer_1 "
        "ON employee_1.id = engineer_1.id WHERE engineer_1.level > ? "
        "AND employee_1.name = ?"
    ]


def test_an_alias_of_a_class_without_a_table(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    Other = aliased(staff.Boss)
    [one] = session.scalars(select(Other))
    assert (type(one), one.handicap) == (staff.Boss, 7)


def test_a_join_between_two_subclasses(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    Peer = aliased(staff.Manager, flat=True)
    statement = (
        select(staff.Engineer.name, Peer.name)
        .join(Peer, Peer.company_id == staff.Engineer.company_id)
        .order_by(Peer.id)
    )
    assert session.execute(statement).all() == [("ed", "mo"), ("ed", "bo")]


# -- relationships that classes have in their own ways ------------------------------------


def test_a_relationship_that_a_subclass_replaces(world: Hierarchies) -> None:
    other = world.table("other", named("name"))
    base = world.table("base", kind(), Column("other_id", ForeignKey("other.id")))
    sub = world.table("sub", of_parent(), Column("own_id", ForeignKey("other.id")))
    Other = world.map("Other", other)
    Base = world.map(
        "Base",
        base,
        polymorphic_on=base.c.kind,
        polymorphic_identity="b",
        properties={"other": relationship(Other)},
    )
    own = relationship(Other, primaryjoin=sub.c.own_id == other.c.id)
    Sub = world.map(
        "Sub", sub, Base, polymorphic_identity="s", properties={"other": own}
    )
    session = world.session()
    session.add(Sub(other=Other(name="own")))
    session.add(Base(other=Other(name="base")))
    session.commit()
    names = {type(o): o.other.name for o in session.scalars(select(Base))}
    assert names == {Sub: "own", Base: "base"}


def test_cascades_of_a_subclass(world: Hierarchies) -> None:
    base = world.table("base", kind())
    sub = world.table("sub", of_parent())
    part = world.table("part", Column("sub_id", Integer, ForeignKey("sub.id")))
    Part = world.map("Part", part)
    Base = world.map("Base", base, polymorphic_on=base.c.kind, polymorphic_identity="b")
    Sub = world.map(
        "Sub",
        sub,
        Base,
        polymorphic_identity="s",
        properties={"parts": relationship(Part, cascade="all, delete-orphan")},
    )
    session = world.session()
    one = Sub(parts=[Part(), Part()])
    session.add_all([one, Base()])
    session.commit()
    session.expunge_all()
    one = next(o for o in session.scalars(select(Base)) if type(o) is Sub)
    del one.parts[0]
    session.flush()
    assert len(world.rows(session, part)) == 1
    session.delete(one)
    session.flush()
    assert world.rows(session, part) == []
    assert world.rows(session, sub) == []


def test_a_collection_of_what_a_union_has_twice(world: Hierarchies) -> None:
    shelf = world.table("shelf")
    book = world.table("book", kind(), Column("shelf_id", ForeignKey("shelf.id")))
    atlas = world.table("atlas", of_parent("book.id"), Column("maps", Integer))
    both = polymorphic_union(
        {"atlas": book.join(atlas), "book": book.select().subquery()}, None, "both"
    )
    Book = world.map(
        "Book",
        book,
        with_polymorphic=("*", both),
        polymorphic_on=both.c.kind,
        polymorphic_identity="book",
    )
    Atlas = world.map("Atlas", atlas, Book, polymorphic_identity="atlas")
    Shelf = world.map(
        "Shelf", shelf, properties={"books": relationship(Book, order_by=both.c.id)}
    )
    session = world.session()
    session.add(Shelf(books=[Atlas(maps=5), Book(), Atlas(maps=7)]))
    session.commit()
    found = session.scalars(select(Shelf)).one().books
    assert [(type(one), one.id) for one in found] == [(Atlas, 1), (Book, 2), (Atlas, 3)]
