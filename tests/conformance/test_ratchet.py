"""The ratchet itself, on a suite that is made up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conformance import doctests, excuses, listing, ratchet
from tests.conformance.variants import VARIANTS, Variant

FILE = "test/orm/test_one.py"
# Answers like the suite: outcomes come from a file, those of a second run of the
# same test from another one.
RUNNER = """
import argparse, json, pathlib
parser = argparse.ArgumentParser()
for name in ("target", "manifest", "json", "jobs", "timeout"):
    parser.add_argument("--" + name)
parser.add_argument("--files", nargs="+")
parser.add_argument("--embedded", action="store_true")
given = parser.parse_args()
here = pathlib.Path(__file__).parent
only = given.manifest != str(here / "visible.json")
outcomes = json.loads((here / ("again.json" if only else "outcomes.json")).read_text())
listed = json.loads(pathlib.Path(given.manifest).read_text())["files"]
files = {f: {"tests": {t: outcomes[t] for t in listed[f]}} for f in given.files}
pathlib.Path(given.json).write_text(json.dumps({"files": files}))
"""


class FakeSuite:
    """A suite of one file, whose outcomes a test decides."""

    def __init__(self, shared: Path) -> None:
        self.shared = shared
        self.folder = shared / "conformance"
        self.folder.mkdir(parents=True)
        (self.folder / "run.py").write_text(RUNNER)

    def outcomes(self, again: dict[str, str] | None = None, **first: str) -> None:
        """Set the outcome of each test, and of those that run a second time."""
        manifest = {"files": {FILE: list(first)}}
        (self.folder / "visible.json").write_text(json.dumps(manifest))
        for name, found in (("outcomes", first), ("again", first | (again or {}))):
            rows = {t: [o, "boom"] if o != "passed" else [o] for t, o in found.items()}
            (self.folder / f"{name}.json").write_text(json.dumps(rows))

    def call(self, *arguments: str) -> int:
        """Run the ratchet's command line on one variant."""
        shared = ["--shared", str(self.shared), "--variants", "compiled-plain"]
        return ratchet.main([*arguments, *shared])


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSuite:
    """A made-up suite; lists and results are kept in a scratch folder."""
    for kind in ("ratchet", "results"):
        monkeypatch.setattr(Variant, kind, tmp_path / kind)
    monkeypatch.setattr(excuses, "PATH", tmp_path / "failing.txt")
    monkeypatch.setattr(excuses, "COVERED", ("nothing",))
    return FakeSuite(tmp_path / "shared")


def listed() -> listing.Tests:
    """What the list has now."""
    return listing.read(VARIANTS["compiled-plain"].ratchet)


def test_update_adds_what_passes_and_keeps_the_rest(suite: FakeSuite) -> None:
    suite.outcomes(a="passed", b="failed")
    assert suite.call("update") == 0
    assert listed() == {FILE: {"a"}}
    suite.outcomes(a="failed", b="passed")
    assert suite.call("update") == 1
    assert listed() == {FILE: {"a", "b"}}
    assert suite.call("update", "--allow-loss") == 0
    assert listed() == {FILE: {"b"}}


@pytest.mark.parametrize("option", [(), ("--listed-only",)])
def test_check_fails_and_names_what_was_lost(
    suite: FakeSuite, option: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    suite.outcomes(a="passed", b="passed", c="failed")
    suite.call("update")
    assert suite.call("check", *option) == 0
    suite.outcomes(a="passed", b="error", c="failed")
    assert suite.call("check", *option) == 1
    shown = capsys.readouterr().out
    assert f"no longer passes: {FILE}::b\n    error: boom" in shown


def test_a_failure_in_a_covered_file_needs_a_reason(
    suite: FakeSuite,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(excuses, "COVERED", ("test/orm",))
    monkeypatch.setitem(excuses.MESSAGES, "boom", "dynamite")
    suite.outcomes(a="passed", b="failed", c="skipped")
    suite.call("update")
    assert excuses.read() == {"dynamite": {FILE: {"b"}}}
    assert suite.call("check") == 0
    excuses.write({})
    assert suite.call("check") == 1
    assert (
        f"fails without a reason in failing.txt: {FILE}::b" in capsys.readouterr().out
    )
    monkeypatch.delitem(excuses.MESSAGES, "boom")
    suite.call("update")
    assert excuses.read() == {excuses.UNKNOWN: {FILE: {"b"}}}
    assert suite.call("check") == 1


def test_a_reason_goes_when_its_test_passes(
    suite: FakeSuite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excuses, "COVERED", ("test/orm",))
    suite.outcomes(a="passed", b="failed")
    excuses.write({"dynamite": {FILE: {"a", "b"}}})
    suite.call("update")
    assert excuses.read() == {"dynamite": {FILE: {"b"}}}


def test_what_passes_has_no_excuse() -> None:
    reasons = excuses.every(excuses.read())
    for file, names in reasons.items():
        listed = [listing.read(v.ratchet).get(file, set()) for v in VARIANTS.values()]
        assert not names.intersection(*listed)


def test_what_passes_the_second_time_is_named_but_not_lost(
    suite: FakeSuite, capsys: pytest.CaptureFixture[str]
) -> None:
    suite.outcomes(a="passed")
    suite.call("update")
    suite.outcomes(a="failed", again={"a": "passed"})
    assert suite.call("check") == 0
    assert f"passed only the second time: {FILE}::a" in capsys.readouterr().out


def test_check_runs_only_the_files_that_are_listed(
    suite: FakeSuite, capsys: pytest.CaptureFixture[str]
) -> None:
    suite.outcomes(a="passed")
    assert suite.call("check") == 0
    assert "nothing is listed" in capsys.readouterr().out
    assert suite.call("check", "--files", "test/ext") == 0


def test_counts_and_reasons_come_from_the_last_run(
    suite: FakeSuite, capsys: pytest.CaptureFixture[str]
) -> None:
    suite.outcomes(a="passed", b="failed", c="failed")
    suite.call("counts")
    suite.call("counts", "--last", "--files", "test/orm")
    assert capsys.readouterr().out.count(f"{FILE}       1       2       0") == 2
    suite.call("reasons", "--last")
    assert f"     2 boom\n       {FILE}::b" in capsys.readouterr().out


def test_a_missing_suite_is_said_and_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ratchet.main(["check", "--shared", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("skipped: no conformance suite in")
    assert doctests.main(["check", "--shared", str(tmp_path)]) == 0


def test_pages_that_lose_an_example_are_named() -> None:
    page: doctests.Page = {"examples": 3, "values": 2, "with_sql": 2, "failures": []}
    before = {"a.rst": {"values": 2, "with_sql": 3}, "b.rst": {"values": 9}}
    assert doctests.fallen(before, {"a.rst": page}) == ["a.rst: with_sql 2, was 3"]


def test_lists_are_sorted_and_survive(tmp_path: Path) -> None:
    tests = {"b": {"y", "x"}, "a": {"z"}, "c": set()}
    listing.write(tmp_path / "list.txt", tests)
    assert (tmp_path / "list.txt").read_text() == "a\n  z\nb\n  x\n  y\n"
    assert listing.read(tmp_path / "list.txt") == {"a": {"z"}, "b": {"x", "y"}}
