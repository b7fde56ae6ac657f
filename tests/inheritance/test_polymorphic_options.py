"""with_polymorphic, selectin_polymorphic and what mappings say of subclasses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Integer, inspect, or_, select
from sqlalchemy.exc import ArgumentError, InvalidRequestError

from ormolu import (
    Session,
    aliased,
    contains_eager,
    defer,
    exc,
    joinedload,
    load_only,
    relationship,
    selectin_polymorphic,
    selectinload,
    with_polymorphic,
)
from tests.flush.world import named
from tests.inheritance.models import Staff
from tests.inheritance.world import Hierarchies, kind, of_parent
from tests.orm.recording import Recorder

BASE = "employee.id, employee.name, employee.type, employee.company_id"
OUTER = (
    "FROM employee LEFT OUTER JOIN engineer ON employee.id = engineer.id "
    "LEFT OUTER JOIN manager ON employee.id = manager.id"
)

# -- with_polymorphic() --------------------------------------------------------------


def test_all_classes_at_once(staff: Staff, session: Session, sql: Recorder) -> None:
    every = with_polymorphic(staff.Employee, "*")
    found = session.scalars(select(every).order_by(every.id)).all()
    assert sql.take_sql() == [
        f"SELECT {BASE}, engineer.id AS id_1, engineer.language, engineer.level, "
        f"manager.id AS id_2, manager.title, manager.handicap {OUTER} "
        "ORDER BY employee.id"
    ]
    with sql.silence():
        assert [
            getattr(e, "language", None) or getattr(e, "title", None) for e in found
        ] == ["c", "head", "chief", None, "lisp"]
        assert found[2].handicap == 7


def test_some_classes(staff: Staff, session: Session, sql: Recorder) -> None:
    some = with_polymorphic(staff.Employee, [staff.Engineer])
    found = session.scalars(select(some).order_by(some.id)).all()
    assert sql.take_sql() == [
        f"SELECT {BASE}, engineer.id AS id_1, engineer.language, engineer.level "
        "FROM employee LEFT OUTER JOIN engineer ON employee.id = engineer.id "
        "ORDER BY employee.id"
    ]
    with sql.silence():
        assert found[4].language == "lisp"
    with sql.count(1):
        assert found[1].title == "head"


def test_criteria_on_subclasses(staff: Staff, session: Session, sql: Recorder) -> None:
    some = with_polymorphic(staff.Employee, [staff.Engineer, staff.Manager])
    statement = select(some).where(
        or_(some.Engineer.language == "lisp", some.Manager.title == "chief")
    )
    found = session.scalars(statement.order_by(some.id)).all()
    assert [type(e) for e in found] == [staff.Boss, staff.Engineer]


def test_flat_aliases(staff: Staff, session: Session, sql: Recorder) -> None:
    some = with_polymorphic(staff.Employee, [staff.Engineer], flat=True)
    statement = select(some).where(some.Engineer.level > 5)
    assert [e.name for e in session.scalars(statement)] == ["eve"]
    assert sql.take_sql() == [
        "SELECT employee_1.id, employee_1.name, employee_1.type, "
        "employee_1.company_id, engineer_1.id AS id_1, engineer_1.language, "
        "engineer_1.level FROM employee AS employee_1 LEFT OUTER JOIN engineer "
        "AS engineer_1 ON employee_1.id = engineer_1.id WHERE engineer_1.level > ?"
    ]


def test_an_alias_of_the_whole(staff: Staff, session: Session, sql: Recorder) -> None:
    some = with_polymorphic(staff.Employee, [staff.Engineer], aliased=True)
    statement = select(some).where(some.Engineer.level > 5)
    assert [e.name for e in session.scalars(statement)] == ["eve"]
    [statement] = sql.take_sql()
    assert statement.startswith("SELECT anon_1.employee_id, anon_1.employee_name, ")
    assert statement.endswith("AS anon_1 WHERE anon_1.engineer_level > ?")


def test_inner_joins(staff: Staff, session: Session, sql: Recorder) -> None:
    some = with_polymorphic(staff.Employee, [staff.Engineer], innerjoin=True)
    assert [e.name for e in session.scalars(select(some).order_by(some.id))] == [
        "ed",
        "eve",
    ]
    [statement] = sql.take_sql()
    assert "FROM employee JOIN engineer ON employee.id = engineer.id" in statement


def test_a_selectable_of_ones_own(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    tables = staff.metadata.tables
    joined = tables["employee"].join(
        tables["engineer"], tables["employee"].c.id == tables["engineer"].c.id
    )
    some = with_polymorphic(staff.Employee, [staff.Engineer], joined)
    assert [e.name for e in session.scalars(select(some).order_by(some.id))] == [
        "ed",
        "eve",
    ]


def test_a_class_that_does_not_inherit(staff: Staff) -> None:
    with pytest.raises(
        InvalidRequestError, match="; Machine> does not inherit from <.*; Employee>"
    ):
        with_polymorphic(staff.Employee, [staff.Machine])
    with pytest.raises(exc.UnmappedClassError, match="Class 'builtins.str' is not"):
        with_polymorphic(staff.Employee, [str])


def test_relationships_of_subclasses(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    every = with_polymorphic(staff.Employee, "*")
    statement = (
        select(every)
        .options(selectinload(every.Engineer.machines), joinedload(every.notes))
        .order_by(every.id)
    )
    found = session.scalars(statement).unique().all()
    sql.clear()
    with sql.silence():
        assert [m.name for m in found[0].machines] == ["pdp", "vax"]
        assert [n.text for n in found[2].notes] == ["golfing"]


def test_a_join_from_a_subclass(staff: Staff, session: Session, sql: Recorder) -> None:
    some = with_polymorphic(staff.Employee, [staff.Engineer])
    statement = (
        select(some.name, staff.Machine.name)
        .join(some.Engineer.machines)
        .order_by(staff.Machine.id)
    )
    assert session.execute(statement).all() == [
        ("ed", "pdp"),
        ("ed", "vax"),
        ("eve", "cray"),
    ]


def test_a_join_to_many_classes(staff: Staff, session: Session, sql: Recorder) -> None:
    every = with_polymorphic(staff.Employee, "*", flat=True)
    statement = (
        select(staff.Company)
        .join(staff.Company.employees.of_type(every))
        .options(contains_eager(staff.Company.employees.of_type(every)))
        .where(every.Boss.handicap == 7)
    )
    [company] = session.scalars(statement).unique()
    sql.clear()
    with sql.silence():
        [boss] = company.employees
        assert (type(boss), boss.title, boss.handicap) == (staff.Boss, "chief", 7)


@pytest.mark.parametrize("load", [joinedload, selectinload])
def test_eager_loads_of_many_classes(
    staff: Staff, session: Session, sql: Recorder, load: Any
) -> None:
    every = with_polymorphic(staff.Employee, "*", flat=True)
    statement = select(staff.Company).options(
        load(staff.Company.employees.of_type(every))
    )
    companies = session.scalars(statement.order_by(staff.Company.id)).unique().all()
    sql.clear()
    with sql.silence():
        first = companies[0].employees
        assert (first[0].level, first[1].title, first[2].handicap) == (3, "head", 7)
        assert companies[1].employees[1].language == "lisp"


def test_populate_existing_of_many_classes(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    boss = session.get(staff.Employee, 3)
    boss.handicap = 8
    every = with_polymorphic(staff.Employee, "*")
    with session.no_autoflush:
        session.scalars(select(every).execution_options(populate_existing=True)).all()
    with sql.count(0):
        assert boss.handicap == 7
    assert boss not in session.dirty


# -- selectin_polymorphic() -----------------------------------------------------------


def test_second_statements(staff: Staff, session: Session, sql: Recorder) -> None:
    statement = (
        select(staff.Employee)
        .options(selectin_polymorphic(staff.Employee, [staff.Engineer, staff.Manager]))
        .order_by(staff.Employee.id)
    )
    found = session.scalars(statement).all()
    assert sql.take() == [
        (f"SELECT {BASE} FROM employee ORDER BY employee.id", ()),
        (
            "SELECT engineer.id AS engineer_id, employee.id AS employee_id, "
            "employee.type AS employee_type, engineer.language AS engineer_language, "
            "engineer.level AS engineer_level FROM employee JOIN engineer "
            "ON employee.id = engineer.id WHERE employee.id IN (?, ?)",
            (1, 5),
        ),
        (
            "SELECT manager.id AS manager_id, employee.id AS employee_id, "
            "employee.type AS employee_type, manager.title AS manager_title "
            "FROM employee JOIN manager ON employee.id = manager.id "
            "WHERE employee.id IN (?, ?)",
            (2, 3),
        ),
    ]
    with sql.silence():
        assert (found[0].level, found[1].title, found[2].title) == (3, "head", "chief")


def test_no_second_statement_without_objects(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    statement = (
        select(staff.Employee)
        .options(selectin_polymorphic(staff.Employee, [staff.Engineer]))
        .where(staff.Employee.id == 4)
    )
    with sql.count(1):
        session.scalars(statement).all()


def test_relationships_below_second_statements(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    statement = (
        select(staff.Company)
        .options(
            selectinload(staff.Company.employees).options(
                selectin_polymorphic(staff.Employee, [staff.Engineer, staff.Boss]),
                selectinload(staff.Engineer.machines),
            )
        )
        .order_by(staff.Company.id)
    )
    companies = session.scalars(statement).all()
    sql.clear()
    with sql.silence():
        engineer, _, boss = companies[0].employees
        assert [m.name for m in engineer.machines] == ["pdp", "vax"]
        assert (engineer.level, boss.handicap) == (3, 7)


def test_a_second_statement_leaves_changes_alone(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    engineer = session.get(staff.Employee, 1)
    engineer.level = 50
    statement = select(staff.Employee).options(
        selectin_polymorphic(staff.Employee, [staff.Engineer])
    )
    with session.no_autoflush:
        session.scalars(statement).all()
    assert (engineer.level, engineer.language) == (50, "c")


# -- options for columns ----------------------------------------------------------------


def test_load_only_of_a_subclass(staff: Staff, session: Session, sql: Recorder) -> None:
    statement = select(staff.Engineer).options(load_only(staff.Engineer.level))
    found = session.scalars(statement.order_by(staff.Engineer.id)).all()
    assert sql.take_sql() == [
        "SELECT engineer.id, employee.id AS id_1, employee.type, engineer.level "
        "FROM employee JOIN engineer ON employee.id = engineer.id "
        "ORDER BY engineer.id"
    ]
    assert (found[0].name, found[0].language) == ("ed", "c")


def test_the_discriminator_is_never_left_out(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    statement = select(staff.Employee).options(defer(staff.Employee.type))
    found = session.scalars(statement.order_by(staff.Employee.id)).all()
    assert sql.take_sql() == [f"SELECT {BASE} FROM employee ORDER BY employee.id"]
    with sql.silence():
        assert found[0].type == "engineer"


def test_defer_of_a_base_column(staff: Staff, session: Session, sql: Recorder) -> None:
    statement = select(staff.Engineer).options(defer(staff.Engineer.name))
    found = session.scalars(statement.order_by(staff.Engineer.id)).all()
    assert "name" in inspect(found[0]).unloaded
    sql.clear()
    assert found[0].name == "ed"
    assert sql.take_sql() == [
        "SELECT employee.name FROM employee JOIN engineer "
        "ON employee.id = engineer.id WHERE employee.id = ?"
    ]


def test_defer_of_a_base_column_for_all_classes(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    statement = select(staff.Employee).options(defer(staff.Employee.name))
    found = session.scalars(statement.order_by(staff.Employee.id)).all()
    assert all("name" in inspect(e).unloaded for e in found)
    assert [e.name for e in found] == ["ed", "mo", "bo", "al", "eve"]


# -- what mappings say ---------------------------------------------------------------------


@pytest.fixture(params=["inline", "selectin"])
def loaded_along(world: Hierarchies, request: pytest.FixtureRequest) -> Iterator[Any]:
    base = world.table("base", kind(), named("name"))
    sub = world.table("sub", of_parent(), named("extra"))
    Base = world.map("Base", base, polymorphic_on=base.c.kind, polymorphic_identity="b")
    Sub = world.map(
        "Sub", sub, Base, polymorphic_identity="s", polymorphic_load=request.param
    )
    Single = world.map("Single", None, Sub, polymorphic_identity="t")
    session = world.session()
    session.add_all([Sub(name="a", extra="x"), Base(name="b"), Single(extra="y")])
    session.commit()
    session.expunge_all()
    world.sql.clear()
    return world, session, request.param, Base, Sub, Single


def test_polymorphic_load(loaded_along: Any) -> None:
    world, session, how, Base, Sub, Single = loaded_along
    found = session.scalars(select(Base).order_by(Base.id)).all()
    statements = world.sql.take_sql()
    assert [type(o) for o in found] == [Sub, Base, Single]
    if how == "inline":
        assert statements == [
            "SELECT base.id, base.kind, base.name, sub.id AS id_1, sub.extra "
            "FROM base LEFT OUTER JOIN sub ON base.id = sub.id ORDER BY base.id"
        ]
    else:
        assert statements == [
            "SELECT base.id, base.kind, base.name FROM base ORDER BY base.id",
            "SELECT sub.id AS sub_id, base.id AS base_id, base.kind AS base_kind, "
            "sub.extra AS sub_extra FROM base JOIN sub ON base.id = sub.id "
            "WHERE base.id IN (?, ?)",
        ]
    with world.sql.silence():
        assert (found[0].extra, found[2].extra) == ("x", "y")


def test_polymorphic_load_of_one_object(loaded_along: Any) -> None:
    world, session, _, Base, Sub, _ = loaded_along
    one = session.get(Base, 1)
    world.sql.clear()
    with world.sql.silence():
        assert (type(one), one.extra) == (Sub, "x")


def test_polymorphic_load_of_the_subclass_itself(loaded_along: Any) -> None:
    world, session, _, _, Sub, _ = loaded_along
    found = session.scalars(select(Sub).order_by(Sub.id)).all()
    assert world.sql.take_sql() == [
        "SELECT sub.id, base.id AS id_1, base.kind, base.name, sub.extra "
        "FROM base JOIN sub ON base.id = sub.id ORDER BY sub.id"
    ]
    assert [o.extra for o in found] == ["x", "y"]


def test_an_unknown_polymorphic_load(world: Hierarchies) -> None:
    base = world.table("base", kind())
    Base = world.map("Base", base, polymorphic_on=base.c.kind, polymorphic_identity="b")
    with pytest.raises(
        ArgumentError,
        match="Unknown argument for polymorphic_load|'inline' or 'selectin'|unknown",
    ):
        world.map("Sub", None, Base, polymorphic_identity="s", polymorphic_load="maybe")


def test_a_mapping_with_polymorphic(world: Hierarchies) -> None:
    base = world.table("base", kind(), named("name"))
    sub = world.table("sub", of_parent(), named("extra"))
    Base = world.map(
        "Base",
        base,
        polymorphic_on=base.c.kind,
        polymorphic_identity="b",
        with_polymorphic="*",
    )
    Sub = world.map("Sub", sub, Base, polymorphic_identity="s")
    session = world.session()
    session.add_all([Sub(name="a", extra="x"), Base(name="b")])
    session.commit()
    session.expunge_all()
    world.sql.clear()
    found = session.scalars(select(Base).order_by(Base.id)).all()
    assert world.sql.take_sql() == [
        "SELECT base.id, base.kind, base.name, sub.id AS id_1, sub.extra FROM base "
        "LEFT OUTER JOIN sub ON base.id = sub.id ORDER BY base.id"
    ]
    with world.sql.silence():
        assert found[0].extra == "x"
    Other = aliased(Base)
    assert len(session.scalars(select(Other)).all()) == 2


def test_a_part_of_an_alias_has_the_rows_of_its_base(world: Hierarchies) -> None:
    table = world.table("base", kind(), Column("size", Integer))
    base = world.map("Base", table, polymorphic_on="kind", polymorphic_identity="base")
    middle = world.map("Middle", None, base, polymorphic_identity="middle")
    world.map("Leaf", None, middle, polymorphic_identity="leaf")
    every = with_polymorphic(middle, "*")
    condition = "WHERE base.kind IN (__[POSTCOMPILE_kind_1])"
    for statement in (select(every.Leaf), select(every.Leaf, every)):
        text = " ".join(str(statement).split())
        assert text.endswith(f"FROM base {condition}"), text
    part = with_polymorphic(base, "*").Leaf
    assert "WHERE" not in str(select(part))


def test_an_inner_join_for_a_subclass_keeps_the_other_rows(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    some = with_polymorphic(staff.Employee, [staff.Engineer])
    machines = joinedload(some.Engineer.machines, innerjoin=True)
    found = session.scalars(select(some).options(machines)).unique().all()
    assert len(found) == 5
    assert "LEFT OUTER JOIN machine" in sql.take_sql()[0]


def test_siblings_refer_to_each_other_eagerly(world: Hierarchies) -> None:
    base = world.map("Base", world.table("base"))
    films = world.table("film", of_parent(), Column("maker_id", ForeignKey("maker.id")))
    makers = world.table("maker", of_parent())
    film = world.map("Film", films, base, inherit_condition=films.c.id == base.id)
    maker = world.map(
        "Maker",
        makers,
        base,
        properties={
            "films": relationship(film, lazy="joined", foreign_keys=films.c.maker_id)
        },
    )
    text = " ".join(str(select(maker)).split())
    assert text.endswith(
        "FROM base JOIN maker ON base.id = maker.id LEFT OUTER JOIN (base AS base_1 "
        "JOIN film AS film_1 ON film_1.id = base_1.id) ON maker.id = film_1.maker_id"
    ), text
