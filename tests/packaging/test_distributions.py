"""What is inside the distributions, and that an installed wheel works."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.packaging.building import (
    ROOT,
    Build,
    build,
    copy_checkout,
    environment,
    has_compiler,
    kernel_sources,
)

# one worker for all, so that each build happens once
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]

TOUR = Path(__file__).with_name("tour.py")


def test_sdist_has_the_kernels_sources(sdist: Build) -> None:
    sources = [*ROOT.glob("src/_speedups/*.p*"), *ROOT.glob("src/ormolu/**/*.pxd")]
    expected = {path.relative_to(ROOT).as_posix() for path in sources}
    assert expected <= set(sdist.names())
    assert {"setup.py", "LICENSE", "src/ormolu/py.typed"} <= set(sdist.names())


def test_sdist_has_nothing_that_was_built(sdist: Build) -> None:
    products = (".c", ".so", ".pyd", ".pyc")
    assert not [name for name in sdist.names() if name.endswith(products)]


def test_required_extensions_are_in_the_wheel(compiled_wheel: Build) -> None:
    assert compiled_wheel.libraries() == kernel_sources()


def test_wheel_has_the_package_and_nothing_else(compiled_wheel: Build) -> None:
    names = compiled_wheel.names()
    top = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert top == {"ormolu"}
    assert "ormolu/py.typed" in names
    assert not [name for name in names if name.endswith((".pyx", ".c"))]


def test_every_python_module_is_in_the_wheel(pure_wheel: Build) -> None:
    modules = (ROOT / "src/ormolu").rglob("*.py")
    expected = {path.relative_to(ROOT / "src").as_posix() for path in modules}
    assert {n for n in pure_wheel.names() if n.endswith(".py")} == expected


def test_pure_wheel_is_for_every_platform(pure_wheel: Build) -> None:
    assert pure_wheel.libraries() == []
    assert pure_wheel.artefact is not None
    assert pure_wheel.artefact.name.endswith("-py3-none-any.whl")
    assert "WARNING: Ormolu" not in pure_wheel.log


def test_compiled_wheel_works_away_from_the_checkout(
    compiled_wheel: Build, tmp_path: Path
) -> None:
    impl, file = _tour(compiled_wheel, tmp_path)
    assert impl == "cython"
    assert Path(file).is_relative_to(tmp_path)


def test_pure_wheel_works_away_from_the_checkout(
    pure_wheel: Build, tmp_path: Path
) -> None:
    impl, file = _tour(pure_wheel, tmp_path)
    assert impl == "python"
    assert Path(file).is_relative_to(tmp_path)


def test_build_in_place(tmp_path: Path) -> None:
    """What an editable install does: the libraries land beside the twins."""
    if not has_compiler() or not kernel_sources():
        pytest.skip("no C compiler, or nothing to compile")
    tree = copy_checkout(tmp_path)
    run = build(
        "editable",
        tree,
        tmp_path / "dist",
        ORMOLU_REQUIRE_EXT="1",
        ORMOLU_DEBUG_BUILD="1",
    )
    assert run.artefact, run.log
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    built = [path.name for path in (tree / "src/ormolu/_speedups").glob(f"*{suffix}")]
    assert sorted(built) == [f"{name}{suffix}" for name in kernel_sources()]


def _tour(wheel: Build, folder: Path) -> tuple[str, str]:
    """Install the wheel in a new environment and take the tour there."""
    assert wheel.artefact, wheel.log
    python = _environment_with_dependencies(folder / "venv")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q"]
    subprocess.run(
        [*pip, "--no-deps", "--no-index", str(wheel.artefact)],
        check=True,
        env=environment(),
    )
    shutil.copy(TOUR, folder / "tour.py")
    run = _run(python, folder, "tour.py")
    info = _run(python, folder, "-m", "ormolu", "info")
    impl, _, file = run.strip().partition(" ")
    assert re.search(rf"^kernel +{impl}$", info, re.MULTILINE)
    return impl, file


def _environment_with_dependencies(folder: Path) -> Path:
    """A venv that sees SQLAlchemy of this one, but not the editable install.

    Python runs the .pth files only of its own site-packages, so an entry for
    another site-packages brings its packages, not what is linked from there.
    """
    command = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
    subprocess.run(command, check=True)
    variables = {"base": str(folder), "platbase": str(folder)}
    there = Path(sysconfig.get_path("purelib", "venv", variables))
    (there / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    scripts = Path(sysconfig.get_path("scripts", "venv", variables))
    return next(scripts.glob("python*"))


def _run(python: Path, folder: Path, *arguments: str) -> str:
    run = subprocess.run(
        [str(python), *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout
