"""``synchronize_session="fetch"`` as the listeners of a session see it."""

from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, delete, event, func, update
from sqlalchemy.exc import CompileError, InvalidRequestError

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


@pytest.fixture
def no_multifrom(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend whose RETURNING does not go with several tables."""
    monkeypatch.setattr(engine.dialect, "update_returning_multifrom", False)


def several(models: Models, in_set: bool) -> Any:
    """An UPDATE whose criteria or values refer to a second row."""
    W = models.Widget
    other = aliased(W)
    if in_set:
        return update(W).where(W.id == 2).values(size=other.id - other.id + 1)
    return update(W).where(W.id == other.id, other.id == 2).values(size=1)


@pytest.mark.filterwarnings("ignore:.*cartesian product")
@pytest.mark.parametrize("in_set", [False, True])
@pytest.mark.parametrize("told", [False, True])
def test_a_select_finds_keys_where_returning_does_not_go_with_several_tables(
    session: Session,
    models: Models,
    widgets: list[Any],
    sql: Recorder,
    no_multifrom: None,
    told: bool,
    in_set: bool,
) -> None:
    options = {**FETCH, "is_update_from": True} if told else FETCH
    session.execute(several(models, in_set), execution_options=options)
    select, update_from = sql.take_sql()
    assert select.startswith("SELECT widget.id FROM widget")
    assert "RETURNING" not in update_from
    assert widgets[1].size == 1


def test_a_select_finds_keys_where_the_user_says_so(
    session: Session, models: Models, sql: Recorder, no_multifrom: None
) -> None:
    W = models.Widget
    options = {**FETCH, "is_update_from": True}
    session.execute(
        update(W).where(W.id == 2).values(size=1), execution_options=options
    )
    assert [text.split()[0] for text in sql.take_sql()] == ["SELECT", "UPDATE"]


@pytest.mark.parametrize("in_set", [False, True])
def test_a_backend_is_not_sent_what_the_user_denies(
    session: Session,
    models: Models,
    sql: Recorder,
    no_multifrom: None,
    in_set: bool,
) -> None:
    with pytest.raises(
        CompileError,
        match='Dialect "sqlite" does not support RETURNING with UPDATE..FROM; for '
        "synchronize_session='fetch', please add the additional execution option "
        "'is_update_from=True' to the statement",
    ):
        session.execute(
            several(models, in_set),
            execution_options={**FETCH, "is_update_from": False},
        )
    assert sql.take_sql() == []


def test_delete_using_is_denied_in_vain(session: Session, models: Models) -> None:
    W, other = models.Widget, aliased(models.Widget)
    with pytest.raises(CompileError, match="'is_delete_using=True'"):
        session.execute(
            delete(W).where(W.id == other.id),
            execution_options={**FETCH, "is_delete_using": False},
        )
