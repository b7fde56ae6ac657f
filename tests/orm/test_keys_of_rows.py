"""Rows can be asked for by the expressions and aliases of the statement that brought them.

Each statement here is built anew, as a function that is called again does it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import (
    case,
    exists,
    func,
    insert,
    literal_column,
    select,
    union_all,
    update,
)

from ormolu import Session, aliased
from tests.orm.models import Models

TIMES = 3

Build = Callable[[Any], tuple[Any, list[Any]]]
"""From the class: a statement, and what its rows are asked for by, in their order."""


def functions(User: Any) -> tuple[Any, list[Any]]:
    name, size = func.upper(User.name), func.length(User.name)
    return select(User.id, name, size), [User.id, name, size]


def labels(User: Any) -> tuple[Any, list[Any]]:
    twice = (User.id * 2).label("twice")
    return select(twice, User.name), [twice, User.name]


def cases_beside_an_entity(User: Any) -> tuple[Any, list[Any]]:
    what = case((User.id > 1, "later"), else_="first")
    return select(User, what, User.name), [User, what, User.name]


def literals(User: Any) -> tuple[Any, list[Any]]:
    five = literal_column("5")
    return select(five, User.id), [five, User.id]


def a_subquery_of_existence(User: Any) -> tuple[Any, list[Any]]:
    found = exists().where(User.id == 99)
    return select(User.id, found), [User.id, found]


def aliases(User: Any) -> tuple[Any, list[Any]]:
    one, two = aliased(User), aliased(User, name="two")
    statement = select(one, two, two.name).where(one.id == two.id)
    return statement, [one, two, two.name]


def columns_of_a_subquery(User: Any) -> tuple[Any, list[Any]]:
    inner = select(User.id, func.upper(User.name).label("loud")).subquery()
    statement = select(User.name, inner.c.loud).join(inner, inner.c.id == User.id)
    return statement, [User.name, inner.c.loud]


def columns_of_one_name(User: Any) -> tuple[Any, list[Any]]:
    one, two = (User.id + 1).label("n"), (User.id + 2).label("n")
    return select(one, two), [one, two]


def a_union(User: Any) -> tuple[Any, list[Any]]:
    name = func.upper(User.name)
    first = select(User.__table__.c.id, name).where(User.id == 1)
    return union_all(first, select(User.id, User.name).where(User.id == 2)), [
        User.__table__.c.id,
        name,
    ]


BUILDS = [
    functions,
    labels,
    cases_beside_an_entity,
    literals,
    a_subquery_of_existence,
    aliases,
    columns_of_a_subquery,
    columns_of_one_name,
    a_union,
]


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.__name__)
def test_a_row_is_asked_by_what_was_selected(
    session: Session, models: Models, build: Build
) -> None:
    for _ in range(TIMES):
        statement, keys = build(models.User)
        row = session.execute(statement).first()
        assert row is not None
        assert [row._mapping[key] for key in keys] == list(row)


@pytest.mark.parametrize("build", BUILDS[:4], ids=lambda build: build.__name__)
def test_rows_in_batches_are_asked_by_what_was_selected(
    session: Session, models: Models, build: Build
) -> None:
    for _ in range(TIMES):
        statement, keys = build(models.User)
        for row in session.execute(statement.execution_options(yield_per=2)):
            assert [row._mapping[key] for key in keys] == list(row)


def test_a_statement_object_is_asked_by_what_was_selected(
    session: Session, models: Models
) -> None:
    statement, keys = functions(models.User)
    for _ in range(TIMES):
        first = session.execute(statement).first()
        assert first is not None
        assert [first._mapping[key] for key in keys] == list(first)


def test_results_are_narrowed_by_what_was_selected(
    session: Session, models: Models
) -> None:
    User = models.User
    for _ in range(TIMES):
        statement, (key, name, size) = functions(User)
        statement = statement.where(User.id == 2)
        result = session.execute(statement)
        known = result.keys()
        assert name in known
        assert result.columns(size, key).all() == [(5, 2)]
        assert session.execute(statement).scalars(name).all() == ["SANDY"]
        assert session.execute(statement).mappings().one()[name] == "SANDY"
        frozen = session.execute(statement).freeze()
        assert [row._mapping[name] for row in frozen()] == ["SANDY"]


def test_rows_of_a_query_are_asked_by_what_was_selected(
    session: Session, models: Models
) -> None:
    User = models.User
    for _ in range(TIMES):
        name = func.upper(User.name)
        row = session.query(User, name).order_by(User.id).first()
        assert row is not None
        assert row._mapping[name] == row[0].name.upper()


@pytest.mark.parametrize("kind", [insert, update])
def test_returned_rows_are_asked_by_what_is_returned(
    session: Session, models: Models, kind: Any
) -> None:
    User = models.User
    for _ in range(TIMES):
        name = func.upper(User.name)
        statement = kind(User).values(name="new").returning(User.id, name)
        row = session.execute(statement).first()
        assert row is not None
        assert row._mapping[name] == row[1] == "NEW"
        assert row._mapping[User.id] == row.id
