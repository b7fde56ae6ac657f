"""Defaults that one class has for a column, where the column itself has others.

A dataclass with ``use_existing_column`` may declare a default of its own for the column
that a parent or sibling brought into the table.
"""

from __future__ import annotations

from typing import Any

from .._speedups import state as kernel
from .fetched import take
from .table_plan import TablePlan

Shaped = tuple[int, tuple[Any, ...]]


def fill(
    uow: Any, plan: TablePlan, objects: list[Any], shapes: list[Shaped]
) -> list[Shaped]:
    """The rows with the class's defaults where nothing was given.

    The objects get them too, as they get the defaults of columns.
    """
    return [
        _filled(uow, plan, obj, shape, row)
        for obj, (shape, row) in zip(objects, shapes, strict=True)
    ]


def _filled(
    uow: Any, plan: TablePlan, obj: Any, shape: int, row: tuple[Any, ...]
) -> Shaped:
    told: list[str] = []
    for column, value in plan.own_defaults:
        position = plan.position(column)
        if shape < 0:  # a row with expressions, which has a place for each column
            if row[position] is not None:
                continue
            row = (*row[:position], value, *row[position + 1 :])
        else:
            if shape >> position & 1:
                continue
            index = (shape & ((1 << position) - 1)).bit_count()
            row = (*row[:index], value, *row[index:])
            shape |= 1 << position
        slot, key = plan.slot_of[column], plan.key_of[column]
        take(obj, slot, key, value)
        uow.generated.add((id(obj), slot))
        told.append(key)
    if told:
        manager = kernel.layout_of(obj).mapper.class_manager
        if manager.dispatch.refresh_flush:
            manager.dispatch.refresh_flush(obj, uow, told)
    return shape, row
