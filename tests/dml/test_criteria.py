"""UPDATE and DELETE with criteria, and what they do to loaded objects."""

from typing import Any

import pytest
from sqlalchemy import bindparam, case, delete, func, inspect, select, update
from sqlalchemy.exc import ArgumentError, InvalidRequestError

from ormolu import Session, aliased
from tests.dml.models import Models
from tests.orm.recording import Recorder

BOTH = pytest.mark.parametrize("how", ["evaluate", "fetch"])


def sync(how: Any) -> dict[str, Any]:
    return {"synchronize_session": how}


# -- what is sent ------------------------------------------------------------------


def test_auto_evaluates_what_it_can(
    session: Session, models: Models, sql: Recorder
) -> None:
    Widget = models.Widget
    session.execute(update(Widget).where(Widget.size > 10).values(size=1))
    assert sql.take() == [
        ("UPDATE widget SET size_int=? WHERE widget.size_int > ?", (1, 10))
    ]


def test_auto_fetches_what_it_cannot_evaluate(
    session: Session, models: Models, sql: Recorder
) -> None:
    Widget = models.Widget
    session.execute(delete(Widget).where(func.length(Widget.name) == 3))
    assert sql.take_sql() == [
        "DELETE FROM widget WHERE length(widget.name) = ? RETURNING id"
    ]


def test_fetch_selects_first_where_nothing_returns(
    session: Session, models: Models, widgets: list[Any], sql: Recorder
) -> None:
    session.connection().dialect.update_returning = False
    Widget = models.Widget
    session.execute(
        update(Widget).where(Widget.size > 10).values(size=1),
        execution_options=sync("fetch"),
    )
    assert sql.take_sql() == [
        "SELECT widget.id FROM widget WHERE widget.size_int > ?",
        "UPDATE widget SET size_int=? WHERE widget.size_int > ?",
    ]
    assert [w.size for w in widgets] == [10, 1, 1]


def test_rowcount(session: Session, models: Models) -> None:
    Widget = models.Widget
    for how in ("evaluate", "fetch", False):
        result = session.execute(
            update(Widget).where(Widget.size > 10).values(note="x"),
            execution_options=sync(how),
        )
        assert result.rowcount == 2


def test_ordered_values_keep_their_order(
    session: Session, models: Models, sql: Recorder
) -> None:
    session.execute(update(models.Widget).ordered_values(("size", 1), ("name", "x")))
    assert sql.take_sql() == ["UPDATE widget SET size_int=?, name=?"]


# -- UPDATE: objects follow ------------------------------------------------------------


@BOTH
def test_matching_objects_get_the_new_values(
    session: Session, models: Models, widgets: list[Any], sql: Recorder, how: str
) -> None:
    Widget = models.Widget
    statement = update(Widget).where(Widget.size > 10).values(size=Widget.size + 1)
    session.execute(statement, execution_options=sync(how))
    sql.clear()
    with sql.silence():
        assert [w.size for w in widgets] == [10, 21, 31]


@BOTH
def test_values_swap_at_once(
    session: Session, models: Models, widgets: list[Any], how: str
) -> None:
    Widget = models.Widget
    statement = update(Widget).where(Widget.id == 1)
    session.execute(
        statement.values(name=Widget.note, note=Widget.name),
        execution_options=sync(how),
    )
    assert (widgets[0].name, widgets[0].note) == ("a", "ant")


@BOTH
def test_what_only_the_database_knows_is_expired(
    session: Session, models: Models, widgets: list[Any], how: str
) -> None:
    Widget = models.Widget
    session.execute(
        update(Widget).where(Widget.id == 1).values(note=func.upper(Widget.name)),
        execution_options=sync(how),
    )
    assert "note" in inspect(widgets[0]).expired_attributes
    assert widgets[0].note == "ANT"
    assert not inspect(widgets[1]).expired_attributes


@BOTH
def test_parameters_of_the_execution_count(
    session: Session, models: Models, widgets: list[Any], how: str
) -> None:
    Widget = models.Widget
    session.execute(
        update(Widget).where(Widget.id == bindparam("key")).values(note=bindparam("n")),
        {"key": 2, "n": "given", "size_int": 9},
        execution_options=sync(how),
    )
    assert [(w.note, w.size) for w in widgets] == [("a", 10), ("given", 9), ("c", 30)]


def test_pending_changes_of_the_same_attribute_are_lost(
    session: Session, models: Models, widgets: list[Any]
) -> None:
    session.autoflush = False
    widgets[2].size, widgets[2].name = 77, "mine"
    session.execute(update(models.Widget).values(size=models.Widget.size + 1))
    assert [w.size for w in widgets] == [11, 21, 31]
    assert widgets[2].name == "mine"


@BOTH
def test_wholly_expired_objects_stay_so(
    session: Session, models: Models, widgets: list[Any], sql: Recorder, how: str
) -> None:
    session.expire(widgets[0])
    statement = update(models.Widget).where(models.Widget.name != "cat")
    with sql.count(1):
        session.execute(statement.values(size=1), execution_options=sync(how))
    assert [w.size for w in widgets] == [1, 1, 30]


def test_false_changes_no_object(
    session: Session, models: Models, widgets: list[Any]
) -> None:
    session.execute(update(models.Widget).values(size=1), execution_options=sync(False))
    assert [w.size for w in widgets] == [10, 20, 30]


def test_an_alias_can_be_updated(
    session: Session, models: Models, widgets: list[Any]
) -> None:
    other = aliased(models.Widget)
    session.execute(update(other).where(other.size > 10).values(size=1))
    assert [w.size for w in widgets] == [10, 1, 1]


def test_a_name_that_is_no_attribute_is_refused(
    session: Session, models: Models, widgets: list[Any]
) -> None:
    with pytest.raises(InvalidRequestError, match="not found.*'size_int'"):
        session.execute(update(models.Widget).values(size_int=1))


def test_a_column_name_is_fine_where_no_object_is_loaded(
    session: Session, models: Models, sql: Recorder
) -> None:
    session.execute(update(models.Widget).values(size_int=1))
    assert sql.take() == [("UPDATE widget SET size_int=?", (1,))]


@BOTH
def test_returning_entities(
    session: Session, models: Models, widgets: list[Any], how: str
) -> None:
    Widget = models.Widget
    statement = update(Widget).where(Widget.size > 10).values(size=1)
    rows = session.execute(
        statement.returning(Widget.name, Widget), execution_options=sync(how)
    ).all()
    assert sorted((name, w.size) for name, w in rows) == [("bee", 1), ("cat", 1)]
    assert {w for _, w in rows} == set(widgets[1:])


# -- DELETE ------------------------------------------------------------------------


@BOTH
def test_deleted_objects_leave_and_rollback_brings_them_back(
    session: Session, models: Models, widgets: list[Any], how: str
) -> None:
    Widget = models.Widget
    session.execute(delete(Widget).where(Widget.size > 10), execution_options=sync(how))
    assert [w in session for w in widgets] == [True, False, False]
    assert inspect(widgets[1]).deleted
    session.rollback()
    assert all(w in session for w in widgets)
    assert [w.size for w in widgets] == [10, 20, 30]


def test_objects_of_which_nobody_knows_are_expired(
    session: Session, models: Models, widgets: list[Any]
) -> None:
    Widget = models.Widget
    session.expire(widgets[0], ["name"])
    session.execute(
        delete(Widget).where(Widget.name == "none"),
        execution_options=sync("evaluate"),
    )
    assert inspect(widgets[0]).expired
    assert widgets[0] in session
    assert widgets[0].name == "ant"


@BOTH
def test_composite_keys(session: Session, models: Models, how: str) -> None:
    Pair = models.Pair
    one, two = session.scalars(select(Pair).order_by(Pair.b))
    session.execute(delete(Pair).where(Pair.b == 2), execution_options=sync(how))
    assert one in session
    assert two not in session


def test_comparison_with_an_object_is_evaluated(
    session: Session, models: Models, widgets: list[Any]
) -> None:
    part = models.Part(widget=widgets[0])
    session.add(part)
    session.flush()
    session.execute(
        delete(models.Part).where(models.Part.widget == widgets[0]),
        execution_options=sync("evaluate"),
    )
    assert inspect(part).deleted


# -- refusals ----------------------------------------------------------------------


def test_evaluate_names_what_it_cannot_do(session: Session, models: Models) -> None:
    statement = update(models.Widget).where(
        case((models.Widget.size > 1, True), else_=False)
    )
    with pytest.raises(InvalidRequestError, match='in Python: "Cannot evaluate Case"'):
        session.execute(statement.values(size=1), execution_options=sync("evaluate"))


def test_unknown_synchronization_is_refused(session: Session, models: Models) -> None:
    with pytest.raises(ArgumentError, match="'auto', 'evaluate', 'fetch', False"):
        session.execute(delete(models.Widget), execution_options=sync("perhaps"))


def test_delete_takes_no_list_of_rows(session: Session, models: Models) -> None:
    with pytest.raises(InvalidRequestError, match="Bulk ORM DELETE not supported"):
        session.execute(delete(models.Widget), [{"id": 1}, {"id": 2}])


def test_several_values_for_update_are_refused(
    session: Session, models: Models
) -> None:
    statement = update(models.Widget).values([("size", 1), ("name", "x")])
    with pytest.raises(InvalidRequestError, match="multiple parameter sets"):
        session.execute(statement)
