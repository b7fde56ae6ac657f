"""Runs the conformance suite and reads its report."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.listing import Tests, restrict
from tests.conformance.variants import Variant, environment

OUTCOMES = ("passed", "failed", "error", "skipped")


@dataclass(frozen=True)
class Suite:
    """Where the suite is, and how to run it."""

    shared: Path
    jobs: int
    timeout: float

    @property
    def folder(self) -> Path:
        """The suite's own folder."""
        return (self.shared / "conformance").resolve()

    def exists(self) -> bool:
        """Whether the suite is there: it is kept beside the project, not in it."""
        return (self.folder / "run.py").exists()

    def manifest(self) -> Tests:
        """The tests to work with, by file."""
        data = json.loads((self.folder / "visible.json").read_text("utf-8"))
        return {file: set(names) for file, names in data["files"].items()}

    def run(self, variant: Variant, files: Sequence[str]) -> Report:
        """Run the manifest's tests of some files, and keep the outcomes."""
        chosen = sorted(restrict(self.manifest(), files))
        if not chosen:
            raise SystemExit(f"no tests in: {', '.join(files)}")
        report = self._run(variant, chosen, self.folder / "visible.json")
        variant.results.parent.mkdir(parents=True, exist_ok=True)
        variant.results.write_text(json.dumps(report.data), "utf-8")
        return report

    def run_only(self, variant: Variant, tests: Tests) -> Report:
        """Run only these tests."""
        with tempfile.TemporaryDirectory() as scratch:
            manifest = Path(scratch, "manifest.json")
            listed = {file: sorted(names) for file, names in tests.items()}
            manifest.write_text(json.dumps({"files": listed}), "utf-8")
            return self._run(variant, sorted(tests), manifest)

    def _run(self, variant: Variant, files: Sequence[str], manifest: Path) -> Report:
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch, "out.json")
            command = [sys.executable, str(self.folder / "run.py")]
            command += ["--target", "ormolu", "--manifest", str(manifest)]
            command += ["--json", str(out), "--jobs", str(self.jobs)]
            command += ["--timeout", str(self.timeout), "--files", *files]
            command += ["--embedded"] if variant.embedded else []
            run = subprocess.run(
                command,
                env=environment(variant.kernel),
                capture_output=True,
                text=True,
            )
            if not out.exists():
                raise SystemExit(f"the suite did not run:\n{run.stdout}{run.stderr}")
            return Report(json.loads(out.read_text("utf-8")))


@dataclass(frozen=True)
class Report:
    """What a run of the suite has found."""

    data: dict[str, object]

    @classmethod
    def last(cls, variant: Variant) -> Report:
        """The outcomes of the last run."""
        if not variant.results.exists():
            raise SystemExit(f"{variant.name} has not run yet: {variant.results}")
        return cls(json.loads(variant.results.read_text("utf-8")))

    def outcomes(self) -> Iterator[tuple[str, str, str, str]]:
        """(file, test, outcome, message) of each test."""
        files = self.data["files"]
        assert isinstance(files, dict)
        for file, found in files.items():
            for test, (outcome, *message) in found["tests"].items():
                yield file, test, outcome, message[0] if message else ""

    def passed(self) -> Tests:
        """The tests that passed."""
        tests: Tests = {}
        for file, test, outcome, _ in self.outcomes():
            names = tests.setdefault(file, set())
            if outcome == "passed":
                names.add(test)
        return tests

    def reason(self, file: str, test: str) -> str:
        """The outcome of one test, and the first line of its failure."""
        for one_file, one_test, outcome, message in self.outcomes():
            if (one_file, one_test) == (file, test):
                return f"{outcome}: {message}"
        return "it did not run"

    def counts(self) -> dict[str, Counter[str]]:
        """How often each outcome occurred, by file."""
        counts: dict[str, Counter[str]] = {}
        for file, _, outcome, _ in self.outcomes():
            counts.setdefault(file, Counter())[outcome] += 1
        return counts
