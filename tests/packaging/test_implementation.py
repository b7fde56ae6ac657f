"""``ORMOLU_IMPL`` decides at import, and what was decided can be asked for."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import ormolu
from ormolu._speedups import _choose
from tests.packaging.building import ROOT, environment, kernel_sources

IMPORT = "import ormolu; print(ormolu.__impl__)"
# a finder that refuses the compiled modules, in one of three ways
REFUSE = """
import sys, importlib.abc
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in {names!r}:
            raise {error}
sys.meta_path.insert(0, Refuse())
"""
MISSING = "ModuleNotFoundError('No module named ' + repr(name), name=name)"
BROKEN = "ImportError('undefined symbol: PyLong_Nonsense')"
ALL = [f"ormolu._speedups.{name}_c" for name in _choose.KERNELS]
STATUS = "; print([s.reason for s in ormolu.speedups_status().values()])"


def run(code: str, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter of its own."""
    return subprocess.run(
        [sys.executable, *options, "-c", code],
        env=environment(**variables),
        capture_output=True,
        text=True,
    )


def refuse(names: list[str], error: str) -> str:
    """Code that makes modules unavailable."""
    return REFUSE.format(names=names, error=error)


def compiled() -> bool:
    """Whether this checkout's extensions can be imported."""
    try:
        _choose.load("cython")
    except ImportError:
        return False
    return True


needs_extensions = pytest.mark.skipif(not compiled(), reason="no extensions are built")


def test_lists_of_modules_agree() -> None:
    kernels = sorted(_choose.KERNELS)
    twins = (ROOT / "src/ormolu/_speedups").glob("*_py.py")
    assert sorted(path.stem.removesuffix("_py") for path in twins) == kernels
    assert [name.removesuffix("_c") for name in kernel_sources()] == kernels
    assert sorted(ormolu.speedups_status()) == kernels


def test_python_is_chosen_by_name() -> None:
    assert run(IMPORT, ORMOLU_IMPL="python").stdout == "python\n"


@needs_extensions
@pytest.mark.parametrize("value", ["", "auto", "cython"])
def test_the_compiled_kernel_is_the_default(value: str) -> None:
    assert run(IMPORT, ORMOLU_IMPL=value).stdout == "cython\n"


@needs_extensions
def test_the_libraries_are_really_loaded() -> None:
    code = (
        "from ormolu import _speedups as s\n"
        "print(*(m.__file__ for m in (s.state, s.hydration, s.gather, s.flushing)))"
    )
    files = run(code, ORMOLU_IMPL="cython").stdout.split()
    assert [Path(f).suffix for f in files] in ([".so"] * 4, [".pyd"] * 4)


def test_an_unknown_value_is_an_import_error() -> None:
    failed = run(IMPORT, ORMOLU_IMPL="rust")
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1] == (
        "ImportError: ORMOLU_IMPL='rust' is not one of: auto, cython, python"
    )


def test_a_named_implementation_that_is_missing_is_an_import_error() -> None:
    failed = run(refuse(ALL, MISSING) + IMPORT, ORMOLU_IMPL="cython")
    assert failed.returncode == 1
    assert "ImportError: ORMOLU_IMPL=cython was asked for" in failed.stderr
    # the cause is chained
    assert "ModuleNotFoundError: No module named 'ormolu._speedups." in failed.stderr
    assert "direct cause" in failed.stderr


def test_missing_extensions_give_python_and_the_reason() -> None:
    code = refuse(ALL, MISSING) + IMPORT + STATUS
    done = run(code, "-W", "error", ORMOLU_IMPL="auto")
    assert done.stdout.splitlines() == [
        "python",
        str(["the extension is not built"] * len(ALL)),
    ], done.stderr


def test_a_broken_extension_is_reported_with_a_warning() -> None:
    done = run(refuse(ALL, BROKEN) + IMPORT + STATUS, ORMOLU_IMPL="auto")
    assert done.stdout.startswith("python\n"), done.stderr
    assert done.stdout.count("ImportError: undefined symbol: PyLong_Nonsense") == len(
        ALL
    )
    assert "RuntimeWarning: Ormolu's compiled kernel cannot be loaded" in done.stderr


@needs_extensions
def test_the_twins_of_two_kinds_are_never_mixed() -> None:
    done = run(refuse(ALL[-1:], MISSING) + IMPORT + STATUS, ORMOLU_IMPL="auto")
    impl, reasons = done.stdout.splitlines()
    assert impl == "python"
    usable = f"the extension is usable, but not without: {_choose.KERNELS[-1]}"
    assert reasons == str([*[usable] * (len(ALL) - 1), "the extension is not built"])


def test_info_tells_versions_kernel_and_drivers() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ormolu", "info"],
        env=environment(ORMOLU_IMPL="python"),
        capture_output=True,
        text=True,
        check=True,
    )
    lines = dict(
        re.split(r" {2,}", x.strip(), maxsplit=1) for x in done.stdout.splitlines()
    )
    assert lines["ormolu"] == ormolu.__version__
    assert lines["kernel"] == "python"
    assert lines["state"] == "python: ORMOLU_IMPL=python"
    assert lines["sqlalchemy"].startswith("2.1")
    assert "sqlite3" in lines["drivers"]
