"""What the figures depend on: machine, versions, kernel in use, memory."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("ormolu", "SQLAlchemy", "Cython", "greenlet", "pytest-benchmark", "psycopg")


def record() -> dict[str, Any]:
    """Describe this process and its machine, for the JSON and the table's head."""
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
        "packages": {
            name: version for name in PACKAGES if (version := package_version(name))
        },
        "sqlalchemy_compiled": sqlalchemy_compiled(),
        "ormolu": getattr(sys.modules.get("ormolu"), "__impl__", None),
        "sqlalchemy_orm_imported": "sqlalchemy.orm" in sys.modules,
    }


def sqlalchemy_compiled() -> bool | None:
    """Say whether SQLAlchemy runs its own compiled parts; None if not imported."""
    util = sys.modules.get("sqlalchemy.util")
    return util.has_compiled_ext() if util else None


def load_average() -> str:
    """Return the machine's load over the last minutes, a hint at the noise."""
    if not hasattr(os, "getloadavg"):
        return "unknown"
    return ", ".join(f"{load:.1f}" for load in os.getloadavg())


def package_version(name: str) -> str:
    """Return a distribution's version, empty when it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def cpu_name() -> str:
    """Return the processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def peak_rss() -> int | None:
    """Return the greatest resident size of this process in bytes, if it can be known."""
    try:
        import resource  # Not on Windows.
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def current_rss() -> int | None:
    """Return the resident size of this process in bytes; Linux only."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return None
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
