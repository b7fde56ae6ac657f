"""One benchmark per operation: verified, calibrated, garbage collection on."""

from __future__ import annotations

import gc
import time
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.cases.case import Case
from bench.sizes import Sizes


class Rounds:
    """The rounds of one case, with the first and the last one verified.

    The result of a round is dropped, and the garbage collected, before the next one
    starts: neither the old result's memory nor its end falls into the timed part.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.verifying = True
        self._result: Any = None

    def setup(self) -> tuple[tuple[Any], dict[str, Any]]:
        """Prepare a round."""
        self._result = None
        gc.collect()
        return (self.case.prepare(),), {}

    def timed(self, prepared: Any) -> None:
        """Run a round; all that is timed."""
        self._result = self.case.run(prepared)

    def teardown(self, prepared: Any) -> None:
        """Verify a round's result if asked to, and undo the round."""
        if self.verifying:
            self.case.verify(self._result)
        self.case.finish(prepared)

    def calibrate(self) -> float:
        """Run two verified rounds, the first to warm up; return the second's seconds."""
        elapsed = 0.0
        for _ in range(2):
            (prepared,), _ = self.setup()
            start = time.perf_counter()
            self.timed(prepared)
            elapsed = time.perf_counter() - start
            self.teardown(prepared)
        return elapsed


def bench_operation(
    key: str, cases: Any, chosen_sizes: Sizes, benchmark: BenchmarkFixture
) -> None:
    """Measure one operation of the contender."""
    case: Case = getattr(cases, key)()
    rounds = Rounds(case)
    count = chosen_sizes.rounds(rounds.calibrate())
    rounds.verifying = False
    benchmark.extra_info.update(key=key, count=case.count)
    benchmark.pedantic(  # type: ignore[no-untyped-call]  # pytest-benchmark has no types
        rounds.timed, setup=rounds.setup, teardown=rounds.teardown, rounds=count
    )
    rounds.verifying = True
    (prepared,), _ = rounds.setup()
    rounds.timed(prepared)
    rounds.teardown(prepared)
    if not gc.isenabled():
        pytest.fail("The garbage collector was switched off, the times do not count.")
