"""What a flush writes for objects of several classes and tables."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    event,
    inspect,
    select,
)

from ormolu import Session, exc, relationship
from tests.flush.world import named
from tests.inheritance.models import Staff
from tests.inheritance.world import Hierarchies, kind, of_parent
from tests.orm.recording import Recorder


def shapes(sql: Recorder) -> list[str]:
    """The verb and the table of each statement, and for how many rows it was."""
    found = []
    for statement, parameters in sql.take():
        words = statement.split()
        verb = words[0]
        table = words[1] if verb == "UPDATE" else words[2]
        many = f" {len(parameters)}" if isinstance(parameters, list) else ""
        found.append(f"{verb} {table}{many}")
    return found


# -- INSERT --------------------------------------------------------------------


def test_rows_of_the_base_come_first(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    session.add(staff.Engineer(name="new", language="ada", level=1))
    session.flush()
    assert sql.take() == [
        (
            "INSERT INTO employee (name, type, company_id) VALUES (?, ?, ?)",
            ("new", "engineer", None),
        ),
        ("INSERT INTO engineer (id, language, level) VALUES (?, ?, ?)", (6, "ada", 1)),
    ]


def test_objects_of_several_classes_are_inserted_table_by_table(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    session.add_all(
        [
            staff.Engineer(id=11, name="a"),
            staff.Manager(id=12, name="b", title="x"),
            staff.Employee(id=13, name="c"),
            staff.Engineer(id=14, name="d"),
            staff.Boss(id=15, name="e", handicap=1, title="y"),
        ]
    )
    session.flush()
    assert sql.take() == [
        (
            "INSERT INTO employee (id, name, type, company_id) VALUES (?, ?, ?, ?)",
            [
                (11, "a", "engineer", None),
                (12, "b", "manager", None),
                (13, "c", "employee", None),
                (14, "d", "engineer", None),
                (15, "e", "boss", None),
            ],
        ),
        (
            "INSERT INTO engineer (id, language, level) VALUES (?, ?, ?)",
            [(11, None, None), (14, None, None)],
        ),
        ("INSERT INTO manager (id, title) VALUES (?, ?)", (12, "x")),
        (
            "INSERT INTO manager (id, title, handicap) VALUES (?, ?, ?)",
            (15, "y", 1),
        ),
    ]


def test_keys_of_the_database_reach_every_table(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    new = [staff.Engineer(name="a"), staff.Boss(name="b"), staff.Employee(name="c")]
    session.add_all(new)
    session.flush()
    assert [e.id for e in new] == [6, 7, 8]
    assert [inspect(e).key for e in new] == [
        (staff.Employee, (n,), None) for n in (6, 7, 8)
    ]
    tables = staff.metadata.tables
    ids = session.execute(select(tables["engineer"].c.id).order_by("id")).scalars()
    assert list(ids) == [1, 5, 6]


def test_subclasses_follow_what_their_relationships_need(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    company = staff.Company(id=9, name="new")
    engineer = staff.Engineer(id=20, company=company)
    engineer.machines = [staff.Machine(id=30)]
    engineer.notes = [staff.Note(id=40)]
    session.add(engineer.machines[0])
    session.flush()
    assert shapes(sql) == [
        "INSERT company",
        "INSERT employee",
        "INSERT engineer",
        "INSERT machine",
        "INSERT note",
    ]
    assert (engineer.company_id, engineer.machines[0].engineer_id) == (9, 20)
    assert engineer.notes[0].employee_id == 20


# -- UPDATE ----------------------------------------------------------------------


def test_only_tables_with_changes_are_updated(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    engineer = session.get(staff.Engineer, 1)
    sql.clear()
    engineer.level = 4
    session.flush()
    assert sql.take() == [("UPDATE engineer SET level=? WHERE engineer.id = ?", (4, 1))]
    engineer.name = "edna"
    session.flush()
    assert sql.take() == [
        ("UPDATE employee SET name=? WHERE employee.id = ?", ("edna", 1))
    ]
    engineer.name, engineer.language = "ed", "d"
    session.flush()
    assert sql.take() == [
        ("UPDATE employee SET name=? WHERE employee.id = ?", ("ed", 1)),
        ("UPDATE engineer SET language=? WHERE engineer.id = ?", ("d", 1)),
    ]


def test_a_column_of_a_subclass_is_updated_before_it_was_loaded(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    engineer = session.get(staff.Employee, 1)
    sql.clear()
    engineer.level = 4
    session.flush()
    assert sql.take() == [("UPDATE engineer SET level=? WHERE engineer.id = ?", (4, 1))]
    assert (engineer.language, engineer.level) == ("c", 4)


def test_updates_of_several_classes(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    found = session.scalars(select(staff.Employee).order_by(staff.Employee.id)).all()
    sql.clear()
    for employee in found:
        employee.name += "!"
    session.flush()
    assert sql.take() == [
        (
            "UPDATE employee SET name=? WHERE employee.id = ?",
            [(f"{n}!", i) for i, n in enumerate(("ed", "mo", "bo", "al", "eve"), 1)],
        )
    ]


def test_the_discriminator_is_a_column_like_others(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    boss = session.get(staff.Boss, 3)
    boss.type = "manager"
    with pytest.warns(Warning, match="does not match|Flushing object"):
        session.flush()
    session.expunge_all()
    assert type(session.get(staff.Employee, 3)) is staff.Manager


# -- DELETE ------------------------------------------------------------------------


def test_rows_of_the_base_go_last(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    boss = session.get(staff.Boss, 3)
    boss.notes = []
    session.flush()
    sql.clear()
    session.delete(boss)
    session.flush()
    assert [s for s in sql.take() if not s.sql.startswith("SELECT")] == [
        ("DELETE FROM manager WHERE manager.id = ?", (3,)),
        ("DELETE FROM employee WHERE employee.id = ?", (3,)),
    ]
    session.commit()
    assert session.get(staff.Employee, 3) is None


def test_deletes_of_several_classes(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    for obj in session.scalars(select(staff.Note)).all():
        session.delete(obj)
    for obj in session.scalars(select(staff.Machine)).all():
        session.delete(obj)
    session.flush()
    for employee in session.scalars(select(staff.Employee)).all():
        session.delete(employee)
    sql.clear()
    session.flush()
    assert [s for s in sql.take() if not s.sql.startswith("SELECT")] == [
        ("DELETE FROM manager WHERE manager.id = ?", [(2,), (3,)]),
        ("DELETE FROM engineer WHERE engineer.id = ?", [(1,), (5,)]),
        (
            "DELETE FROM employee WHERE employee.id = ?",
            [(1,), (2,), (3,), (4,), (5,)],
        ),
    ]


def test_an_object_is_deleted_by_way_of_its_base_class(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    session.delete(session.get(staff.Employee, 4))
    manager = session.get(staff.Employee, 2)  # nothing of its own table is loaded
    session.delete(manager)
    session.commit()
    rows = session.execute(select(staff.metadata.tables["manager"].c.id)).scalars()
    assert list(rows) == [3]


def test_a_deleted_row_takes_a_new_object_of_another_class(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    session.delete(session.get(staff.Employee, 4))
    session.flush()
    session.add(staff.Engineer(id=4, name="al", language="c"))
    session.commit()
    assert type(session.get(staff.Employee, 4)) is staff.Engineer


def test_deletes_that_match_no_row(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    session.delete(session.get(staff.Employee, 4))
    session.connection().exec_driver_sql("DELETE FROM employee WHERE id = 4")
    with pytest.warns(
        Warning, match=r"DELETE statement on table 'employee' expected to delete 1 row"
    ):
        session.flush()


# -- life with a Session ---------------------------------------------------------------


def test_rollback_restores_all_tables(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    engineer = session.get(staff.Engineer, 1)
    engineer.name, engineer.level = "x", 99
    session.flush()
    session.rollback()
    assert (engineer.name, engineer.level) == ("ed", 3)


def test_rollback_of_new_and_deleted_objects(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    boss = session.get(staff.Boss, 3)
    boss.notes = []
    new = staff.Engineer(name="new")
    session.add(new)
    session.delete(boss)
    session.flush()
    session.rollback()
    assert inspect(new).transient
    assert boss in session
    assert (boss.handicap, len(boss.notes)) == (7, 1)
    assert new.type == "engineer"


def test_a_savepoint(staff: Staff, session: Session, sql: Recorder) -> None:
    engineer = session.get(staff.Engineer, 1)
    engineer.level = 5
    nested = session.begin_nested()
    engineer.level, engineer.name = 6, "x"
    session.flush()
    nested.rollback()
    assert (engineer.level, engineer.name) == (5, "ed")


def test_merge_of_a_subclass(staff: Staff, session: Session, sql: Recorder) -> None:
    given = staff.Engineer(id=1, name="merged", level=50)
    merged = session.merge(given)
    assert type(merged) is staff.Engineer
    assert (merged.name, merged.level, merged.language) == ("merged", 50, "c")
    sql.clear()
    session.flush()
    assert sql.take() == [
        ("UPDATE employee SET name=? WHERE employee.id = ?", ("merged", 1)),
        ("UPDATE engineer SET level=? WHERE engineer.id = ?", (50, 1)),
    ]


def test_merge_of_a_subclass_that_is_known_by_its_base(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    known = session.get(staff.Employee, 1)
    assert known.level == 3
    sql.clear()
    merged = session.merge(staff.Engineer(id=1, level=3, language="d"))
    assert merged is known
    session.flush()
    assert sql.take() == [
        ("UPDATE engineer SET language=? WHERE engineer.id = ?", ("d", 1))
    ]


def test_merge_of_a_new_object(staff: Staff, session: Session, sql: Recorder) -> None:
    merged = session.merge(staff.Boss(id=77, handicap=3))
    session.commit()
    assert type(session.get(staff.Employee, 77)) is staff.Boss
    assert merged.handicap == 3


def test_merge_without_load(staff: Staff, session: Session, sql: Recorder) -> None:
    engineer = session.get(staff.Engineer, 1)
    session.expunge(engineer)
    with sql.silence():
        merged = session.merge(engineer, load=False)
        assert (merged.level, merged.name) == (3, "ed")
    assert session.get(staff.Employee, 1) is merged


def test_bulk_of_mapper_events_with_propagate(
    staff: Staff, session: Session, sql: Recorder
) -> None:
    seen: list[Any] = []

    def note(name: str) -> Any:
        def listener(mapper: Any, connection: Any, target: Any) -> None:
            seen.append((name, mapper.class_.__name__, target.name))

        return listener

    for name in ("before_insert", "after_insert", "before_update", "before_delete"):
        event.listen(staff.Employee, name, note(name), propagate=True)
    event.listen(staff.Manager, "before_insert", note("manager"))
    new = [staff.Engineer(name="a"), staff.Boss(name="b"), staff.Manager(name="c")]
    session.add_all(new)
    session.flush()
    assert seen == [
        ("before_insert", "Engineer", "a"),
        ("before_insert", "Boss", "b"),
        ("before_insert", "Manager", "c"),
        ("manager", "Manager", "c"),
        ("after_insert", "Engineer", "a"),
        ("after_insert", "Boss", "b"),
        ("after_insert", "Manager", "c"),
    ]
    seen.clear()
    new[0].name = "x"
    session.delete(new[1])
    session.flush()
    assert seen == [("before_update", "Engineer", "x"), ("before_delete", "Boss", "b")]


# -- versions ----------------------------------------------------------------------------


@pytest.fixture
def versioned(world: Hierarchies) -> Any:
    base = world.table("base", kind(), named("name"), Column("v", Integer))
    sub = world.table("sub", of_parent(), named("extra"))
    Base = world.map(
        "Base",
        base,
        polymorphic_on=base.c.kind,
        polymorphic_identity="b",
        version_id_col=base.c.v,
    )
    Sub = world.map("Sub", sub, Base, polymorphic_identity="s")
    return world, Base, Sub


def test_a_version_counts_changes_of_any_table(versioned: Any) -> None:
    world, _, Sub = versioned
    session = world.session()
    one = Sub(name="a", extra="x")
    session.add(one)
    session.flush()
    assert one.v == 1
    world.sql.clear()
    one.extra = "y"
    session.flush()
    assert world.sql.take() == [
        ("UPDATE base SET v=? WHERE base.id = ? AND base.v = ?", (2, 1, 1)),
        ("UPDATE sub SET extra=? WHERE sub.id = ?", ("y", 1)),
    ]
    one.name = "b"
    session.flush()
    assert world.sql.take() == [
        ("UPDATE base SET name=?, v=? WHERE base.id = ? AND base.v = ?", ("b", 3, 1, 2))
    ]
    session.delete(one)
    session.flush()
    assert world.sql.take() == [
        ("DELETE FROM sub WHERE sub.id = ?", (1,)),
        ("DELETE FROM base WHERE base.id = ? AND base.v = ?", (1, 3)),
    ]


def test_a_version_that_has_changed(versioned: Any) -> None:
    world, _, Sub = versioned
    session = world.session()
    one = Sub(name="a", extra="x")
    session.add(one)
    session.commit()
    assert one.v == 1
    session.connection().exec_driver_sql("UPDATE base SET v = 5")
    one.extra = "y"
    with pytest.raises(
        exc.StaleDataError,
        match=r"UPDATE statement on table 'base' expected to update 1 row\(s\); 0 were",
    ):
        session.flush()


def test_a_version_column_below_the_base_warns(world: Hierarchies) -> None:
    base = world.table("base", Column("v", Integer))
    sub = world.table("sub", of_parent(), Column("w", Integer))
    Base = world.map("Base", base, version_id_col=base.c.v)
    with pytest.warns(
        Warning,
        match="Inheriting version_id_col 'w' does not match inherited "
        "version_id_col 'v' and will not automatically populate the inherited "
        "versioning column. version_id_col should only be specified on the base-most "
        "mapper that includes versioning.",
    ):
        world.map("Sub", sub, Base, version_id_col=sub.c.w)


# -- keys ----------------------------------------------------------------------------------


def natural(world: Hierarchies, cascade: bool) -> Any:
    base = Table(
        "base",
        world.metadata,
        Column("code", String, primary_key=True),
        Column("kind", String),
    )
    update = {"onupdate": "CASCADE"} if cascade else {}
    parent = ForeignKey("base.code", deferrable=True, initially="DEFERRED", **update)
    sub = Table(
        "sub",
        world.metadata,
        Column("code", String, parent, primary_key=True),
        Column("extra", String),
    )
    Base = world.map(
        "Base",
        base,
        polymorphic_on=base.c.kind,
        polymorphic_identity="b",
        passive_updates=cascade,
    )
    Sub = world.map("Sub", sub, Base, polymorphic_identity="s", passive_updates=cascade)
    return base, sub, Base, Sub


def test_a_natural_key_that_the_database_cascades(world: Hierarchies) -> None:
    _, sub, Base, Sub = natural(world, cascade=True)
    session = world.session()
    one = Sub(code="a", extra="x")
    session.add(one)
    session.flush()
    world.sql.clear()
    one.code = "b"
    session.flush()
    assert world.sql.take() == [
        ("UPDATE base SET code=? WHERE base.code = ?", ("b", "a"))
    ]
    assert session.get(Base, "b") is one
    one.extra = "y"
    session.commit()
    assert world.rows(session, sub) == [("b", "y")]


def test_a_natural_key_that_the_flush_cascades(world: Hierarchies) -> None:
    _, _, Base, Sub = natural(world, cascade=False)
    session = world.session()
    one = Sub(code="a", extra="x")
    session.add(one)
    session.flush()
    world.sql.clear()
    one.code = "b"
    session.flush()
    assert world.sql.take() == [
        ("UPDATE base SET code=? WHERE base.code = ?", ("b", "a")),
        ("UPDATE sub SET code=? WHERE sub.code = ?", ("b", "a")),
    ]
    session.commit()
    assert (one.code, one.extra) == ("b", "x")
    assert inspect(one).key == (Base, ("b",), None)


def test_a_natural_key_and_another_column_change(world: Hierarchies) -> None:
    _, sub, _, Sub = natural(world, cascade=True)
    session = world.session()
    one = Sub(code="a", extra="x")
    session.add(one)
    session.flush()
    world.sql.clear()
    one.code, one.extra = "b", "y"
    session.flush()
    assert world.sql.take() == [
        ("UPDATE base SET code=? WHERE base.code = ?", ("b", "a")),
        ("UPDATE sub SET extra=? WHERE sub.code = ?", ("y", "b")),
    ]
    session.commit()
    assert world.rows(session, sub) == [("b", "y")]


def test_keys_of_three_tables(world: Hierarchies) -> None:
    base = world.table("base", kind())
    sub = world.table("sub", of_parent(), named("extra"))
    leaf = world.table("leaf", of_parent("sub.id"), named("more"))
    Base = world.map("Base", base, polymorphic_on=base.c.kind, polymorphic_identity="b")
    Sub = world.map("Sub", sub, Base, polymorphic_identity="s")
    Leaf = world.map("Leaf", leaf, Sub, polymorphic_identity="l")
    session = world.session()
    one = Leaf(extra="x", more="m")
    session.add(one)
    session.flush()
    one.more = "n"
    session.flush()
    session.delete(one)
    session.flush()
    assert world.sql.take() == [
        ("INSERT INTO base (kind) VALUES (?)", ("l",)),
        ("INSERT INTO sub (id, extra) VALUES (?, ?)", (1, "x")),
        ("INSERT INTO leaf (id, more) VALUES (?, ?)", (1, "m")),
        ("UPDATE leaf SET more=? WHERE leaf.id = ?", ("n", 1)),
        ("DELETE FROM leaf WHERE leaf.id = ?", (1,)),
        ("DELETE FROM sub WHERE sub.id = ?", (1,)),
        ("DELETE FROM base WHERE base.id = ?", (1,)),
    ]


@pytest.mark.parametrize("of_sub", ["auto", True, False])
@pytest.mark.parametrize("of_base", ["auto", True, False])
def test_the_base_decides_on_eager_defaults(
    world: Hierarchies, of_base: Any, of_sub: Any
) -> None:
    base = world.table("base", kind(), named("name", server_default="base's"))
    sub = world.table("sub", of_parent(), named("extra", server_default="sub's"))
    Base = world.map("Base", base, eager_defaults=of_base)
    Sub = world.map("Sub", sub, Base, eager_defaults=of_sub)
    session = world.session()
    one = Sub()
    session.add(one)
    session.flush()
    assert [s.partition(" RETURNING ")[2] for s in world.sql.take_sql()] == {
        "auto": ["id, name", ""],
        True: ["id, name", "extra"],
        False: ["", ""],
    }[of_base]
    assert (one.name, one.extra) == ("base's", "sub's")


def test_a_self_reference_across_classes(world: Hierarchies) -> None:
    base = world.table("base", kind())
    sub = world.table(
        "sub", of_parent(), Column("lead_id", Integer, ForeignKey("base.id"))
    )
    Base = world.map("Base", base, polymorphic_on=base.c.kind, polymorphic_identity="b")
    Sub = world.map(
        "Sub",
        sub,
        Base,
        polymorphic_identity="s",
        inherit_condition=sub.c.id == base.c.id,
        properties={
            "lead": relationship(
                Base,
                primaryjoin=sub.c.lead_id == base.c.id,
                remote_side=base.c.id,
            )
        },
    )
    session = world.session()
    top = Sub()
    middle = Sub(lead=top)
    session.add_all([Sub(lead=middle), middle, top])
    session.flush()
    assert middle.lead_id == top.id
    assert len({o.id for o in session.scalars(select(Sub))}) == 3


def test_the_key_of_a_base_that_is_mapped_to_a_subquery(world: Hierarchies) -> None:
    base = world.table("base", kind(), named("name"))
    sub = world.table(
        "sub",
        Column("sub_id", Integer, ForeignKey("base.id"), primary_key=True),
        named("extra"),
    )
    selected = select(base).subquery()
    Base = world.map(
        "Base",
        selected,
        polymorphic_on=selected.c.kind,
        polymorphic_identity="b",
    )
    Sub = world.map("Sub", sub, Base, polymorphic_identity="s")
    session = world.session()
    one = Sub(id=12, name="one", extra="more")
    session.add_all([one, Sub(name="two", extra="less"), Base(name="three")])
    session.flush()
    assert world.rows(session, sub) == [(12, "more"), (13, "less")]
    session.expire(one)
    assert (one.name, one.extra, one.sub_id) == ("one", "more", 12)
    session.delete(one)
    session.flush()
    assert world.rows(session, sub) == [(13, "less")]
    assert len(world.rows(session, base)) == 2
