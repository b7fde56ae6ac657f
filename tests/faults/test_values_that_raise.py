"""Types, defaults, keys, signals and half-read results, compared or held to be whole."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import exc as sa_exc

import ormolu
from tests.faults import values
from tests.faults.models import Mode
from tests.faults.reference import Runner
from tests.faults.world import World


@pytest.fixture(autouse=True)
def _own_signal_handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("program", values.COMPARED)
def test_the_session_is_left_as_sqlalchemy_leaves_it(
    program: str,
    mode: Mode,
    lane: dict[str, Any],
    runner: Runner,
    reference: Callable[[str, str], Any],
) -> None:
    expected = reference(values.__name__, "COMPARED")[mode]
    assert runner.run(values.COMPARED[program], **lane) == expected[program]


@pytest.mark.parametrize("program", values.KEYED)
def test_a_key_that_raises_leaves_nothing_half_done(
    program: str, runner: Runner, lane: dict[str, Any]
) -> None:
    log = runner.run(values.KEYED[program], **lane)
    assert log[-2:] == ["checked out: 0", "alive: []"]
    assert "reuse" in log
    failed = log[0] != "program"
    if program.startswith("flush") and failed:
        start = next(i for i, line in enumerate(log) if line.startswith("rolled back"))
        assert [line.split()[1] for line in log[start + 1 : start + 3]] == [
            "transient",
            "transient",
        ]


def test_a_session_that_a_listener_closed_says_so(runner: Runner) -> None:
    def close(world: World) -> None:
        User = world.models.User
        world.listen(User, "after_insert", lambda *args: world.session.close())
        world.session.add(User(name="eve"))
        with pytest.raises(sa_exc.ResourceClosedError, match="transaction is closed"):
            world.session.flush()
        world.session = ormolu.Session(world.engine)

    log = runner.run(close)
    assert log[0] == "program"
    assert "checked out: 0" in log


def test_a_finalizer_that_raises_harms_no_load(runner: Runner) -> None:
    def drop(world: World) -> None:
        Tag = world.models.Tag

        def fail(self: Any) -> None:
            raise RuntimeError("in a finalizer")

        Tag.__del__ = fail
        try:
            for _ in range(3):
                world.session.scalars(ormolu.Query([Tag]).statement).all()
                world.session.expire_all()
        finally:
            del Tag.__del__

    log = runner.run(drop)
    assert "program" in log
    assert log.count("unraisable: RuntimeError: in a finalizer") == 9
