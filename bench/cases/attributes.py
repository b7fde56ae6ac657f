"""Reads and writes of one attribute, the same loops for every kind of object.

Ten statements to a turn of the loop, so that the loop itself weighs little; it is
not subtracted. A write always changes the value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bench.cases.case import Case, same
from bench.data import account_row

#: Statements in one turn of the loops below.
TURN = 10


def read(objects: Sequence[Any]) -> list[int]:
    """Read an attribute of each object ten times."""
    values = []
    for it in objects:
        value = it.points
        value = it.points
        value = it.points
        value = it.points
        value = it.points
        value = it.points
        value = it.points
        value = it.points
        value = it.points
        value = it.points
        values.append(value)
    return values


def write(objects: Sequence[Any]) -> Sequence[Any]:
    """Write an attribute of each object ten times, two values in turn."""
    for it in objects:
        it.points = 1
        it.points = 2
        it.points = 1
        it.points = 2
        it.points = 1
        it.points = 2
        it.points = 1
        it.points = 2
        it.points = 1
        it.points = 2
    return objects


def write_first(objects: Sequence[Any]) -> Sequence[Any]:
    """Write an attribute of each object once."""
    for it in objects:
        it.points = -1
    return objects


def read_case(
    count: int, prepare: Callable[[], Any], finish: Callable[[Any], None]
) -> Case:
    """Measure reads of loaded, unchanged objects with the keys ``1..count``."""

    def verify(values: list[int]) -> None:
        same(values, [account_row(key)[8] for key in range(1, count + 1)])

    def run(prepared: tuple[Any, Sequence[Any]]) -> list[int]:
        return read(prepared[1])

    return Case(count * TURN, run, verify, prepare, finish)


def write_case(
    count: int, prepare: Callable[[], Any], finish: Callable[[Any], None]
) -> Case:
    """Measure writes to objects whose attribute is changed already."""

    def verify(objects: Sequence[Any]) -> None:
        same([it.points for it in objects], [2] * count)

    def changed() -> Any:
        prepared = prepare()
        write_first(prepared[1])
        return prepared

    def run(prepared: tuple[Any, Sequence[Any]]) -> Sequence[Any]:
        return write(prepared[1])

    return Case(count * TURN, run, verify, changed, finish)


def write_first_case(
    count: int, prepare: Callable[[], Any], finish: Callable[[Any], None]
) -> Case:
    """Measure the first write to each loaded object."""

    def verify(objects: Sequence[Any]) -> None:
        same([it.points for it in objects], [-1] * count)

    def run(prepared: tuple[Any, Sequence[Any]]) -> Sequence[Any]:
        return write_first(prepared[1])

    return Case(count, run, verify, prepare, finish)
