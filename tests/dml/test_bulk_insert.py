"""insert(Entity) with a list of rows: what is sent, and what comes back."""

from typing import Any

import pytest
from sqlalchemy import func, insert, literal_column, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import ArgumentError, CompileError, InvalidRequestError

from ormolu import Session, selectinload
from tests.dml.models import Models
from tests.orm.recording import Recorder

NEW = [{"name": "dog", "size": 40}, {"name": "eel", "size": 50}]


def test_names_of_attributes_become_columns(
    session: Session, models: Models, sql: Recorder
) -> None:
    session.execute(insert(models.Widget), NEW)
    assert sql.take() == [
        (
            "INSERT INTO widget (name, size_int, made) VALUES (?, ?, ?)",
            [("dog", 40, 7), ("eel", 50, 7)],
        )
    ]


def test_rows_are_cut_where_their_columns_change(
    session: Session, models: Models, sql: Recorder
) -> None:
    rows = [
        {"name": "dog", "size": 1, "made": 1},
        {"made": 1, "size": 2, "name": "eel"},
        {"name": "fox", "made": 1},
        {"name": "gnu", "size": 3, "made": 1},
    ]
    session.execute(insert(models.Widget), rows)
    three = "INSERT INTO widget (name, size_int, made) VALUES (?, ?, ?)"
    taken = sql.take()
    assert [s.sql for s in taken] == [
        three,
        "INSERT INTO widget (name, made) VALUES (?, ?)",
        three,
    ]
    assert taken[0].parameters == [("dog", 1, 1), ("eel", 2, 1)]


def test_none_leaves_the_column_to_the_server(
    session: Session, models: Models, table: Any
) -> None:
    session.execute(insert(models.Widget), [{"name": "dog", "kind": None}])
    assert table()[-1] == ("dog", None, None, "plain", 7)


def test_render_nulls_keeps_rows_together(
    session: Session, models: Models, sql: Recorder
) -> None:
    rows = [{"name": n, "note": v, "made": 1} for n, v in (("x", None), ("y", "z"))]
    session.execute(
        insert(models.Widget), rows, execution_options={"render_nulls": True}
    )
    assert sql.take() == [
        (
            "INSERT INTO widget (name, note, made) VALUES (?, ?, ?)",
            [("x", None, 1), ("y", "z", 1)],
        )
    ]


def test_the_rows_of_the_user_stay_as_they_are(
    session: Session, models: Models
) -> None:
    rows = [{"name": "dog", "note": None}]
    session.execute(insert(models.Widget), rows)
    assert rows == [{"name": "dog", "note": None}]


def test_names_that_are_not_mapped_are_left_out(
    session: Session, models: Models, table: Any
) -> None:
    session.execute(insert(models.Widget), [{"name": "dog", "unknown": 1}])
    assert table()[-1][0] == "dog"


def test_without_returning_the_result_is_closed(
    session: Session, models: Models
) -> None:
    result = session.execute(insert(models.Widget), NEW)
    assert result._soft_closed


def test_returning_entities_of_every_group_in_order(
    session: Session, models: Models
) -> None:
    rows = [*NEW, {"name": "fox"}]
    found = session.scalars(
        insert(models.Widget).returning(models.Widget, sort_by_parameter_order=True),
        rows,
    ).all()
    assert [(w.id, w.name, w.size, w.kind) for w in found] == [
        (4, "dog", 40, "plain"),
        (5, "eel", 50, "plain"),
        (6, "fox", None, "plain"),
    ]
    assert all(w in session for w in found)


def test_returned_objects_need_no_further_statement(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = insert(models.Widget).returning(models.Widget)
    found = session.scalars(statement, NEW).all()
    with sql.silence():
        assert {w.made for w in found} == {7}


def test_returning_mixes_columns_and_entities(session: Session, models: Models) -> None:
    Widget = models.Widget
    row = session.execute(
        insert(Widget).returning(Widget.size, Widget, func.upper(Widget.name)),
        {"name": "dog", "size": 4},
    ).one()
    assert (row.size, row.Widget.name, row[2]) == (4, "dog", "DOG")


def test_returned_objects_load_what_options_ask_for(
    session: Session, models: Models, widgets: list[Any], sql: Recorder
) -> None:
    statement = insert(models.Part).returning(models.Part)
    parts = session.scalars(
        statement.options(selectinload(models.Part.widget)),
        [{"widget_id": 1}, {"widget_id": 2}],
    ).all()
    with sql.silence():
        assert [p.widget for p in parts] == widgets[:2]


def test_returning_star_is_refused(session: Session, models: Models) -> None:
    statement = insert(models.Widget).returning(literal_column("*"))
    with pytest.raises(CompileError, match=r"Can't use RETURNING \* with bulk"):
        session.execute(statement, NEW)


def test_fixed_expressions_apply_to_every_row(
    session: Session, models: Models, table: Any
) -> None:
    session.execute(insert(models.Widget).values(note=func.upper("q")), NEW)
    assert [row[2] for row in table()[-2:]] == ["Q", "Q"]


def test_expressions_per_row_in_values(
    session: Session, models: Models, table: Any
) -> None:
    Widget = models.Widget
    largest = select(func.max(Widget.size)).scalar_subquery()
    session.execute(
        insert(Widget).values(
            [{"name": func.upper("d"), "size": largest}, {Widget.name: "e", "size": 1}]
        )
    )
    assert [row[:2] for row in table()[-2:]] == [("D", 30), ("e", 1)]


def test_upsert_returns_objects_as_they_are_or_refreshed(
    session: Session, models: Models, widgets: list[Any]
) -> None:
    Widget = models.Widget
    rows = [{"id": 1, "name": "new"}, {"id": 9, "name": "x"}]
    statement = upsert(Widget).values(rows)
    statement = statement.on_conflict_do_update(
        index_elements=[Widget.id], set_={"name": statement.excluded.name}
    ).returning(Widget)
    found = session.scalars(statement).all()
    assert [w.name for w in found] == ["ant", "x"]
    refreshed = session.scalars(
        statement, execution_options={"populate_existing": True}
    )
    assert widgets[0].name == "ant", "rows that nobody read change nothing"
    assert [w.name for w in refreshed] == ["new", "x"]
    assert widgets[0].name == "new"


def test_raw_takes_column_names_and_returns_rows(
    session: Session, models: Models
) -> None:
    row = session.execute(
        insert(models.Pair).returning(models.Pair),
        {"a": 5, "b": 6},
        execution_options={"dml_strategy": "raw"},
    ).one()
    assert tuple(row) == (5, 6, None)


@pytest.mark.parametrize("option", ["on", "off", "block"])
def test_autoflush(session: Session, models: Models, option: str) -> None:
    pending = models.Widget(name="new")
    session.add(pending)
    options = {"autoflush": False} if option == "off" else {}
    if option == "block":
        with session.no_autoflush:
            session.execute(insert(models.Widget), NEW)
    else:
        session.execute(insert(models.Widget), NEW, execution_options=options)
    assert (pending in session.new) == (option != "on")


def test_unknown_strategy_is_refused(session: Session, models: Models) -> None:
    with pytest.raises(ArgumentError, match="are 'raw', 'orm', 'bulk', 'auto$"):
        session.execute(
            insert(models.Widget), NEW, execution_options={"dml_strategy": "quick"}
        )


def test_bulk_without_rows_is_refused(session: Session, models: Models) -> None:
    with pytest.raises(InvalidRequestError, match="without passing separate"):
        session.execute(
            insert(models.Widget).values(name="x"),
            execution_options={"dml_strategy": "bulk"},
        )
