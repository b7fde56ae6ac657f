"""Decides, once, which implementation of the kernel runs.

No other module reads ``ORMOLU_IMPL``.  The kernel's modules share types, so they
are always taken from one implementation: all compiled or all in Python.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Final, Literal, cast

Implementation = Literal["cython", "python"]

VARIABLE: Final = "ORMOLU_IMPL"
KERNELS: Final = (
    # what ``state`` puts together, the lowest first
    "layout",
    "weak_table",
    "instance",
    "lookup",
    "identity",
    "values",
    "changes",
    "attribute",
    "construct",
    "state",
    # what works on it; ``hydration`` is put together, too
    "plans",
    "refilling",
    "load_run",
    "hydration",
    "gather",
    "flushing",
    "finding",
    "linking",
)
SUFFIXES: Final[dict[Implementation, str]] = {"cython": "_c", "python": "_py"}
REQUESTS: Final = ("auto", "cython", "python")

_PACKAGE: Final = __name__.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class ModuleStatus:
    """Which implementation of one kernel module runs, and why.

    ``error`` is what importing the compiled module raised, if it was tried and
    could not be imported.
    """

    implementation: Implementation
    reason: str
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The implementation chosen, its modules, and the reason for each."""

    impl: Implementation
    modules: dict[str, ModuleType]
    status: dict[str, ModuleStatus]


def choose(request: str | None = None) -> Choice:
    """Load the implementation that was asked for.

    Arguments:
        request: ``auto``, ``cython`` or ``python``; the value of the environment
            variable ``ORMOLU_IMPL`` when not given.

    Raises:
        ImportError: for any other value, and for a named implementation that
            cannot be loaded, with its cause.
    """
    if request is None:
        request = os.environ.get(VARIABLE) or "auto"
    if request not in REQUESTS:
        known = ", ".join(REQUESTS)
        raise ImportError(f"{VARIABLE}={request!r} is not one of: {known}")
    if request == "auto":
        return _choose_best()
    return _choose_named(cast(Implementation, request))


def load(impl: Implementation) -> dict[str, ModuleType]:
    """The kernel's modules in one implementation, by name."""
    suffix = SUFFIXES[impl]
    return {name: import_module(f"{_PACKAGE}.{name}{suffix}") for name in KERNELS}


def _choose_named(impl: Implementation) -> Choice:
    try:
        modules = load(impl)
    except Exception as error:  # a broken library may raise anything
        cure = " Build the extensions, or unset the variable."
        raise ImportError(
            f"{VARIABLE}={impl} was asked for, but cannot be loaded: {error}."
            + (cure if impl == "cython" else "")
        ) from error
    reason = f"{VARIABLE}={impl}"
    return Choice(impl, modules, dict.fromkeys(KERNELS, ModuleStatus(impl, reason)))


def _choose_best() -> Choice:
    try:
        modules = load("cython")
    except Exception as error:  # a broken library may raise anything
        _warn_if_broken(error)
        return Choice("python", load("python"), _why_python())
    status = ModuleStatus("cython", "the extension is built")
    return Choice("cython", modules, dict.fromkeys(KERNELS, status))


def _why_python() -> dict[str, ModuleStatus]:
    """What keeps each module from being compiled: itself or another one."""
    errors = {name: _import_error(name) for name in KERNELS}
    others = ", ".join(name for name, error in errors.items() if error)
    return {
        name: ModuleStatus("python", _explain(error, others), error)
        for name, error in errors.items()
    }


def _import_error(name: str) -> Exception | None:
    try:
        import_module(f"{_PACKAGE}.{name}{SUFFIXES['cython']}")
    except Exception as error:  # a broken library may raise anything
        return error
    return None


def _explain(error: Exception | None, others: str) -> str:
    if error is None:
        return f"the extension is usable, but not without: {others}"
    if _is_missing(error):
        return "the extension is not built"
    return f"the extension cannot be loaded: {type(error).__name__}: {error}"


def _is_missing(error: Exception) -> bool:
    """Whether the extension is simply not there, as in a pure install."""
    if not isinstance(error, ModuleNotFoundError):
        return False
    return error.name in {f"{_PACKAGE}.{name}{SUFFIXES['cython']}" for name in KERNELS}


def _warn_if_broken(error: Exception) -> None:
    if not _is_missing(error):
        warnings.warn(
            f"Ormolu's compiled kernel cannot be loaded ({type(error).__name__}: "
            f"{error}); the slower Python implementation runs instead",
            RuntimeWarning,
            stacklevel=2,
        )
