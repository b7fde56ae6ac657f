"""``from_statement()``: entities out of the rows of another statement."""

from typing import Any

import pytest
from sqlalchemy import bindparam, inspect, literal_column, select, text, union
from sqlalchemy.exc import NoSuchColumnError, SADeprecationWarning

from ormolu import Session, contains_eager, joinedload


def names(session: Session, users: Any, statement: Any) -> list[str]:
    found = session.scalars(select(users).from_statement(statement)).all()
    return sorted(u.name for u in found)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM users",
        "SELECT name, id FROM users",
        "SELECT users.id AS users_id, users.name AS users_name FROM users",
    ],
)
def test_text_is_matched_by_name(session: Session, users: Any, sql: str) -> None:
    assert names(session, users, text(sql)) == ["ann", "bob", "cy"]


def test_a_union_of_entities(session: Session, users: Any) -> None:
    statement = union(
        select(users).where(users.id == 1), select(users).where(users.name == "cy")
    )
    assert names(session, users, statement) == ["ann", "cy"]


def test_columns_may_come_in_any_order(session: Session, users: Any) -> None:
    table = users.__table__
    statement = select(table.c.name, literal_column("1"), table.c.id)
    assert names(session, users, statement) == ["ann", "bob", "cy"]


def test_what_is_missing_loads_later(session: Session, users: Any) -> None:
    statement = select(users).from_statement(text("SELECT id FROM users WHERE id = 1"))
    ann = session.scalars(statement).one()
    assert "name" in inspect(ann).unloaded
    assert ann.name == "ann"


def test_the_primary_key_may_not_be_missing(session: Session, users: Any) -> None:
    statement = select(users).from_statement(text("SELECT name FROM users"))
    with pytest.raises(NoSuchColumnError, match=r"users\.id"):
        session.execute(statement)


def test_contains_eager_but_no_joined_loads(
    session: Session, users: Any, addresses: Any
) -> None:
    rows = select(users, addresses).join(users.addresses)
    query = session.query(users)
    eager = query.options(contains_eager(users.addresses)).from_statement(rows).all()
    assert [len(u.addresses) for u in eager] == [2, 1]
    session.expunge_all()
    joined = query.options(joinedload(users.addresses)).from_statement(select(users))
    assert "addresses" in inspect(joined.first()).unloaded


def test_rows_of_a_query_with_parameters(session: Session, users: Any) -> None:
    query = session.query(users.id, users.name).from_statement(
        text("SELECT id, name FROM users WHERE name = :wanted")
    )
    assert query.params(wanted="bob").all() == [(2, "bob")]


def test_repeated_entities_are_the_users_choice(
    session: Session, users: Any, addresses: Any
) -> None:
    rows = select(users, addresses).join(users.addresses).order_by(users.id)
    statement = (
        select(users).from_statement(rows).options(contains_eager(users.addresses))
    )
    repeated = session.scalars(statement).all()
    assert len(repeated) == session.query(addresses).count()
    assert session.scalars(statement).unique().all() == list(dict.fromkeys(repeated))


@pytest.fixture(params=["select", "text", "columns", "union"])
def by_name(request: pytest.FixtureRequest, users: Any) -> Any:
    """A statement with a parameter."""
    where = bindparam("wanted", "cy")
    as_text = text("SELECT * FROM users WHERE name = :wanted").bindparams(wanted="cy")
    statements = {
        "select": select(users).where(users.name == where),
        "text": as_text,
        "columns": as_text.columns(users.id, users.name),
        "union": union(
            select(users).where(users.name == where), select(users).where(users.id < 0)
        ),
    }
    return statements[request.param]


def test_parameters_are_bound_after_the_statement(
    session: Session, users: Any, by_name: Any
) -> None:
    statement = select(users).from_statement(by_name)

    def found(statement: Any, parameters: Any = None) -> list[str]:
        return [user.name for user in session.scalars(statement, parameters)]

    assert found(statement) == ["cy"]
    assert found(statement.params(wanted="ann")) == ["ann"]
    assert found(statement.params(wanted="ann").params({"wanted": "bob"})) == ["bob"]
    assert found(statement.params(wanted="ann"), {"wanted": "bob"}) == ["bob"]
    assert statement.params(wanted="ann").compile().params["wanted"] == "ann"


def test_outer_parameters_come_before_those_within(
    session: Session, users: Any, by_name: Any
) -> None:
    within = select(users).from_statement(by_name.params(wanted="ann"))
    assert session.scalars(within).one().name == "ann"
    assert session.scalars(within.params(wanted="bob")).one().name == "bob"


def test_parameters_of_the_replaced_select_are_none_of_the_statement(
    session: Session, users: Any, by_name: Any
) -> None:
    replaced = select(users).params(wanted="ann").from_statement(by_name)
    assert session.scalars(replaced).one().name == "cy"


def test_a_query_s_parameters_hold_before_and_after_the_statement(
    session: Session, users: Any, by_name: Any
) -> None:
    query = session.query(users)
    assert query.params(wanted="ann").from_statement(by_name).one().name == "ann"
    after = query.from_statement(by_name.params(wanted="ann")).params(wanted="bob")
    assert after.one().name == "bob"
    assert session.scalars(after.statement).one().name == "bob"


@pytest.mark.filterwarnings("ignore:The Query.instances:DeprecationWarning")
def test_rows_that_the_user_fetched_become_objects(
    session: Session, users: Any
) -> None:
    table = users.__table__
    rows = session.connection().execute(select(table).order_by(table.c.id))
    with pytest.warns(SADeprecationWarning, match="without a context is deprecated"):
        found = session.query(users).instances(rows)
    ann, *others = found.all()
    assert (ann.name, len(others)) == ("ann", 2)
    rows = session.connection().exec_driver_sql("SELECT id, name FROM users LIMIT 1")
    query = session.query(users, users.name)
    with pytest.warns(SADeprecationWarning, match="without a context is deprecated"):
        assert query.instances(rows).all() == [(ann, "ann")]
    rows = session.connection().execute(text("SELECT id FROM users LIMIT 1"))
    with pytest.warns(SADeprecationWarning, match="without a context is deprecated"):
        assert session.query(users.id).instances(rows).all() == [(1,)]
