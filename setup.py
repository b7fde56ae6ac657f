"""The extensions and the switches of their build; the rest is in pyproject.toml.

ORMOLU_PURE=1         build no extension
ORMOLU_REQUIRE_EXT=1  an extension that cannot be built is an error
ORMOLU_DEBUG_BUILD=1  -O0, C assertions, bounds and None checks, line tables

With neither of the first two, no C compiler means a pure install and one warning.
"""

import os
import sys
from pathlib import Path
from textwrap import shorten

from setuptools import setup

# Not cythonize(): it drops ``optional`` and leaves the .pyx out of the sdist.
# Imported after setuptools, which provides distutils where Python does not.
from Cython.Distutils import Extension, build_ext  # isort: skip

WARNING = (
    "WARNING: Ormolu's extensions could not be built; installing the slower pure Python "
    "implementation ({}). ORMOLU_REQUIRE_EXT=1 makes this an error."
)
# A module's own header overrides these, so a module that switches checks off
# there goes without them in a debug build too.
DIRECTIVES = {"language_level": 3, "freethreading_compatible": True}
CHECKS = {"boundscheck": True, "initializedcheck": True, "nonecheck": True}
FLAGS = {  # by kind of compiler, and whether it is a debug build
    ("unix", False): ["-O3", "-g0", "-fno-strict-aliasing", "-fvisibility=hidden"],
    ("unix", True): ["-O0", "-g3", "-UNDEBUG", "-fno-omit-frame-pointer"],
    ("msvc", False): ["/O2"],
    ("msvc", True): ["/Od", "/UNDEBUG"],
}


def switch(name: str) -> bool:
    """Whether an environment variable is set to anything but nothing or 0."""
    return os.environ.get(name, "") not in ("", "0")


PURE, REQUIRED = switch("ORMOLU_PURE"), switch("ORMOLU_REQUIRE_EXT")
DEBUG = switch("ORMOLU_DEBUG_BUILD")


class BuildKernel(build_ext):
    """Builds all extensions or, unless they are required, none."""

    def build_extensions(self) -> None:
        kind = "msvc" if self.compiler.compiler_type == "msvc" else "unix"
        self.force = self.force or self.declarations_changed()
        try:  # the inherited loop would warn for each extension, and go on
            for extension in self.extensions:
                extension.extra_compile_args = FLAGS[kind, DEBUG]
                self.build_extension(extension)
        except Exception as error:
            if REQUIRED:
                raise
            for path in self.products():  # twins of the two kinds do not mix
                path.unlink(missing_ok=True)
            reason = shorten(str(error), 120, placeholder=" ...")
            print(WARNING.format(reason), file=sys.stderr, flush=True)

    def declarations_changed(self) -> bool:
        """Whether a .pxd is newer than a library.

        Cython sees a module's own .pxd only beside its .pyx, and ours are where
        other modules cimport them; a stale struct layout would corrupt memory.
        """
        declarations = [path.stat().st_mtime for path in Path("src").rglob("*.pxd")]
        built = [path.stat().st_mtime for path in self.products() if path.exists()]
        return bool(built and declarations) and max(declarations) > min(built)

    def products(self) -> list[Path]:
        """Where the extensions are built to."""
        return [Path(self.get_ext_fullpath(e.name)) for e in self.extensions]


def extensions() -> list[Extension]:
    """One extension for each source in src/_speedups."""
    if PURE and REQUIRED:
        raise SystemExit("ORMOLU_PURE and ORMOLU_REQUIRE_EXT exclude each other")
    sources = [] if PURE else sorted(Path("src/_speedups").glob("*.pyx"))
    if REQUIRED and not sources:
        raise SystemExit("ORMOLU_REQUIRE_EXT is set, but src/_speedups has no sources")
    return [
        Extension(
            f"ormolu._speedups.{source.stem}",
            [source.as_posix()],
            cython_include_dirs=["src"],
            cython_directives=DIRECTIVES | (CHECKS if DEBUG else {}),
            cython_c_in_temp=True,
            optional=not REQUIRED,
        )
        for source in sources
    ]


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildKernel})
