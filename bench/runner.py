"""Runs the contenders, each in fresh processes, and gathers their figures."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.contenders import Contender

ROOT = Path(__file__).resolve().parent.parent
SUITE = ROOT / "bench" / "suite"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run.

    Args:
        contenders: The contenders, in the order of the table.
        operations: Keys of the operations.
        url: The database.
        quick: Few rounds and small sizes: for correctness, not for figures.
        passes: How often every contender is run, in turn; the best round of all counts,
            so that a slow spell of the machine does not fall on one contender alone.
        memory: Whether to measure memory too.
        load_average: The machine's load before the run.
    """

    contenders: Sequence[Contender]
    operations: Sequence[str]
    url: str
    quick: bool
    passes: int
    memory: bool
    load_average: str


@dataclass(slots=True)
class Figures:
    """What was measured of one contender.

    Args:
        best: Microseconds per unit in the best round, by operation.
        median: Microseconds per unit in the median round of the best pass.
        rounds: Rounds measured, by operation.
        memory: Bytes per loaded object: ``traced``, ``traced_peak``, ``rss``.
        peak_rss: Greatest resident size of the suite's process, in bytes.
        environment: Machine, versions and kernel as that process saw them.
        failures: What went wrong, as printed by the process.
    """

    best: dict[str, float] = field(default_factory=dict)
    median: dict[str, float] = field(default_factory=dict)
    rounds: dict[str, int] = field(default_factory=dict)
    memory: dict[str, float | None] = field(default_factory=dict)
    peak_rss: int | None = None
    environment: dict[str, Any] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def add(self, measured: dict[str, Any]) -> None:
        """Take in the JSON that pytest-benchmark wrote."""
        for benchmark in measured["benchmarks"]:
            key, count = (
                benchmark["extra_info"]["key"],
                benchmark["extra_info"]["count"],
            )
            stats = benchmark["stats"]
            best = stats["min"] / count * 1e6
            self.rounds[key] = self.rounds.get(key, 0) + stats["rounds"]
            if best <= self.best.get(key, best):
                self.best[key] = best
                self.median[key] = stats["median"] / count * 1e6
        own = measured["bench"]
        self.environment = own["environment"] | {"driver": own["driver"]}
        self.peak_rss = max(self.peak_rss or 0, own["peak_rss"] or 0) or None


def run(plan: Plan, say: Callable[[str], None]) -> dict[str, Figures]:
    """Run a plan and return the figures by contender.

    Args:
        plan: What to run.
        say: Told about the progress, a line at a time.
    """
    figures = {contender.name: Figures() for contender in plan.contenders}
    for number in range(1, plan.passes + 1):
        for contender in plan.contenders:
            start = time.monotonic()
            own = figures[contender.name]
            count = len(own.failures)
            _time(plan, contender, own)
            outcome = "" if len(own.failures) == count else "  FAILED"
            say(
                f"pass {number}/{plan.passes}  {contender.title:<16}{_since(start)}{outcome}"
            )
    if plan.memory:
        for contender in plan.contenders:
            start = time.monotonic()
            _memory(plan, contender, figures[contender.name])
            say(f"memory    {contender.title:<16}{_since(start)}")
    return figures


def _since(start: float) -> str:
    return f"{time.monotonic() - start:6.1f} s"


def _time(plan: Plan, contender: Contender, figures: Figures) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        output = Path(folder, "benchmark.json")
        done = _process(
            contender,
            [
                "-m",
                "pytest",
                "-c",
                str(SUITE / "pytest.ini"),
                str(SUITE),
                "-q",
                "--no-header",
            ]
            + [
                "-p",
                "no:cacheprovider",
                "-p",
                "pytest_benchmark.plugin",
                "--benchmark-quiet",
            ]
            + ["--contender", contender.name, "--operations", ",".join(plan.operations)]
            + ["--url", plan.url, "--benchmark-json", str(output)]
            + (["--quick"] if plan.quick else []),
        )
        if output.exists() and output.stat().st_size:
            figures.add(json.loads(output.read_text(encoding="utf-8")))
        # 5: no test was chosen, the contender has none of these operations.
        if done.returncode not in (0, 5):
            figures.failures.append(_tail(done))


def _memory(plan: Plan, contender: Contender, figures: Figures) -> None:
    rows = 2_000 if plan.quick else 100_000
    arguments = [
        "-m",
        "bench.memory",
        "--contender",
        contender.name,
        "--rows",
        str(rows),
    ]
    for extra in ([], ["--trace"]):
        done = _process(contender, arguments + extra)
        if done.returncode:
            figures.failures.append(_tail(done))
        else:
            figures.memory |= json.loads(done.stdout.splitlines()[-1])


def _process(
    contender: Contender, arguments: Iterable[str]
) -> subprocess.CompletedProcess[str]:
    # Plugins of other people's environments must not take part in the timing.
    environ = contender.environ() | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def _tail(done: subprocess.CompletedProcess[str]) -> str:
    text = (done.stdout + done.stderr).strip().splitlines()
    return "\n".join(text[-40:])
