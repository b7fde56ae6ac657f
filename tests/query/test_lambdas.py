"""Functions in the place of statements and of their elements, as Core knows them."""

import warnings
from typing import Any

import pytest
from sqlalchemy import delete, event, insert, lambda_stmt, select, update

from ormolu import (
    Session,
    aliased,
    selectinload,
    subqueryload,
    with_loader_criteria,
)


def sql_of(statement: Any) -> str:
    return " ".join(str(statement).split())


@pytest.fixture(params=["core", "fast"], autouse=True)
def lane(session: Session, request: pytest.FixtureRequest) -> str:
    """Whether somebody listens to the cursors, which obliges to Core's lane."""
    value: str = request.param
    if value == "core":
        event.listen(session.get_bind(), "before_cursor_execute", lambda *_: None)
    return value


# -- elements --------------------------------------------------------------------------


def test_entities_and_joins(users: Any, addresses: Any) -> None:
    statement = select(lambda: (users, addresses.id)).join(lambda: users.addresses)
    assert sql_of(statement) == (
        "SELECT users.id, users.name, addresses.id AS id_1 "
        "FROM users JOIN addresses ON users.id = addresses.user_id"
    )
    described = [found["name"] for found in statement.column_descriptions]
    assert described == ["User", "id"]
    assert [c.key for c in statement.selected_columns] == ["id", "name", "id"]


def test_from_elements_and_on_clauses(users: Any, addresses: Any) -> None:
    statement = (
        select(lambda: users.id)
        .select_from(lambda: users)
        .join(lambda: addresses, lambda: users.addresses)
    )
    assert sql_of(statement) == (
        "SELECT users.id FROM users JOIN addresses ON users.id = addresses.user_id"
    )


@pytest.mark.parametrize("load", [selectinload, subqueryload])
def test_a_select_of_functions(session: Session, users: Any, load: Any) -> None:
    def found(names: list[str]) -> list[tuple[str, int]]:
        statement = (
            select(lambda: users)
            .where(lambda: users.name.in_(names))
            .order_by(lambda: users.id)
            .options(load(users.addresses))
        )
        return [(u.name, len(u.addresses)) for u in session.scalars(statement)]

    assert found(["ann"]) == [("ann", 2)]
    assert found(["bob", "cy"]) == [("bob", 1), ("cy", 0)]


def test_query(session: Session, users: Any, addresses: Any) -> None:
    query = session.query(lambda: (users.id, users.name)).select_from(lambda: users)
    assert query.all() == [(1, "ann"), (2, "bob"), (3, "cy")]
    joined = session.query(lambda: users).join(lambda: addresses)
    assert {u.name for u in joined.filter_by(email="c@x")} == {"bob"}


# -- statements ------------------------------------------------------------------------


@pytest.mark.parametrize("of_alias", [False, True])
def test_a_statement(session: Session, users: Any, of_alias: bool) -> None:
    def found(names: list[str]) -> list[tuple[str, int]]:
        entity = aliased(users) if of_alias else users
        statement = lambda_stmt(
            lambda: (
                select(entity)
                .where(entity.name.in_(names))
                .options(selectinload(entity.addresses))
            )
        )
        statement += lambda s: s.order_by(entity.id)
        return [(u.name, len(u.addresses)) for u in session.scalars(statement)]

    assert found(["ann"]) == [("ann", 2)]
    assert found(["bob", "cy"]) == [("bob", 1), ("cy", 0)]


def test_subqueryload_of_a_statement_warns(session: Session, users: Any) -> None:
    def found(name: str) -> list[int]:
        statement = lambda_stmt(
            lambda: (
                select(users)
                .where(users.name == name)
                .options(subqueryload(users.addresses))
            )
        )
        return [len(u.addresses) for u in session.scalars(statement)]

    for name, expected in (("ann", [2]), ("bob", [1])):
        with pytest.warns(match="must invoke lambda callable at .*LambdaElement"):
            assert found(name) == expected


def test_criteria_in_a_statement(session: Session, users: Any, addresses: Any) -> None:
    def found(email: str) -> list[list[str]]:
        statement = lambda_stmt(
            lambda: (
                select(users)
                .where(users.id == 1)
                .options(with_loader_criteria(addresses, addresses.email != email))
            )
        )
        return [[a.email for a in u.addresses] for u in session.scalars(statement)]

    assert found("a@x") == [["b@x"]]
    session.expunge_all()
    assert found("b@x") == [["a@x"]]


def test_dml(session: Session, users: Any) -> None:
    known = session.scalars(select(users).order_by(users.id)).all()

    def renamed(old: str, new: str) -> None:
        session.execute(
            lambda_stmt(lambda: update(users).where(users.name == old).values(name=new))
        )

    renamed("ann", "a")
    renamed("bob", "b")
    assert [u.name for u in known] == ["a", "b", "cy"]
    session.execute(lambda_stmt(lambda: delete(users).where(users.name == "cy")))
    assert known[2] not in session
    made = session.scalars(
        lambda_stmt(lambda: insert(users).values(name="di").returning(users))
    )
    assert [u.name for u in made] == ["di"]


def test_options_of_the_execution(session: Session, users: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        statement = lambda_stmt(lambda: select(users))
        found = session.scalars(statement, execution_options={"yield_per": 2})
        assert len(found.all()) == 3
