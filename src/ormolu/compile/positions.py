"""Moves the positions of loaded columns from one list of columns to another."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc as sa_exc

from ..hydrate.description import BundleLoad, ColumnLoad, EntityLoad


def move(load: Any, places: list[int], elements: list[Any]) -> None:
    """Replace the positions of columns in one list by those in another.

    Args:
        load: what a row, or a part of it, turns into.
        places: by the old position, the new one; -1 for a column that is missing.
        elements: the columns by their old position.

    Raises:
        NoSuchColumnError: when a column is missing that must be there.
    """
    if isinstance(load, EntityLoad):
        load.partial = load.partial or any(
            places[p] < 0 for p in load.positions.values()
        )
        load.positions = {
            key: places[p] for key, p in load.positions.items() if places[p] >= 0
        }
        for position in load.pk_positions:
            if places[position] < 0:
                raise _missing(elements[position])
        load.pk_positions = [places[p] for p in load.pk_positions]
        if load.switch is not None:
            _move_switch(load, places, elements)
        for joined in load.joined:
            move(joined.entity, places, elements)
    elif isinstance(load, ColumnLoad):
        if places[load.position] < 0:
            raise _missing(elements[load.position])
        load.position = places[load.position]
    elif isinstance(load, BundleLoad):
        for part in load.parts:
            move(part, places, elements)
    else:
        for part in load.parts:
            move(part, places, elements)


def _move_switch(load: EntityLoad, places: list[int], elements: list[Any]) -> None:
    """The same for what tells the class of a row, without which all are of one class."""
    switch = load.switch
    assert switch is not None
    if places[switch.position] < 0:
        load.switch = None
        return
    switch.position = places[switch.position]
    for descendant in switch.loads.values():
        descendant.partial = descendant.partial or any(
            places[p] < 0 for p in descendant.positions.values()
        )
        descendant.positions = {
            key: places[p] for key, p in descendant.positions.items() if places[p] >= 0
        }
        descendant.pk_positions = load.pk_positions


def _missing(element: Any) -> sa_exc.NoSuchColumnError:
    return sa_exc.NoSuchColumnError(
        f"Could not locate column in row for column '{element}'"
    )
