"""Objects of a hierarchy come from rows, and their other attributes later."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import case, event, inspect, select, text
from sqlalchemy.exc import InvalidRequestError

from ormolu import Session, exc
from tests.flush.world import named
from tests.inheritance.models import Staff
from tests.inheritance.world import Hierarchies, kind, of_parent
from tests.orm.recording import Recorder

BASE = "employee.id, employee.name, employee.type, employee.company_id"
ENGINEER = (
    "SELECT engineer.id, employee.id AS id_1, employee.name, employee.type, "
    "employee.company_id, engineer.language, engineer.level "
    "FROM employee JOIN engineer ON employee.id = engineer.id"
)

LATER = [
    "FROM engineer WHERE ? = engineer.id",
    "engineer.language AS engineer_language",
    "engineer.level AS engineer_level",
]


def in_any_order(statement: str) -> list[str]:
    """The columns of a SELECT, whose order is not fixed, after the rest of it."""
    columns, rest = statement.removeprefix("SELECT ").split(" FROM ")
    return [f"FROM {rest}", *sorted(columns.split(", "))]


# -- selecting ----------------------------------------------------------------


def test_rows_of_a_base_class_give_objects_of_subclasses(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    found = session.scalars(select(staff.Employee).order_by(staff.Employee.id)).all()
    assert [type(e).__name__ for e in found] == [
        "Engineer",
        "Manager",
        "Boss",
        "Employee",
        "Engineer",
    ]
    assert sql.take_sql() == [
        "SELECT employee.id, employee.name, employee.type, employee.company_id "
        "FROM employee ORDER BY employee.id"
    ]


def test_a_joined_class_is_selected_from_all_its_tables(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    found = session.scalars(select(staff.Engineer).order_by(staff.Engineer.id)).all()
    assert [(e.name, e.language) for e in found] == [("ed", "c"), ("eve", "lisp")]
    assert sql.take_sql() == [f"{ENGINEER} ORDER BY engineer.id"]


def test_a_class_without_a_table_is_told_by_its_discriminator(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    [boss] = session.scalars(select(staff.Boss))
    assert (boss.name, boss.title, boss.handicap) == ("bo", "chief", 7)
    assert sql.take() == [
        (
            "SELECT manager.id, employee.id AS id_1, employee.name, employee.type, "
            "employee.company_id, manager.title, manager.handicap FROM employee "
            "JOIN manager ON employee.id = manager.id WHERE employee.type IN (?)",
            ("boss",),
        )
    ]


def test_the_class_above_one_without_a_table_takes_both(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    found = session.scalars(select(staff.Manager).order_by(staff.Manager.id)).all()
    assert [type(m).__name__ for m in found] == ["Manager", "Boss"]
    sql.clear()
    assert found[1].handicap == 7
    assert sql.take() == [
        (
            "SELECT manager.handicap AS manager_handicap FROM manager "
            "WHERE ? = manager.id",
            (3,),
        )
    ]


def test_criteria_on_base_columns_join_the_base(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    names = session.scalars(
        select(staff.Engineer.name).where(staff.Engineer.level > 5)
    ).all()
    assert names == ["eve"]
    assert sql.take_sql() == [
        "SELECT employee.name FROM employee JOIN engineer "
        "ON employee.id = engineer.id WHERE engineer.level > ?"
    ]


# -- identity -------------------------------------------------------------------


def test_identity_keys_name_the_class_at_the_root(
    staff: Staff, session: Session
) -> None:
    engineer = session.get(staff.Engineer, 1)
    boss = session.get(staff.Boss, 3)
    assert inspect(engineer).key == (staff.Employee, (1,), None)
    assert inspect(boss).key == (staff.Employee, (3,), None)
    assert set(session.identity_map.keys()) >= {
        (staff.Employee, (1,), None),
        (staff.Employee, (3,), None),
    }


def test_an_object_is_the_same_through_every_class(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    engineer = session.get(staff.Employee, 1)
    assert type(engineer) is staff.Engineer
    with sql.silence():
        assert session.get(staff.Engineer, 1) is engineer
        assert session.get(staff.Employee, 1) is engineer
    assert session.scalars(select(staff.Engineer)).first() is engineer


def test_get_of_a_class_that_does_not_match_is_none(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    assert session.get(staff.Manager, 1) is None
    engineer = session.get(staff.Employee, 1)
    assert engineer is not None
    with sql.silence():  # the identity map has an object of another class
        assert session.get(staff.Manager, 1) is None
    assert session.get(staff.Boss, 2) is None


def test_get_by_class(staff: Staff, session: Session, sql: Recorder) -> None:
    assert type(session.get(staff.Employee, 4)) is staff.Employee
    assert sql.take() == [
        (f"SELECT {BASE} FROM employee WHERE employee.id = ?", (4,)),
    ]
    assert type(session.get(staff.Engineer, 5)) is staff.Engineer
    assert sql.take() == [
        (
            f"{ENGINEER} WHERE employee.id = ?",
            (5,),
        )
    ]


# -- attributes that come later ----------------------------------------------------


def test_all_columns_of_a_subclass_come_with_one_statement(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    engineer = session.get(staff.Employee, 1)
    assert inspect(engineer).unloaded >= {"language", "level", "machines"}
    sql.clear()
    assert engineer.language == "c"
    [(statement, parameters)] = sql.take()
    assert in_any_order(statement) == LATER
    assert parameters == (1,)
    with sql.silence():
        assert engineer.level == 3


def test_after_expire_everything_comes_from_all_tables(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    engineer = session.get(staff.Employee, 1)
    assert engineer.level == 3
    session.expire(engineer)
    sql.clear()
    assert engineer.level == 3
    assert sql.take_sql() == [f"{ENGINEER} WHERE employee.id = ?"]
    with sql.silence():
        assert (engineer.name, engineer.language) == ("ed", "c")


def test_expired_names_of_a_subclass_come_from_its_table(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    engineer = session.get(staff.Engineer, 1)
    session.expire(engineer, ["language", "level"])
    sql.clear()
    assert (engineer.level, engineer.language) == (3, "c")
    assert [in_any_order(s) for s in sql.take_sql()] == [LATER]


def test_expired_names_of_both_tables_come_from_the_join(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    engineer = session.get(staff.Engineer, 1)
    session.expire(engineer, ["name", "level"])
    sql.clear()
    assert (engineer.name, engineer.level) == ("ed", 3)
    assert sql.take_sql() == [
        "SELECT employee.name, engineer.level "
        "FROM employee JOIN engineer ON employee.id = engineer.id "
        "WHERE employee.id = ?"
    ]


def test_refresh_reads_all_tables(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    engineer = session.get(staff.Employee, 1)
    session.execute(text("UPDATE engineer SET level = 4 WHERE id = 1"))
    session.execute(text("UPDATE employee SET name = 'edna' WHERE id = 1"))
    sql.clear()
    session.refresh(engineer)
    assert len(sql.take()) == 1
    with sql.silence():
        assert (engineer.name, engineer.level) == ("edna", 4)


def test_refresh_of_names(staff: Staff, session: Session, sql: Recorder) -> None:
    engineer = session.get(staff.Engineer, 1)
    sql.clear()
    session.refresh(engineer, ["level"])
    [statement] = sql.take_sql()
    assert statement == (
        "SELECT engineer.level FROM employee JOIN engineer ON employee.id = engineer.id "
        "WHERE employee.id = ?"
    )


def test_rows_of_the_base_leave_loaded_attributes_alone(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    engineer = session.get(staff.Engineer, 1)
    engineer.level = 8
    with session.no_autoflush:
        session.scalars(select(staff.Employee)).all()
    sql.clear()
    with sql.silence():
        assert (engineer.level, engineer.language) == (8, "c")


def test_populate_existing_with_the_base(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    engineer = session.get(staff.Engineer, 1)
    session.execute(text("UPDATE employee SET name = 'edna' WHERE id = 1"))
    statement = select(staff.Employee).execution_options(populate_existing=True)
    session.scalars(statement).all()
    assert engineer.name == "edna"


def test_a_row_that_has_gone_says_so(staff: Staff, session: Session) -> None:
    engineer = session.get(staff.Employee, 1)
    session.execute(text("DELETE FROM machine"))
    session.execute(text("DELETE FROM engineer WHERE id = 1"))
    session.expire(engineer)
    with pytest.raises(exc.ObjectDeletedError, match="has been deleted"):
        engineer.level


def test_a_detached_object_loads_nothing(staff: Staff, session: Session) -> None:
    engineer = session.get(staff.Employee, 1)
    session.expunge(engineer)
    with pytest.raises(exc.DetachedInstanceError, match="attribute refresh operation"):
        engineer.level


def test_load_events_of_the_base_reach_subclasses(
    staff: Staff, session: Session
) -> None:
    seen: list[Any] = []

    @event.listens_for(staff.Employee, "load", propagate=True)
    def on_load(target: Any, context: Any) -> None:
        seen.append((type(target).__name__, target.name))

    session.scalars(select(staff.Employee).order_by(staff.Employee.id)).all()
    assert seen == [
        ("Engineer", "ed"),
        ("Manager", "mo"),
        ("Boss", "bo"),
        ("Employee", "al"),
        ("Engineer", "eve"),
    ]


# -- rows that tell no class, or another one -----------------------------------------


@pytest.fixture
def things(world: Hierarchies) -> Any:
    base = world.table("base", kind(), named("name"))
    sub = world.table("sub", of_parent(), named("extra"))
    Base = world.map("Base", base, polymorphic_on=base.c.kind)
    Sub = world.map("Sub", sub, Base, polymorphic_identity="s")
    world.map("Single", None, Base, polymorphic_identity="t")
    return world, Base, Sub


def test_an_unknown_discriminator_is_refused(things: Any) -> None:
    world, Base, _ = things
    session = world.session()
    session.execute(text("INSERT INTO base VALUES (1, 's', 'a'), (2, 'x', 'b')"))
    with pytest.raises(
        AssertionError, match="No such polymorphic_identity 'x' is defined"
    ):
        session.scalars(select(Base)).all()


def test_a_null_is_refused(things: Any) -> None:
    world, Base, _ = things
    session = world.session()
    session.execute(text("INSERT INTO base VALUES (1, NULL, 'a')"))
    with pytest.raises(
        InvalidRequestError,
        match="can't be loaded into an object; the polymorphic discriminator column "
        "'base.kind' is NULL",
    ):
        session.scalars(select(Base)).all()


def test_a_row_of_a_class_elsewhere_in_the_hierarchy_is_refused(things: Any) -> None:
    world, _, Sub = things
    session = world.session()
    session.execute(text("INSERT INTO base VALUES (1, 't', 'a')"))
    session.execute(text("INSERT INTO sub VALUES (1, 'x')"))
    with pytest.raises(
        InvalidRequestError,
        match="'base.kind' refers to Mapper.Single.base.., which is not a sub-mapper "
        "of the requested Mapper.Sub.sub..",
    ):
        session.scalars(select(Sub)).all()


def test_a_discriminator_may_be_an_expression(world: Hierarchies) -> None:
    base = world.table("base", kind(), named("name"))
    chosen = case((base.c.kind == "x", "sub"), else_="base")
    Base = world.map("Base", base, polymorphic_on=chosen, polymorphic_identity="base")
    Sub = world.map("Sub", None, Base, polymorphic_identity="sub")
    session = world.session()
    session.execute(text("INSERT INTO base VALUES (1, 'x', 'a'), (2, 'y', 'b')"))
    world.sql.clear()
    found = session.scalars(select(Base).order_by(Base.id)).all()
    assert [type(o) for o in found] == [Sub, Base]
    assert world.sql.take_sql() == [
        "SELECT base.id, base.kind, base.name, CASE WHEN (base.kind = ?) THEN ? "
        "ELSE ? END AS _sa_polymorphic_on FROM base ORDER BY base.id"
    ]
