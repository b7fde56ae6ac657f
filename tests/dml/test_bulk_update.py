"""update(Entity) with a list of rows: UPDATE by primary key."""

from typing import Any

import pytest
from sqlalchemy import bindparam, func, inspect, update
from sqlalchemy.exc import InvalidRequestError

from ormolu import Session, exc
from tests.dml.models import Models
from tests.orm.recording import Recorder

NO_SYNC = {"synchronize_session": None}


def test_rows_are_found_by_primary_key(
    session: Session, models: Models, sql: Recorder
) -> None:
    session.execute(
        update(models.Widget), [{"id": 1, "size": 5}, {"size": None, "id": 2}]
    )
    assert sql.take() == [
        ("UPDATE widget SET size_int=? WHERE widget.id = ?", [(5, 1), (None, 2)])
    ]


def test_rows_are_cut_where_their_columns_change(
    session: Session, models: Models, sql: Recorder
) -> None:
    rows = [{"id": 1, "size": 5}, {"id": 2, "name": "x"}, {"id": 3}]
    session.execute(update(models.Widget), rows)
    assert [s.sql for s in sql.take()] == [
        "UPDATE widget SET size_int=? WHERE widget.id = ?",
        "UPDATE widget SET name=? WHERE widget.id = ?",
    ]


def test_loaded_objects_follow(
    session: Session, models: Models, widgets: list[Any], sql: Recorder
) -> None:
    session.execute(update(models.Widget), [{"id": 2, "size": 5}])
    sql.clear()
    with sql.silence():
        assert [w.size for w in widgets] == [10, 5, 30]


def test_pending_changes_of_the_same_attribute_are_lost(
    session: Session, models: Models, widgets: list[Any]
) -> None:
    session.autoflush = False
    widgets[0].size, widgets[0].name = 77, "mine"
    session.execute(update(models.Widget), [{"id": 1, "size": 5}])
    assert (widgets[0].size, widgets[0].name) == (5, "mine")


def test_expressions_of_the_statement_expire_the_attribute(
    session: Session, models: Models, widgets: list[Any]
) -> None:
    statement = update(models.Widget).values(note=func.upper("q"))
    session.execute(statement, [{"id": 1, "size": 5}])
    assert "note" in inspect(widgets[0]).expired_attributes
    assert (widgets[0].note, widgets[1].note) == ("Q", None)


def test_composite_keys(session: Session, models: Models) -> None:
    pair = session.get(models.Pair, (1, 2))
    session.execute(update(models.Pair), [{"a": 1, "b": 2, "value": "deux"}])
    assert pair.value == "deux"


def test_a_missing_row_is_an_error(session: Session, models: Models) -> None:
    with pytest.raises(exc.StaleDataError, match=r"expected to update 2.*1 were"):
        session.execute(
            update(models.Widget), [{"id": 1, "size": 5}, {"id": 99, "size": 5}]
        )


def test_criteria_beside_the_key(session: Session, models: Models, table: Any) -> None:
    statement = update(models.Widget).where(models.Widget.size > bindparam("least"))
    session.execute(
        statement,
        [{"id": i, "least": 15, "name": "big"} for i in (1, 2, 3)],
        execution_options=NO_SYNC,
    )
    assert [row[0] for row in table()] == ["ant", "big", "big"]


def test_criteria_cannot_be_synchronized(session: Session, models: Models) -> None:
    with pytest.raises(InvalidRequestError, match="additional WHERE criteria"):
        session.execute(
            update(models.Widget).where(models.Widget.size > 1), [{"id": 1, "size": 5}]
        )


@pytest.mark.parametrize(
    ("statement", "options", "message"),
    [
        ("plain", {"synchronize_session": "fetch"}, "'fetch' synchronization strategy"),
        ("ordered", {}, "does not support ordered_values"),
        ("returning", {}, "does not support RETURNING"),
    ],
)
def test_what_bulk_update_cannot_do(
    session: Session,
    models: Models,
    statement: str,
    options: dict[str, Any],
    message: str,
) -> None:
    chosen = {
        "plain": update(models.Widget),
        "ordered": update(models.Widget).ordered_values(("size", 3)),
        "returning": update(models.Widget).returning(models.Widget),
    }[statement]
    with pytest.raises(InvalidRequestError, match=message):
        session.execute(chosen, [{"id": 1, "size": 5}], execution_options=options)


def test_a_row_without_its_key_is_refused(session: Session, models: Models) -> None:
    with pytest.raises(InvalidRequestError, match=r"No primary key value .* pair\.b"):
        session.execute(update(models.Pair), [{"a": 1, "value": "x"}])
