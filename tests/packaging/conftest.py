"""Distributions, each built once: sdist first, wheels from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packaging.building import (
    Build,
    build,
    copy_checkout,
    has_compiler,
    kernel_sources,
    unpack,
)


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The source distribution."""
    tree = copy_checkout(tmp_path_factory.mktemp("checkout"))
    return build("sdist", tree, tmp_path_factory.mktemp("sdist") / "dist")


@pytest.fixture
def tree(sdist: Build, tmp_path: Path) -> Path:
    """The unpacked source distribution, untouched."""
    assert sdist.artefact, sdist.log
    return unpack(sdist.artefact, tmp_path / "unpacked")


@pytest.fixture(scope="session")
def compiled_wheel(sdist: Build, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The wheel, built from the sdist with the release flags."""
    if not has_compiler():
        pytest.skip("no C compiler")
    if not kernel_sources():
        pytest.skip("no Cython sources")
    assert sdist.artefact, sdist.log
    folder = tmp_path_factory.mktemp("compiled")
    tree = unpack(sdist.artefact, folder / "unpacked")
    return build("wheel", tree, folder / "dist", ORMOLU_REQUIRE_EXT="1")


@pytest.fixture(scope="session")
def pure_wheel(sdist: Build, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The wheel without extensions, built on purpose."""
    assert sdist.artefact, sdist.log
    folder = tmp_path_factory.mktemp("pure")
    tree = unpack(sdist.artefact, folder / "unpacked")
    return build("wheel", tree, folder / "dist", ORMOLU_PURE="1")
