"""Events of ``Query.update()`` and ``Query.delete()``."""

from typing import Any

import pytest
from sqlalchemy import event, inspect, update

from ormolu import Session
from ormolu.query.query import Query
from tests.dml.models import Models


@pytest.fixture
def contexts(session: Session) -> list[Any]:
    """What the listeners of the session were given."""
    seen: list[Any] = []
    event.listen(session, "after_bulk_update", seen.append)
    event.listen(session, "after_bulk_delete", seen.append)
    return seen


def test_an_update_is_told_after_it(
    session: Session, models: Models, contexts: list[Any]
) -> None:
    query = session.query(models.Widget).filter(models.Widget.size > 10)
    assert query.update({"note": "x"}) == 2
    (context,) = contexts
    assert context.session is session
    assert context.query is query
    assert context.mapper is inspect(models.Widget)
    assert context.values == {"note": "x"}
    assert context.update_kwargs == {}
    assert context.result.rowcount == 2


def test_a_delete_is_told_after_it(
    session: Session, models: Models, contexts: list[Any]
) -> None:
    query = session.query(models.Widget).filter(models.Widget.size > 10)
    assert query.delete(delete_args={"mysql_limit": 1}) == 2
    (context,) = contexts
    assert context.delete_kwargs == {"mysql_limit": 1}
    compiled = context.result.context.compiled
    assert compiled.compile_state.statement.dialect_kwargs == {"mysql_limit": 1}


def test_statements_of_a_session_are_not_told(
    session: Session, models: Models, contexts: list[Any]
) -> None:
    session.execute(update(models.Widget).values(size=1))
    session.execute(update(models.Widget), [{"id": 1, "size": 2}])
    assert contexts == []


def test_the_query_of_a_listener_is_the_one_told(
    session: Session, models: Models, contexts: list[Any]
) -> None:
    def only_large(query: Any, context: Any) -> Any:
        context.values["size"] = 5
        return query.filter(models.Widget.size > 20)

    event.listen(Query, "before_compile_update", only_large, retval=True)
    try:
        assert session.query(models.Widget).update({"note": "x"}) == 1
    finally:
        event.remove(Query, "before_compile_update", only_large)
    assert contexts[0].values == {"note": "x", "size": 5}
    assert len(contexts[0].query._select._where_criteria) == 1
