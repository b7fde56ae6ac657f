"""bulk_save_objects(), bulk_insert_mappings(), bulk_update_mappings()."""

from typing import Any

import pytest
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError, InvalidRequestError

from ormolu import Session, exc
from tests.dml.models import Models
from tests.orm.recording import Recorder


def test_insert_mappings_leave_the_dicts_alone(
    session: Session, models: Models, table: Any
) -> None:
    rows = [{"name": "dog", "size": 1}, {"name": "eel"}]
    session.bulk_insert_mappings(models.Widget, rows)
    assert rows == [{"name": "dog", "size": 1}, {"name": "eel"}]
    assert [row[:2] for row in table()[-2:]] == [("dog", 1), ("eel", None)]


def test_insert_mappings_return_keys(session: Session, models: Models) -> None:
    rows = [{"name": n} for n in ("dog", "eel", "fox")]
    rows[1]["id"] = 50
    session.bulk_insert_mappings(models.Widget, rows, return_defaults=True)
    assert [row["id"] for row in rows] == [4, 50, 51]


def test_render_nulls(session: Session, models: Models, sql: Recorder) -> None:
    rows = [{"a": 5, "b": 1, "value": "x"}, {"a": 5, "b": 2, "value": None}]
    session.bulk_insert_mappings(models.Pair, rows, render_nulls=True)
    assert sql.take() == [
        (
            "INSERT INTO pair (a, b, value) VALUES (?, ?, ?)",
            [(5, 1, "x"), (5, 2, None)],
        )
    ]


def test_saved_objects_stay_outside(
    session: Session, models: Models, table: Any
) -> None:
    widget = models.Widget(name="dog")
    session.bulk_save_objects([widget])
    assert table()[-1][0] == "dog"
    assert inspect(widget).transient
    assert "id" not in vars(widget)


def test_saved_objects_get_their_keys(session: Session, models: Models) -> None:
    widgets = [models.Widget(name=n) for n in ("dog", "eel")]
    session.bulk_save_objects(widgets, return_defaults=True)
    assert [w.id for w in widgets] == [4, 5]
    assert inspect(widgets[0]).key == (models.Widget, (4,), None)
    assert inspect(widgets[0]).detached


def test_changed_attributes_only(
    session: Session, models: Models, widgets: list[Any], sql: Recorder
) -> None:
    widgets[0].size = 11
    widgets[2].size = 33
    session.bulk_save_objects(widgets)
    assert sql.take() == [
        ("UPDATE widget SET size_int=? WHERE widget.id = ?", [(11, 1), (33, 3)])
    ]


def test_all_attributes(
    session: Session, models: Models, widgets: list[Any], sql: Recorder
) -> None:
    session.bulk_save_objects(widgets[:1], update_changed_only=False)
    assert sql.take() == [
        (
            "UPDATE widget SET name=?, size_int=?, note=?, kind=?, made=? "
            "WHERE widget.id = ?",
            ("ant", 10, "a", "plain", None, 1),
        )
    ]


@pytest.mark.parametrize(("preserve_order", "count"), [(True, 3), (False, 2)])
def test_order_of_objects_of_different_kind(
    session: Session,
    models: Models,
    widgets: list[Any],
    sql: Recorder,
    preserve_order: bool,
    count: int,
) -> None:
    widgets[0].size = widgets[1].size = 5
    objects = [widgets[0], models.Widget(name="x"), widgets[1]]
    with sql.count(count):
        session.bulk_save_objects(objects, preserve_order=preserve_order)


def test_update_mappings(session: Session, models: Models, table: Any) -> None:
    session.bulk_update_mappings(models.Widget, [{"id": 2, "size": None, "name": "B"}])
    assert table()[1][:2] == ("B", None)


def test_update_mappings_need_the_key(session: Session, models: Models) -> None:
    with pytest.raises(InvalidRequestError, match="No primary key value supplied"):
        session.bulk_update_mappings(models.Widget, [{"size": 1}])


def test_update_mappings_of_missing_rows(session: Session, models: Models) -> None:
    with pytest.raises(exc.StaleDataError):
        session.bulk_update_mappings(models.Widget, [{"id": 99, "size": 1}])


def test_a_failure_ends_the_transaction(
    session: Session, models: Models, table: Any
) -> None:
    rows = [{"id": 10, "name": "x"}, {"id": 1, "name": "twice"}]
    with pytest.raises(IntegrityError):
        session.bulk_insert_mappings(models.Widget, rows)
    session.rollback()
    assert len(table()) == 3
