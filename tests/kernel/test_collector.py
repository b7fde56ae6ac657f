"""The collector waits while many rows are read, and only then."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.kernel.models import World

ROWS = [(n, 1, 2, 3) for n in range(1000)]


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_it_is_as_it_was(world: World, cls: type[Any]) -> None:
    world.load(world.state.Tracker(), world.plan(cls), ROWS)
    assert gc.isenabled()
    gc.disable()
    world.load(world.state.Tracker(), world.plan(cls), ROWS)
    assert not gc.isenabled()


def test_it_works_for_functions_of_users(world: World, cls: type[Any]) -> None:
    seen = set()
    plan = world.plan(cls)
    plan.on_load = lambda obj, run: seen.add(gc.isenabled())
    plan.after = [lambda obj, row, isnew, run: seen.add(gc.isenabled())]
    plan.new_extras = lambda obj: seen.add(gc.isenabled())
    world.load(world.state.Tracker(), plan, ROWS)
    assert seen == {True}
    assert gc.isenabled()


def test_what_users_do_to_it_stays(world: World, cls: type[Any]) -> None:
    plan = world.plan(cls)
    plan.on_load = lambda obj, run: gc.disable()
    world.load(world.state.Tracker(), plan, ROWS)
    assert not gc.isenabled()
    plan.on_load = lambda obj, run: gc.enable()
    world.load(world.state.Tracker(), plan, ROWS)
    assert gc.isenabled()


def test_a_run_within_a_run(world: World, cls: type[Any]) -> None:
    inner, outer = world.plan(cls), world.plan(cls)
    seen = set()

    def load_more(obj: Any, run: Any) -> None:
        if obj.id % 100 == 0:
            world.load(world.state.Tracker(), inner, ROWS)
            seen.add(gc.isenabled())

    outer.on_load = load_more
    objs = world.load(world.state.Tracker(), outer, ROWS)
    assert len(objs) == 1000
    assert seen == {True}
    assert gc.isenabled()


@pytest.mark.parametrize("where", ["on_load", "row"])
def test_it_works_again_after_an_error(
    world: World, cls: type[Any], where: str
) -> None:
    plan = world.plan(cls)
    rows: list[Any] = list(ROWS)
    if where == "row":
        rows[700] = ()
    else:
        plan.on_load = lambda obj, run: 1 / (obj.id - 700)
    with pytest.raises((ZeroDivisionError, IndexError)):
        world.load(world.state.Tracker(), plan, rows)
    assert gc.isenabled()


def test_runs_in_threads(world: World, cls: type[Any]) -> None:
    plan = world.plan(cls)
    counts: list[int] = []

    def work() -> None:
        for _ in range(5):
            objs = world.load(world.state.Tracker(), plan, ROWS)
            counts.append(len(objs))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [1000] * 20
    assert gc.isenabled()
