"""The same DML with sqlalchemy.orm and with Ormolu: same SQL, same objects after it.

Each program runs on a session of its own with the same rows; what it sends, what it
gives or raises, and what the loaded objects hold afterwards are compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
import sqlalchemy.orm
from sqlalchemy import case, delete, func, insert, select, text, update
from sqlalchemy.dialects.sqlite import insert as upsert

import ormolu
from tests.orm.recording import Recorder, listen

Program = Callable[["World"], Any]


@dataclass
class World:
    """One ORM with its classes, and a session with loaded objects.

    ``User.full`` is the column ``full_name``, ``nick`` another name of ``name``;
    ``kind`` has a default of the server, ``made`` one of Python, ``seen`` a value for
    each UPDATE, and ``bio`` is deferred.
    """

    orm: Any
    User: Any
    Address: Any
    Pair: Any
    Version: Any
    session: Any = None
    users: Any = None


def _tables(orm: ModuleType) -> Any:
    reg = orm.registry()
    sa.Table(
        "users",
        reg.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, unique=True, nullable=False),
        sa.Column("full_name", sa.String),
        sa.Column("age", sa.Integer),
        sa.Column("kind", sa.String, server_default="plain", nullable=False),
        sa.Column("made", sa.Integer, default=7),
        sa.Column("seen", sa.Integer, onupdate=lambda: 99),
        sa.Column("bio", sa.String),
    )
    sa.Table(
        "addresses",
        reg.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_id", sa.ForeignKey("users.id")),
        sa.Column("email", sa.String),
    )
    sa.Table(
        "pairs",
        reg.metadata,
        sa.Column("a", sa.Integer, primary_key=True),
        sa.Column("b", sa.Integer, primary_key=True),
        sa.Column("value", sa.String),
    )
    sa.Table(
        "versions",
        reg.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("counter", sa.Integer, nullable=False),
        sa.Column("value", sa.String),
    )
    return reg


def _world(orm: ModuleType, embedded: bool) -> World:
    reg = _tables(orm)
    tables = reg.metadata.tables
    bases: tuple[type, ...] = (ormolu.Entity,) if embedded else ()
    User, Address, Pair, Version = (
        type(name, bases, {}) for name in ("User", "Address", "Pair", "Version")
    )
    users, addresses = tables["users"], tables["addresses"]
    reg.map_imperatively(
        User,
        users,
        properties={
            "full": users.c.full_name,
            "nick": orm.synonym("name"),
            "bio": orm.deferred(users.c.bio),
            "addresses": orm.relationship(
                Address, back_populates="user", order_by=addresses.c.id
            ),
        },
    )
    reg.map_imperatively(
        Address,
        addresses,
        properties={"user": orm.relationship(User, back_populates="addresses")},
    )
    reg.map_imperatively(Pair, tables["pairs"])
    versions = tables["versions"]
    reg.map_imperatively(Version, versions, version_id_col=versions.c.counter)
    orm.configure_mappers()
    return World(orm, User, Address, Pair, Version)


ROWS: dict[str, list[dict[str, Any]]] = {
    "users": [
        {"id": i, "name": name, "full_name": name.title(), "age": age, "bio": "b"}
        for i, name, age in (
            (1, "john", 25),
            (2, "jack", 47),
            (3, "jill", 29),
            (4, "jane", 37),
        )
    ],
    "addresses": [{"id": 1, "user_id": 1, "email": "j"}],
    "pairs": [{"a": 1, "b": i, "value": f"v{i}"} for i in (1, 2, 3)],
    "versions": [{"id": i, "counter": 3, "value": "v"} for i in (1, 2)],
}

PLAIN = re.compile(r" at 0x[0-9a-f]+|sqlalchemy\.orm|ormolu|\(Background on .*", re.S)


def _shown(value: Any) -> Any:
    """A value in a form that both ORMs have in common."""
    state = sa.inspect(value, raiseerr=False)
    if hasattr(state, "unloaded"):
        loaded = {k: _shown(v) for k, v in vars(value).items() if not k.startswith("_")}
        return type(value).__name__, loaded
    if isinstance(value, (list, tuple, sa.Row)):
        return [_shown(v) for v in value]
    if isinstance(value, dict):
        return {k: _shown(v) for k, v in value.items()}
    return value if isinstance(value, (int, str, type(None))) else type(value).__name__


def run(world: World, program: Program) -> list[Any]:
    """Everything that can be seen of a program's run."""
    engine = sa.create_engine("sqlite://")
    sql = Recorder()
    tables = sa.inspect(world.User).local_table.metadata
    tables.create_all(engine)
    with engine.begin() as connection:
        for name, rows in ROWS.items():
            connection.execute(tables.tables[name].insert(), rows)
    listen(engine, sql)
    with world.orm.Session(engine) as session:
        world.session = session
        world.users = session.scalars(select(world.User).order_by(world.User.id)).all()
        sql.clear()
        seen = [_outcome(program, world), sql.take()]
        seen.append([(u in session, _shown(u)) for u in world.users])
        for name in ROWS:
            query = select(tables.tables[name])
            seen.append([tuple(r) for r in session.connection().execute(query)])
    engine.dispose()
    return seen


def _outcome(program: Program, world: World) -> Any:
    try:
        return _shown(program(world))
    except Exception as error:
        world.session.rollback()
        return type(error).__name__, PLAIN.sub("", str(error))


@pytest.fixture(scope="module")
def theirs() -> World:
    return _world(sqlalchemy.orm, embedded=False)


@pytest.fixture(scope="module", params=["embedded", "adopted"])
def ours(request: pytest.FixtureRequest) -> World:
    return _world(ormolu, embedded=request.param == "embedded")


PROGRAMS: dict[str, Program] = {}


def program(fn: Program) -> Program:
    """Let a function be one of the programs."""
    PROGRAMS[fn.__name__] = fn
    return fn


# -- INSERT ----------------------------------------------------------------------------

THREE = [{"name": "a", "full": "A"}, {"name": "b", "full": None}, {"name": "c"}]


def inserting(w: World, rows: Any = None, **options: Any) -> Any:
    return w.session.execute(insert(w.User), rows, execution_options=options)


@program
def rows(w: World) -> Any:
    return inserting(w, THREE)


@program
def rows_with_nulls(w: World) -> Any:
    return inserting(w, THREE, render_nulls=True)


@program
def rows_by_column_name(w: World) -> Any:
    return inserting(w, [{"name": "a", "full_name": "A", "bogus": 1}])


@program
def rows_raw(w: World) -> Any:
    return inserting(w, [{"name": "a", "full_name": "A"}], dml_strategy="raw")


@program
def rows_one_by_one(w: World) -> Any:
    return inserting(w, {"name": "a", "full": "A"}, dml_strategy="orm")


@program
def unknown_strategy(w: World) -> Any:
    return inserting(w, THREE, dml_strategy="quick")


@program
def rows_with_expressions(w: World) -> Any:
    statement = insert(w.User).values(full=func.upper("x"), age=9)
    return w.session.execute(statement, [{"name": "a"}, {"name": "b"}])


@program
def rows_with_parameters(w: World) -> Any:
    statement = insert(w.User).values(full=sa.bindparam("q") + "!")
    return w.session.execute(
        statement, [{"name": "a", "q": "1"}, {"name": "b", "q": "2"}]
    )


@program
def one_row_of_values(w: World) -> Any:
    return w.session.execute(insert(w.User).values(nick="a", full="A"))


@program
def many_rows_of_values(w: World) -> Any:
    values = [{"nick": "a", "full": "A"}, {"nick": "b", "full": func.upper("b")}]
    return w.session.scalars(insert(w.User).values(values).returning(w.User)).all()


@program
def values_of_attributes(w: World) -> Any:
    statement = insert(w.User).values({w.User.name: "a", w.User.full: "A"})
    return w.session.execute(statement)


@program
def unknown_values(w: World) -> Any:
    return w.session.execute(insert(w.User).values(name="a", bogus=1))


@program
def from_a_select(w: World) -> Any:
    names = select(w.User.name + "2", w.User.age).where(w.User.id < 3)
    statement = insert(w.User).from_select([w.User.name, w.User.age], names)
    return w.session.scalars(statement.returning(w.User)).all()


@program
def returning_objects(w: World) -> Any:
    return w.session.scalars(insert(w.User).returning(w.User), THREE).all()


@program
def returning_in_order(w: World) -> Any:
    statement = insert(w.User).returning(w.User, sort_by_parameter_order=True)
    return w.session.scalars(statement, [{"name": "b"}, {"name": "a"}]).all()


@program
def returning_columns(w: World) -> Any:
    statement = insert(w.User).returning(w.User.kind, w.User.name, w.User.age + 1)
    return w.session.execute(statement, [{"name": "a"}, {"name": "b"}]).all()


@program
def returning_a_few_attributes(w: World) -> Any:
    only = w.orm.load_only(w.User.age)
    statement = insert(w.User).returning(w.User).options(only)
    return w.session.scalars(statement, [{"name": "a"}]).all()


@program
def returning_undeferred(w: World) -> Any:
    statement = insert(w.User).returning(w.User).options(w.orm.undefer(w.User.bio))
    return w.session.scalars(statement, [{"name": "a"}]).all()


@program
def returning_with_eager_loads(w: World) -> Any:
    loads = w.orm.selectinload(w.Address.user)
    statement = insert(w.Address).returning(w.Address).options(loads)
    return w.session.scalars(statement, [{"user_id": 1}, {"user_id": 4}]).all()


@program
def returning_bundles(w: World) -> Any:
    bundle = w.orm.Bundle("pair", w.User.id, w.User.full)
    return w.session.execute(insert(w.User).returning(bundle), THREE).all()


@program
def upserting(w: World) -> Any:
    first = upsert(w.User).values([{"name": "john", "full": "N"}, {"name": "z"}][:1])
    statement = first.on_conflict_do_update(
        index_elements=[w.User.name], set_={"full_name": first.excluded.full_name}
    )
    return w.session.scalars(statement.returning(w.User)).all()


@program
def upserting_into_loaded_objects(w: World) -> Any:
    first = upsert(w.User)
    statement = first.on_conflict_do_update(
        index_elements=["name"],
        set_={w.User.full: first.excluded.full_name, "age": w.User.age + 1},
    ).returning(w.User)
    rows = [{"name": "john", "full": "N"}, {"name": "z", "full": "Z"}]
    options = {"populate_existing": True}
    return w.session.scalars(statement, rows, execution_options=options).all()


@program
def ignoring_conflicts(w: World) -> Any:
    statement = upsert(w.User).on_conflict_do_nothing().returning(w.User.name)
    return w.session.scalars(statement, [{"name": "john"}, {"name": "z"}]).all()


@program
def versions_begin(w: World) -> Any:
    rows = [{"value": "x"}, {"value": "y", "counter": 9}]
    return w.session.execute(insert(w.Version), rows)


# -- UPDATE and DELETE with criteria ---------------------------------------------------


def criteria(w: World) -> dict[str, Any]:
    """Criteria, by name; some of them Python cannot evaluate."""
    U = w.User
    return {
        "larger": U.age > 29,
        "both": sa.and_(U.age > 26, U.name != "jack"),
        "either": sa.or_(U.age == 25, U.full.is_(None), U.name.in_(["jill"])),
        "synonym": U.nick.startswith("j"),
        "tuple": sa.tuple_(U.id, U.name).in_([(1, "john"), (2, "x")]),
        "function": func.lower(U.name) == "jack",
        "subquery": U.id.in_(select(w.Address.user_id)),
        "related": U.addresses.any(w.Address.email == "j"),
        "everything": sa.true(),
        "nothing": U.name.in_([]),
        "text": text("age > 29"),
        "concatenated": U.name + "!" == "jack!",
        "column": U.__table__.c.age > 29 if hasattr(U, "__table__") else U.age > 30,
    }


def values(w: World) -> dict[str, Any]:
    """SET clauses, by name."""
    U = w.User
    return {
        "constant": {"full": "new"},
        "null": {"age": None},
        "computed": {U.age: U.age - 10},
        "function": {"full": func.upper(U.name), "kind": "k"},
        "case": {"full": case((U.age > 29, "old"), else_="young")},
        "deferred": {"bio": "new"},
        "float": {"age": U.age / 2},
        "column_name": {"full_name": "new"},
    }


@pytest.mark.parametrize("how", ["auto", "evaluate", "fetch", False])
@pytest.mark.parametrize(
    "name",
    [
        "larger",
        "both",
        "either",
        "synonym",
        "tuple",
        "function",
        "subquery",
        "related",
        "everything",
        "nothing",
        "text",
        "concatenated",
        "column",
    ],
)
@pytest.mark.parametrize("kind", ["update", "delete", "query"])
def test_criteria(theirs: World, ours: World, kind: str, name: str, how: Any) -> None:
    def execute(w: World) -> Any:
        where = criteria(w)[name]
        if kind == "query":
            query = w.session.query(w.User).filter(where)
            return query.update({"full": "new"}, synchronize_session=how)
        statement: Any = delete(w.User) if kind == "delete" else update(w.User)
        if kind == "update":
            statement = statement.values(full="new")
        options = {"synchronize_session": how}
        return w.session.execute(
            statement.where(where), execution_options=options
        ).rowcount

    assert run(ours, execute) == run(theirs, execute)


@pytest.mark.parametrize("how", ["auto", "evaluate", "fetch", False])
@pytest.mark.parametrize(
    "name",
    [
        "constant",
        "null",
        "computed",
        "function",
        "case",
        "deferred",
        "float",
        "column_name",
    ],
)
@pytest.mark.parametrize("returning", ["nothing", "object", "columns"])
def test_values(
    theirs: World, ours: World, returning: str, name: str, how: Any
) -> None:
    def execute(w: World) -> Any:
        statement: Any = update(w.User).where(w.User.age > 29).values(values(w)[name])
        options = {"synchronize_session": how}
        if returning == "nothing":
            return w.session.execute(statement, execution_options=options).rowcount
        if returning == "object":
            statement = statement.returning(w.User)
        else:
            statement = statement.returning(w.User.age, w.User.name, w.User.full)
        return w.session.execute(statement, execution_options=options).all()

    assert run(ours, execute) == run(theirs, execute)


PREPARATIONS: dict[str, Callable[[World], Any]] = {
    "expired": lambda w: w.session.expire_all(),
    "partly expired": lambda w: [w.session.expire(u, ["age"]) for u in w.users],
    "value expired": lambda w: [w.session.expire(u, ["full"]) for u in w.users],
    "changed": lambda w: [setattr(u, "full", "mine") for u in w.users[:2]],
    "criterion changed": lambda w: setattr(w.users[1], "age", 1),
    "deleted": lambda w: w.session.delete(w.users[1]),
    "gone": lambda w: w.session.expunge(w.users[1]),
}


@pytest.mark.parametrize("how", ["evaluate", "fetch", False])
@pytest.mark.parametrize("state", sorted(PREPARATIONS))
@pytest.mark.parametrize("kind", ["update", "delete"])
def test_states_of_objects(
    theirs: World, ours: World, kind: str, state: str, how: Any
) -> None:
    def execute(w: World) -> Any:
        w.session.autoflush = False
        PREPARATIONS[state](w)
        statement: Any = delete(w.User)
        if kind == "update":
            statement = update(w.User).values(full="new", age=w.User.age + 1)
        options = {"synchronize_session": how}
        w.session.execute(statement.where(w.User.age > 29), execution_options=options)
        present = [u for u in w.users if u in w.session]
        if kind == "update":
            return [(u.name, u.full, u.age, u.seen) for u in present]
        return [u.id for u in w.users if sa.inspect(u).persistent]

    assert run(ours, execute)[:2] == run(theirs, execute)[:2]


# -- UPDATE by primary key and the Session's bulk methods ------------------------------


@program
def by_key(w: World) -> Any:
    rows = [{"id": 1, "full": "x"}, {"id": 2, "full": None}, {"id": 3, "age": 1}]
    return w.session.execute(update(w.User), rows)


@program
def by_key_and_criteria(w: World) -> Any:
    statement = update(w.User).where(w.User.age > 29)
    rows = [{"id": 1, "full": "x"}, {"id": 2, "full": "y"}]
    options = {"synchronize_session": None}
    return w.session.execute(statement, rows, execution_options=options)


@program
def by_key_with_criteria_and_objects(w: World) -> Any:
    statement = update(w.User).where(w.User.age > 29)
    return w.session.execute(statement, [{"id": 1, "full": "x"}])


@program
def by_key_fetching(w: World) -> Any:
    options = {"synchronize_session": "fetch"}
    rows = [{"id": 1, "full": "x"}]
    return w.session.execute(update(w.User), rows, execution_options=options)


@program
def by_incomplete_key(w: World) -> Any:
    return w.session.execute(update(w.Pair), [{"a": 1, "value": "x"}])


@program
def by_key_in_order(w: World) -> Any:
    statement = update(w.User).ordered_values(("full", "x"))
    return w.session.execute(statement, [{"id": 1, "age": 1}])


@program
def by_key_without_rows(w: World) -> Any:
    options = {"dml_strategy": "bulk"}
    return w.session.execute(update(w.User).values(age=1), execution_options=options)


@program
def many_deletes(w: World) -> Any:
    statement = delete(w.User).where(w.User.age > sa.bindparam("age"))
    return w.session.execute(statement, [{"age": 1}, {"age": 2}])


@program
def mappings(w: World) -> Any:
    rows = [{"name": "a"}, {"name": "b", "full": None}, {"name": "c", "full": "C"}]
    w.session.bulk_insert_mappings(w.User, rows)
    return rows


@program
def mappings_with_keys(w: World) -> Any:
    rows = [{"name": "a"}, {"name": "b"}, {"name": "c", "full": "C"}, {"name": "d"}]
    w.session.bulk_insert_mappings(w.User, rows, return_defaults=True)
    pairs = [{"a": 5, "b": 1}, {"a": 5, "b": 2, "value": "x"}]
    w.session.bulk_insert_mappings(w.Pair, pairs, return_defaults=True)
    emails = [{"email": "x"}]
    w.session.bulk_insert_mappings(w.Address, emails, return_defaults=True)
    return rows, pairs, emails


@program
def mappings_with_nulls_and_keys(w: World) -> Any:
    rows = [{"id": 50, "name": "a"}, {"id": None, "name": "b"}]
    w.session.bulk_insert_mappings(
        w.User, rows, return_defaults=True, render_nulls=True
    )
    return rows


@program
def mappings_updated(w: World) -> Any:
    rows = [{"id": 1, "full": "x"}, {"id": 2, "age": None}, {"id": 3, "bogus": 1}]
    return w.session.bulk_update_mappings(w.User, rows)


@program
def mappings_of_rows_that_are_not_there(w: World) -> Any:
    rows = [{"id": 1, "full": "x"}, {"id": 99, "full": "x"}]
    return w.session.bulk_update_mappings(w.User, rows)


def _made(cls: Any, **values: Any) -> Any:
    obj = cls()
    for name, value in values.items():
        setattr(obj, name, value)
    return obj


def saving(w: World, **options: Any) -> Any:
    w.users[0].full = "changed"
    new = [
        _made(w.User, name="a"),
        _made(w.User, name="b", full="B"),
        _made(w.Pair, a=5, b=5),
    ]
    other = w.orm.Session(w.session.connection())
    other.bulk_save_objects([new[0], w.users[0], new[1], w.users[1], new[2]], **options)
    return [_shown(o) for o in new], [str(sa.inspect(o).key)[-18:] for o in new[2:]]


@program
def objects_saved(w: World) -> Any:
    return saving(w)


@program
def objects_saved_with_keys(w: World) -> Any:
    return saving(w, return_defaults=True)


@program
def objects_saved_by_kind(w: World) -> Any:
    w.users[0].full = "changed"
    new = [_made(w.User, name="a"), _made(w.User, name="b")]
    other = w.orm.Session(w.session.connection())
    other.bulk_save_objects([new[0], w.users[0], new[1]], preserve_order=False)
    return None


@program
def objects_saved_wholly(w: World) -> Any:
    return saving(w, update_changed_only=False)


@program
def versioned_objects_saved(w: World) -> Any:
    version = w.session.get(w.Version, 1)
    version.value = "new"
    new = _made(w.Version, value="x")
    w.session.bulk_save_objects([version, new], return_defaults=True)
    return _shown(new)


@program
def a_lost_version(w: World) -> Any:
    rows = [{"id": 1, "counter": 2, "value": "x"}]
    return w.session.bulk_update_mappings(w.Version, rows)


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_programs(theirs: World, ours: World, name: str) -> None:
    assert run(ours, PROGRAMS[name]) == run(theirs, PROGRAMS[name])
