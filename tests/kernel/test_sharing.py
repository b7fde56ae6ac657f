"""Equal values of many rows become few objects, and stay what they are."""

from __future__ import annotations

import copy
import gc
import math
import random
import sys
from typing import Any

import pytest

from tests.kernel.models import World

COUNT = 6000


class Text(str):
    """A string of a type of its own."""


def fresh(value: Any) -> Any:
    """An equal object that is not the same, as a driver makes one for each row."""
    if type(value) is str:
        return value[:1] + "".join(list(value[1:]))
    if type(value) is int:
        return int(str(value))
    if type(value) is float:
        return float(repr(value))
    return copy.deepcopy(value)


def rows_of(values: list[Any], count: int = COUNT) -> list[tuple[Any, ...]]:
    return [
        (n, fresh(values[n % len(values)]), f"only {n}", n + 0.5) for n in range(count)
    ]


def load(world: World, cls: type[Any], rows: list[tuple[Any, ...]]) -> list[Any]:
    return world.load(world.state.Tracker(), world.plan(cls), rows)


def column(objs: list[Any]) -> list[Any]:
    return [obj.a for obj in objs]


VALUES = {
    "strings": ["Aarhus", "Bergen", "a long name of a town, far away", "", "x" * 300],
    "kinds": ["abcdefgh", "äbcdefgh", "абвгдежз", "😀bcdefgh", "ab", "ää", "жж", "😀"],
    "integers": [1000, 1001, -1000, 2**40, 2**63 - 1, -(2**63), 257],
    "floats": [1.5, -1.5, 0.0, -0.0, 1e300, math.inf, 3.0],
    "mixed": [1000, 1000.0, "1000", b"1000", True, 1, 1.0, None, Text("1000"), 2**70],
}


@pytest.mark.parametrize("name", VALUES)
def test_the_values_stay_what_they_are(world: World, cls: type[Any], name: str) -> None:
    values = VALUES[name]
    objs = load(world, cls, rows_of(values))
    for number, obj in enumerate(objs):
        wanted = values[number % len(values)]
        assert type(obj.a) is type(wanted)
        assert repr(obj.a) == repr(wanted)
        assert (obj.id, obj.b, obj.c) == (number, f"only {number}", number + 0.5)


@pytest.mark.parametrize("name", ["strings", "kinds", "integers", "floats"])
def test_equal_values_are_few_objects(world: World, cls: type[Any], name: str) -> None:
    objs = load(world, cls, rows_of(VALUES[name]))
    different = len({id(value) for value in column(objs)})
    if world.impl == "cython":
        # each may have been put out of its place while all columns were tried
        assert different < COUNT / 50
    else:
        assert different > COUNT / 2


def test_not_a_number_is_not_lost(world: World) -> None:
    objs = load(world, world.embedded, rows_of([math.nan, 2.5]))
    assert all(math.isnan(value) for value in column(objs)[::2])


def test_a_column_of_many_values_is_found_in_time(world: World) -> None:
    random.seed(5)
    names = [f"name {n}" for n in range(700)]
    rows = [(n, fresh(random.choice(names)), n, n) for n in range(20_000)]
    expected = [row[1] for row in rows]
    objs = load(world, world.embedded, rows)
    assert column(objs) == expected
    if world.impl == "cython":
        assert len({id(value) for value in column(objs)}) < 5000


def test_a_column_may_begin_to_repeat(world: World) -> None:
    rows = [(n, f"name {n if n < 5000 else n % 3}", n, n) for n in range(30_000)]
    expected = [row[1] for row in rows]
    objs = load(world, world.embedded, rows)
    assert column(objs) == expected
    if world.impl == "cython":
        assert len({id(value) for value in column(objs)[-10_000:]}) == 3


def test_rows_that_others_have_are_left_alone(world: World) -> None:
    rows = rows_of(["Aarhus", "Bergen"])
    before = [id(value) for row in rows for value in row]
    again = list(rows)
    load(world, world.embedded, rows)
    assert [id(value) for row in again for value in row] == before


def test_few_rows_are_left_alone(world: World) -> None:
    rows = rows_of(["Aarhus", "Bergen"], 100)
    before = [id(value) for row in rows for value in row]
    load(world, world.embedded, rows)
    assert [id(value) for row in rows for value in row] == before


def test_rows_of_different_widths_and_kinds(world: World) -> None:
    plan = world.plan(world.embedded, [0, 1, 2, 3])
    rows: list[Any] = [list(row) for row in rows_of(["Aarhus", "Bergen"], 1000)]
    rows += [(n, fresh("Cork"), 1, 2, "more") for n in range(1000, 2000)]
    rows += rows_of(["Dijon"], 3000)[2000:]
    objs = world.load(world.state.Tracker(), plan, iter(rows))
    assert [obj.a for obj in objs[::500]] == [
        "Aarhus", "Aarhus", "Cork", "Cork", "Dijon", "Dijon",
    ]  # fmt: skip
    with pytest.raises(IndexError):
        world.load(world.state.Tracker(), plan, [(n,) for n in range(1000)])


def test_a_run_in_chunks_shares_among_them(world: World) -> None:
    tracker = world.state.Tracker()
    plan = world.plan(world.embedded)
    run = world.hydration.LoadRun(tracker, [plan], scalar=True)
    rows = rows_of(["Aarhus", "Bergen"])
    expected = [row[1] for row in rows]
    found = []
    for start in range(0, COUNT, 1000):
        chunk = rows[start : start + 1000]
        rows[start : start + 1000] = [None] * 1000  # type: ignore[list-item]
        found += run.rows(chunk)
    run.finish()
    assert column(found) == expected
    if world.impl == "cython":
        assert len({id(value) for value in column(found)}) < 20


def test_what_is_shared_is_let_go(world: World) -> None:
    value = fresh("Aarhus, shared")
    before = sys.getrefcount(value)
    rows = [(n, value, fresh("Bergen"), n) for n in range(2000)]
    objs = load(world, world.embedded, rows)
    assert objs[5].a == value
    del objs, rows
    gc.collect()
    assert sys.getrefcount(value) == before
