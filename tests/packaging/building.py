"""Building distributions from a copy of the checkout, without a network."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = ["pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "CHANGELOG.md"]
PARTS += ["LICENSE", "Makefile", "src"]
PRODUCTS = shutil.ignore_patterns("*.so", "*.pyd", "*.c", "__pycache__", "*.egg-info")
SWITCHES = ("ORMOLU_PURE", "ORMOLU_REQUIRE_EXT", "ORMOLU_DEBUG_BUILD", "ORMOLU_IMPL")
# setuptools' own backend, in this environment: build isolation would download it
HOOK = "import sys, setuptools.build_meta as b; b.build_{kind}(sys.argv[1])"


@dataclass(frozen=True)
class Build:
    """A build that has run: its log and, when it succeeded, what it made."""

    status: int
    log: str
    artefact: Path | None

    def names(self) -> list[str]:
        """The files in it; an sdist's without its top folder."""
        assert self.artefact, self.log
        if self.artefact.suffix == ".whl":
            with zipfile.ZipFile(self.artefact) as wheel:
                return wheel.namelist()
        with tarfile.open(self.artefact) as sdist:
            return [name.partition("/")[2] for name in sdist.getnames()]

    def libraries(self) -> list[str]:
        """The stems of the shared libraries in it."""
        endings = (".so", ".pyd")
        found = [Path(name).name for name in self.names() if name.endswith(endings)]
        return sorted(name.partition(".")[0] for name in found)


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without our switches, and what is given."""
    kept = {k: v for k, v in os.environ.items() if k not in (*SWITCHES, "PYTHONPATH")}
    return kept | variables


def copy_checkout(to: Path) -> Path:
    """The files that a clone has, without anything that was built."""
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, to / part, ignore=PRODUCTS)
        else:
            shutil.copy2(ROOT / part, to / part)
    return to


def build(kind: str, tree: Path, to: Path, **variables: str) -> Build:
    """Build the ``wheel`` or ``sdist`` of a source tree."""
    to.mkdir()
    run = subprocess.run(
        [sys.executable, "-c", HOOK.format(kind=kind), str(to)],
        cwd=tree,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    artefact = next(to.iterdir(), None) if run.returncode == 0 else None
    return Build(run.returncode, run.stdout, artefact)


def unpack(sdist: Path, to: Path) -> Path:
    """Unpack an sdist; its top folder."""
    with tarfile.open(sdist) as archive:
        archive.extractall(to, filter="data")
    return next(to.iterdir())


def kernel_sources() -> list[str]:
    """The modules that can be compiled: the stems of the Cython sources."""
    return sorted(path.stem for path in (ROOT / "src/_speedups").glob("*.pyx"))


def has_compiler() -> bool:
    """Whether a C file that includes Python.h compiles."""
    command = os.environ.get("CC") or sysconfig.get_config_var("CC")
    if not command:
        return os.name == "nt"  # found by setuptools in the registry
    include = sysconfig.get_path("include")
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "x.c")
        source.write_text("#include <Python.h>\n")
        args = ["-c", str(source), "-o", str(source.with_suffix(".o")), f"-I{include}"]
        try:
            run = subprocess.run([*shlex.split(command), *args], capture_output=True)
        except OSError:
            return False
        # /bin/true, too, ends well
        return run.returncode == 0 and source.with_suffix(".o").exists()
