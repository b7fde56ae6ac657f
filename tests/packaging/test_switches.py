"""The switches of the build."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packaging.building import build, kernel_sources

NO_COMPILER = {"CC": "/bin/false", "CXX": "/bin/false"}

# one worker for all, so that each build happens once
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]
posix_with_sources = pytest.mark.skipif(
    not Path("/bin/false").exists() or not kernel_sources(),
    reason="needs /bin/false and something to compile",
)


def test_the_two_switches_exclude_each_other(tree: Path, tmp_path: Path) -> None:
    run = build(
        "wheel", tree, tmp_path / "dist", ORMOLU_PURE="1", ORMOLU_REQUIRE_EXT="1"
    )
    assert run.status != 0
    assert "ORMOLU_PURE and ORMOLU_REQUIRE_EXT exclude each other" in run.log


@posix_with_sources
def test_without_a_compiler_one_warning_and_a_pure_install(
    tree: Path, tmp_path: Path
) -> None:
    run = build("wheel", tree, tmp_path / "dist", **NO_COMPILER)
    assert run.status == 0, run.log
    assert run.libraries() == []
    assert run.log.count("WARNING: Ormolu's extensions could not be built") == 1
    assert "pure Python implementation" in run.log


@posix_with_sources
def test_without_a_compiler_required_extensions_are_an_error(
    tree: Path, tmp_path: Path
) -> None:
    run = build("wheel", tree, tmp_path / "dist", ORMOLU_REQUIRE_EXT="1", **NO_COMPILER)
    assert run.status != 0
    assert run.artefact is None


def test_required_extensions_need_sources(tree: Path, tmp_path: Path) -> None:
    for source in (tree / "src/_speedups").glob("*.pyx"):
        source.unlink()
    run = build("wheel", tree, tmp_path / "dist", ORMOLU_REQUIRE_EXT="1")
    assert run.status != 0
    assert "src/_speedups has no sources" in run.log
