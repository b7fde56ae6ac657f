"""``synchronize_session="fetch"`` as the listeners of a session see it."""

from typing import Any

import pytest
from sqlalchemy import create_engine, delete, event, func, update
from sqlalchemy.exc import InvalidRequestError

from ormolu import Session, aliased
from tests.dml.models import Models
from tests.orm.recording import Recorder

FETCH = {"synchronize_session": "fetch"}


def test_listeners_see_the_select_that_returning_replaces(
    session: Session, models: Models, widgets: list[Any], sql: Recorder
) -> None:
    seen = []

    @event.listens_for(session, "do_orm_execute")
    def note(state: Any) -> None:
        seen.append((state.is_select, state.is_update, state.bind_mapper.class_))

    W = models.Widget
    session.execute(update(W).where(W.id > 1).values(size=1), execution_options=FETCH)
    assert seen == [(False, True, W), (True, False, W)]
    assert sql.take_sql() == [
        "UPDATE widget SET size_int=? WHERE widget.id > ? RETURNING id"
    ]
    with sql.silence():
        assert [w.size for w in widgets] == [10, 1, 1]


def test_a_listener_may_answer_the_select(
    session: Session, models: Models, widgets: list[Any], sql: Recorder
) -> None:
    @event.listens_for(session, "do_orm_execute")
    def answer(state: Any) -> Any:
        if state.is_select:
            return state.session.connection().exec_driver_sql("SELECT 2")
        return None

    W = models.Widget
    session.execute(delete(W).where(W.id > 1), execution_options=FETCH)
    assert [w in session for w in widgets] == [True, False, True]


def test_backends_with_and_without_returning_cannot_be_mixed(models: Models) -> None:
    engines = [create_engine("sqlite://"), create_engine("sqlite://")]
    for engine, able in zip(engines, (True, False), strict=True):
        engine.connect().close()
        engine.dialect.update_returning = able
    session = Session()

    @event.listens_for(session, "do_orm_execute", retval=True)
    def on_every_engine(state: Any) -> Any:
        first, *others = [
            state.invoke_statement(bind_arguments={**state.bind_arguments, "bind": e})
            for e in engines
        ]
        return first.merge(*others)

    with pytest.raises(InvalidRequestError, match="can't mix multiple backends"):
        session.execute(update(models.Widget).values(size=1), execution_options=FETCH)
    for engine in engines:
        engine.dispose()


# -- aliased targets -------------------------------------------------------------------


@pytest.mark.parametrize("how", ["auto", "fetch"])
def test_update_of_an_alias_has_no_returning(
    session: Session, models: Models, widgets: list[Any], sql: Recorder, how: str
) -> None:
    alias = aliased(models.Widget)
    session.execute(
        update(alias).where(alias.size > 10).values(size=alias.size + 1),
        execution_options={"synchronize_session": how},
    )
    assert sql.take_sql() == [
        "UPDATE widget AS widget_1 SET size_int=(widget_1.size_int + ?) "
        "WHERE widget_1.size_int > ?"
    ]
    with sql.silence():
        assert [w.size for w in widgets] == [10, 21, 31]


def test_update_of_an_alias_selects_what_python_cannot_find(
    session: Session, models: Models, widgets: list[Any], sql: Recorder
) -> None:
    alias = aliased(models.Widget)
    session.execute(
        update(alias).where(func.length(alias.note) == 1).values(note="new"),
        execution_options=FETCH,
    )
    assert sql.take_sql()[0] == (
        "SELECT widget_1.id FROM widget AS widget_1 WHERE length(widget_1.note) = ?"
    )
    assert [w.note for w in widgets] == ["new", None, "new"]


def test_evaluation_of_an_alias_is_refused(session: Session, models: Models) -> None:
    alias = aliased(models.Widget)
    with pytest.raises(InvalidRequestError, match="Could not evaluate"):
        session.execute(
            update(alias).where(alias.size > 10).values(size=1),
            execution_options={"synchronize_session": "evaluate"},
        )


def test_delete_of_an_alias_returns_keys(
    session: Session, models: Models, widgets: list[Any], sql: Recorder
) -> None:
    alias = aliased(models.Widget)
    session.execute(delete(alias).where(alias.size > 10), execution_options=FETCH)
    assert sql.take_sql()[0].endswith("RETURNING id")
    assert [w in session for w in widgets] == [True, False, False]
