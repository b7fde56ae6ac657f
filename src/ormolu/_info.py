"""What ``python -m ormolu info`` tells."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Final

from ormolu._speedups import impl, speedups_status
from ormolu._version import __version__

# module to import: distribution that has its version
DRIVERS: Final = {
    "psycopg": "psycopg",
    "psycopg2": "psycopg2",
    "asyncpg": "asyncpg",
    "pg8000": "pg8000",
    "pymysql": "pymysql",
    "MySQLdb": "mysqlclient",
    "mariadb": "mariadb",
    "aiomysql": "aiomysql",
    "asyncmy": "asyncmy",
    "aiosqlite": "aiosqlite",
    "oracledb": "oracledb",
    "pyodbc": "pyodbc",
}


def report() -> str:
    """Version, kernel and why, Python, SQLAlchemy and the drivers found."""
    rows = [
        ("ormolu", __version__),
        ("kernel", impl),
        *((f"  {name}", text) for name, text in _kernel()),
        ("python", _python()),
        ("sqlalchemy", _version_of("sqlalchemy") or "not found"),
        ("greenlet", _version_of("greenlet") or "not found (needed by asyncio)"),
        ("drivers", ", ".join(_drivers())),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:{width}}  {text}" for name, text in rows)


def _kernel() -> Iterator[tuple[str, str]]:
    for name, status in speedups_status().items():
        yield name, f"{status.implementation}: {status.reason}"


def _python() -> str:
    threads = "" if _has_gil() else ", free-threaded"
    return f"{platform.python_implementation()} {platform.python_version()}{threads}"


def _has_gil() -> bool:
    enabled = getattr(sys, "_is_gil_enabled", None)  # from Python 3.13 on
    return enabled is None or bool(enabled())


def _drivers() -> Iterator[str]:
    if find_spec("_sqlite3"):
        yield f"sqlite3 (SQLite {_sqlite_version()})"
    for module, distribution in DRIVERS.items():
        if find_spec(module):
            yield f"{module} {_version_of(distribution) or '(version unknown)'}"


def _sqlite_version() -> str:
    from sqlite3 import sqlite_version

    return sqlite_version


def _version_of(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
