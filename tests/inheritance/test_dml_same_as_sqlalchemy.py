"""DML of inheriting classes with sqlalchemy.orm and with Ormolu: same SQL, same objects.

Each program runs on a session of its own with the same rows; what it sends, what it
gives or raises, and what the loaded objects hold afterwards are compared.
"""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy.orm
from sqlalchemy import bindparam, delete, exists, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

import ormolu
from tests.inheritance.dml_worlds import Program, World, build, run


@pytest.fixture(scope="module")
def theirs() -> World:
    return build(sqlalchemy.orm)


@pytest.fixture(scope="module", params=["embedded", "adopted"])
def ours(request: pytest.FixtureRequest) -> World:
    return build(ormolu, embedded=request.param == "embedded")


PROGRAMS: dict[str, Program] = {}


def program(fn: Program) -> Program:
    """Let a function be one of the programs."""
    PROGRAMS[fn.__name__] = fn
    return fn


TWO = [
    {"name": "a", "tool": "x", "age": 1, "size": 2},
    {"name": "b", "tool": "y", "age": 3, "size": 4},
]
CHIEFS = [{**row, "hat": "q"} for row in TWO]
DOGS = [{"name": "a", "bark": "w"}, {"name": "b", "bark": "v"}]


# -- bulk INSERT -----------------------------------------------------------------------


@program
def rows_of_two_tables(w: World) -> Any:
    return w.session.execute(insert(w.Engineer), TWO)


@program
def one_row_of_two_tables(w: World) -> Any:
    return w.session.execute(insert(w.Engineer), TWO[0])


@program
def rows_of_three_tables(w: World) -> Any:
    return w.session.execute(insert(w.Chief), CHIEFS)


@program
def rows_with_keys(w: World) -> Any:
    rows = [{**row, "id": i} for i, row in enumerate(CHIEFS, 50)]
    return w.session.execute(insert(w.Chief), rows)


@program
def keys_of_the_subclass_alone_are_overwritten(w: World) -> Any:
    rows = [{**row, "id": i, "chief_id": 9} for i, row in enumerate(CHIEFS, 50)]
    return w.session.execute(insert(w.Chief), rows)


@program
def some_rows_with_keys(w: World) -> Any:
    return w.session.execute(insert(w.Chief), [{"id": 50, "hat": "x"}, {"hat": "y"}])


@program
def a_class_that_shares_the_table_of_a_subclass(w: World) -> Any:
    return w.session.execute(insert(w.Intern), [{**r, "school": "s"} for r in TWO])


MIXED = [
    {"name": "1"},
    {"tool": "2"},
    {"name": "3", "size": 2},
    {"name": "4", "size": 2, "age": 4},
    {"name": "5", "size": 2, "age": 4},
]


@program
def rows_of_different_keys(w: World) -> Any:
    return w.session.execute(insert(w.Engineer), MIXED)


@program
def returning_rows_of_different_keys(w: World) -> Any:
    return w.session.scalars(insert(w.Engineer).returning(w.Engineer), MIXED).all()


NONES = [{"name": None, "tool": "1"}, {"name": "2", "tool": None}]


@program
def nulls(w: World) -> Any:
    return w.session.execute(insert(w.Engineer), NONES)


@program
def rendered_nulls(w: World) -> Any:
    options = {"render_nulls": True}
    return w.session.execute(insert(w.Engineer), NONES, execution_options=options)


@program
def a_given_discriminator(w: World) -> Any:
    rows = [{"name": "1", "kind": "chief"}, {"name": "2", "kind": None}]
    return w.session.execute(insert(w.Engineer), rows)


@program
def unknown_names(w: World) -> Any:
    return w.session.execute(insert(w.Engineer), [{"name": "1", "bogus": 3}])


@program
def expressions_for_the_base_table(w: World) -> Any:
    statement = insert(w.Engineer).values(name=func.lower("DD"))
    return w.session.execute(statement, [{"tool": "1"}, {"tool": "2"}])


@program
def expressions_for_the_own_table(w: World) -> Any:
    statement = insert(w.Engineer).values(tool=func.lower("DD"))
    return w.session.execute(statement, [{"name": "1"}, {"name": "2"}])


@program
def expressions_with_parameters(w: World) -> Any:
    statement = insert(w.Engineer).values(
        name=func.lower(bindparam("q")), tool=func.lower(bindparam("r"))
    )
    rows = [{"age": 1, "q": "Q1", "r": "R1"}, {"age": 2, "q": "Q2", "r": "R2"}]
    return w.session.execute(statement, rows)


@program
def expressions_returning(w: World) -> Any:
    statement = insert(w.Engineer).values(name=func.lower("A"), tool=func.lower("B"))
    rows = [{"age": 1}, {"age": 2}]
    return w.session.scalars(statement.returning(w.Engineer), rows).all()


@program
def returning_objects(w: World) -> Any:
    return w.session.scalars(insert(w.Engineer).returning(w.Engineer), TWO).all()


@program
def returning_one_object(w: World) -> Any:
    return w.session.scalars(insert(w.Engineer).returning(w.Engineer), TWO[0]).all()


@program
def returning_objects_of_three_tables(w: World) -> Any:
    return w.session.scalars(insert(w.Chief).returning(w.Chief), CHIEFS).all()


@program
def returning_in_order(w: World) -> Any:
    statement = insert(w.Intern).returning(w.Intern, sort_by_parameter_order=True)
    return w.session.scalars(statement, TWO).all()


@program
def returning_columns(w: World) -> Any:
    E = w.Engineer
    statement = insert(E).returning(E.tool, E.name, E.size + 5, func.upper(E.name))
    return w.session.execute(statement, TWO).all()


@program
def returning_the_own_column(w: World) -> Any:
    statement = insert(w.Engineer).returning(w.Engineer.tool)
    return w.session.execute(statement, TWO).all()


@program
def returning_keys(w: World) -> Any:
    return w.session.execute(insert(w.Engineer).returning(w.Engineer.id), TWO).all()


@program
def returning_a_sum_over_two_tables(w: World) -> Any:
    E = w.Engineer
    return w.session.execute(insert(E).returning(E.age + E.size), TWO).all()


@program
def returning_without_a_column(w: World) -> Any:
    statement = insert(w.Engineer).returning(w.Engineer)
    statement = statement.options(w.orm.defer(w.Engineer.tool))
    return w.session.scalars(statement, TWO).all()


@program
def prefixes(w: World) -> Any:
    return w.session.execute(insert(w.Engineer).prefix_with("OR IGNORE"), TWO)


@program
def execution_options(w: World) -> Any:
    return w.session.execute(insert(w.Engineer), TWO, execution_options={"mine": 1})


# -- one INSERT ------------------------------------------------------------------------


@program
def values_of_the_own_table(w: World) -> Any:
    statement = insert(w.Engineer).values(tool="1", id=44)
    E = w.Engineer
    return w.session.execute(statement.returning(E.id, E.tool)).all()


@program
def values_of_the_base_table(w: World) -> Any:
    return w.session.execute(insert(w.Engineer).values(tool="1", id=44, name="2"))


@program
def rows_raw(w: World) -> Any:
    options = {"dml_strategy": "raw"}
    rows = [{"id": 60, "tool": "2"}]
    return w.session.execute(insert(w.Engineer), rows, execution_options=options)


# -- upserts ---------------------------------------------------------------------------

CLASH = [{"id": 1, "name": "x"}, {"id": 70, "name": "y"}]


def _upsert(entity: Any) -> Any:
    statement = upsert(entity)
    return statement.on_conflict_do_update(
        index_elements=[entity.id], set_={"name": statement.excluded.name + "!"}
    )


@program
def upserting_the_base_class(w: World) -> Any:
    statement = _upsert(w.Person).returning(w.Person)
    options = {"populate_existing": True}
    return w.session.scalars(statement, CLASH, execution_options=options).all()


@program
def upserting_a_class_of_one_table(w: World) -> Any:
    statement = _upsert(w.Pet).returning(w.Pet)
    return w.session.scalars(statement, CLASH).all()


@program
def upserting_several_tables(w: World) -> Any:
    statement = upsert(w.Engineer).on_conflict_do_nothing()
    return w.session.execute(statement, CLASH)


# -- one table, and tables of their own ------------------------------------------------


@program
def rows_of_one_table(w: World) -> Any:
    return w.session.execute(insert(w.Dog), DOGS)


@program
def returning_objects_of_one_table(w: World) -> Any:
    return w.session.scalars(insert(w.Dog).returning(w.Dog), DOGS).all()


@program
def returning_objects_of_the_base_class(w: World) -> Any:
    return w.session.scalars(insert(w.Dog).returning(w.Pet), DOGS).all()


@program
def rows_tell_their_classes(w: World) -> Any:
    rows = [{"name": k, "kind": k} for k in ("dog", "cat", "pet")] + [{"name": "-"}]
    return w.session.scalars(insert(w.Pet).returning(w.Pet), rows).all()


@program
def columns_of_another_subclass(w: World) -> Any:
    return w.session.execute(insert(w.Dog), [{"name": "a", "purr": "b"}])


@program
def values_of_one_table(w: World) -> Any:
    statement = insert(w.Dog).values(name=func.lower("X")).returning(w.Dog)
    return w.session.scalars(statement, [{"bark": "1"}, {"bark": "2"}]).all()


CIRCLES = [{"label": "1", "radius": 2}, {"label": "3", "radius": 4}]


@program
def rows_of_a_concrete_class(w: World) -> Any:
    return w.session.execute(insert(w.Circle), CIRCLES)


@program
def returning_objects_of_a_concrete_class(w: World) -> Any:
    return w.session.scalars(insert(w.Circle).returning(w.Circle), CIRCLES).all()


# -- the bulk methods ------------------------------------------------------------------


def _mappings(w: World, cls: Any, rows: Any, **options: Any) -> Any:
    given = [dict(row) for row in rows]
    w.session.bulk_insert_mappings(cls, given, **options)
    return given


@program
def mappings(w: World) -> Any:
    return _mappings(w, w.Chief, CHIEFS)


@program
def mappings_with_defaults(w: World) -> Any:
    return _mappings(w, w.Chief, CHIEFS, return_defaults=True)


@program
def mappings_with_keys(w: World) -> Any:
    rows = [{**row, "id": i} for i, row in enumerate(TWO, 50)]
    return _mappings(w, w.Engineer, rows, return_defaults=True)


@program
def mappings_of_one_table(w: World) -> Any:
    return _mappings(w, w.Dog, DOGS, return_defaults=True)


def _objects(w: World, **options: Any) -> Any:
    objects = [
        w.Chief(),
        w.Chief(),
        w.Engineer(),
        w.Person(),
        w.Intern(),
        w.Puppy(),
        w.Dog(),
    ]
    for index, obj in enumerate(objects):
        obj.name = f"o{index}"
    objects[0].hat = objects[1].hat = "h"
    w.session.bulk_save_objects(objects, **options)
    keys = [w.session.is_modified(obj) for obj in objects]
    identities = [sqlalchemy.inspect(obj).identity for obj in objects]
    return objects, keys, identities


@program
def objects(w: World) -> Any:
    return _objects(w)


@program
def objects_with_defaults(w: World) -> Any:
    return _objects(w, return_defaults=True)


def _changed(w: World, **options: Any) -> Any:
    for obj in w.objects[:4]:
        obj.name = "new"
        if isinstance(obj, w.Engineer):
            obj.tool = "new"
        if isinstance(obj, w.Chief):
            obj.hat = "new"
    w.session.bulk_save_objects(w.objects[:4], **options)


@program
def changed_objects(w: World) -> Any:
    return _changed(w)


@program
def changed_objects_with_all_columns(w: World) -> Any:
    return _changed(w, update_changed_only=False)


# -- UPDATE by primary key -------------------------------------------------------------


@program
def updates_of_two_tables(w: World) -> Any:
    rows = [{"id": i, "name": f"N{i}", "tool": f"T{i}"} for i in (2, 3)]
    return w.session.execute(update(w.Engineer), rows)


@program
def updates_of_different_keys(w: World) -> Any:
    rows = [{"id": 2, "name": "n"}, {"id": 3, "tool": "m"}]
    return w.session.execute(update(w.Engineer), rows)


@program
def updates_of_three_tables(w: World) -> Any:
    row = {"id": 3, "chief_id": 3, "hat": "H", "name": "N", "tool": "T"}
    return w.session.execute(update(w.Chief), [row])


@program
def updates_without_the_own_key(w: World) -> Any:
    return w.session.execute(update(w.Chief), [{"id": 3, "hat": "H"}])


@program
def updates_of_nobody(w: World) -> Any:
    return w.session.execute(update(w.Engineer), [{"id": 99, "name": "n"}])


@program
def updates_of_the_base_class(w: World) -> Any:
    rows = [{"id": 1, "name": "n"}, {"id": 3, "name": "m"}]
    return w.session.execute(update(w.Person), rows)


@program
def updates_of_one_table(w: World) -> Any:
    rows = [{"id": 2, "name": "n", "bark": "m"}, {"id": 3, "name": "o", "bark": "p"}]
    return w.session.execute(update(w.Dog), rows)


@program
def updates_with_criteria(w: World) -> Any:
    statement = update(w.Dog).where(w.Dog.name == bindparam("q"))
    rows = [{"id": 2, "bark": "n", "q": "p2"}]
    options = {"synchronize_session": None}
    return w.session.execute(statement, rows, execution_options=options)


@program
def update_mappings(w: World) -> Any:
    row = {"id": 3, "chief_id": 3, "hat": "H", "name": "N"}
    return w.session.bulk_update_mappings(w.Chief, [row])


@program
def updates_of_a_concrete_class(w: World) -> Any:
    return w.session.execute(update(w.Circle), [{"id": 1, "label": "n", "radius": 9}])


# -- UPDATE and DELETE with criteria ---------------------------------------------------

STATEMENTS = {
    "own_column": lambda w: update(w.Engineer).values(tool="new"),
    "own_criteria": lambda w: (
        update(w.Engineer).values(tool="new").where(w.Engineer.size > 2)
    ),
    "key_criteria": lambda w: (
        update(w.Engineer).values(tool="new").where(w.Engineer.id > 2)
    ),
    "joined_criteria": lambda w: (
        update(w.Engineer)
        .values(tool="new")
        .where(w.Engineer.id == w.Person.id, w.Person.age > 2)
    ),
    "correlated_criteria": lambda w: (
        update(w.Engineer)
        .values(tool="new")
        .where(exists().where(w.Person.id == w.Engineer.id, w.Person.age > 2))
    ),
    "subquery": lambda w: (
        update(w.Engineer)
        .values(tool="new")
        .where(w.Engineer.id.in_(select(w.Person.id).where(w.Person.age > 2)))
    ),
    "base_column": lambda w: update(w.Engineer).values(name="new"),
    "base_attribute": lambda w: update(w.Engineer).values({w.Engineer.name: "new"}),
    "both_tables": lambda w: update(w.Engineer).values(name="new", tool="q"),
    "base_class": lambda w: update(w.Person).values(name="new", age=w.Person.age + 1),
    "base_class_criteria": lambda w: (
        update(w.Person).values(name="new").where(w.Person.age > 2)
    ),
    "discriminator": lambda w: (
        update(w.Person).values(name="new").where(w.Person.kind == "chief")
    ),
    "third_table": lambda w: update(w.Chief).values(hat="new"),
    "shared_own_table": lambda w: (
        update(w.Intern).values(tool="new").where(w.Person.id == w.Intern.id)
    ),
    "returning_own": lambda w: (
        update(w.Engineer).values(tool="new").returning(w.Engineer.id, w.Engineer.tool)
    ),
    "returning_base": lambda w: update(w.Person).values(name="n").returning(w.Person),
    "deleting_base": lambda w: delete(w.Person).where(w.Person.age > 2),
    "deleting_own": lambda w: delete(w.Engineer).where(w.Engineer.size > 2),
    "deleting_third": lambda w: delete(w.Chief),
    "deleting_returning": lambda w: delete(w.Person).returning(w.Person.name),
    "one_table": lambda w: update(w.Dog).values(name="new"),
    "one_table_criteria": lambda w: (
        update(w.Dog).values(bark="new").where(w.Dog.name == "p3")
    ),
    "one_table_returning": lambda w: (
        update(w.Puppy).values(toy="new").returning(w.Puppy)
    ),
    "one_table_of_another": lambda w: (
        update(w.Dog).values(bark="z").where(w.Dog.id.in_(select(w.Puppy.id)))
    ),
    "one_table_options": lambda w: (
        update(w.Dog)
        .values(bark="z")
        .options(w.orm.with_loader_criteria(w.Pet, w.Pet.name > "p2"))
    ),
    "deleting_of_one_table": lambda w: delete(w.Dog),
    "deleting_a_leaf": lambda w: delete(w.Puppy).returning(w.Puppy),
    "deleting_all": lambda w: delete(w.Pet).where(w.Pet.name > "p2"),
    "concrete": lambda w: update(w.Circle).values(label="new"),
    "deleting_concrete": lambda w: delete(w.Circle).where(w.Circle.radius == 1),
}


def _criteria_program(name: str, strategy: Any) -> Program:
    def execute(w: World) -> Any:
        options = {"synchronize_session": strategy}
        statement = STATEMENTS[name](w)
        result = w.session.execute(statement, execution_options=options)
        return result.all() if statement._returning else result.rowcount

    return execute


for _name in STATEMENTS:
    for _strategy in ("auto", "evaluate", "fetch", False):
        PROGRAMS[f"{_name}-{_strategy}"] = _criteria_program(_name, _strategy)


@program
def at_the_core_level(w: World) -> Any:
    options = {"dml_strategy": "core_only"}
    updated = w.session.execute(
        update(w.Dog).values(name="new"), execution_options=options
    ).rowcount
    return updated, w.session.execute(delete(w.Dog), execution_options=options).rowcount


@program
def by_query(w: World) -> Any:
    query = w.session.query(w.Engineer)
    updated = query.filter(w.Engineer.size > 2).update({"tool": "q"})
    return updated, w.session.query(w.Dog).filter(w.Dog.name == "p2").delete()


@pytest.mark.filterwarnings("ignore:.*cartesian product:sqlalchemy.exc.SAWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_same(name: str, ours: World, theirs: World) -> None:
    assert run(ours, PROGRAMS[name]) == run(theirs, PROGRAMS[name])
