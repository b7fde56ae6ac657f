"""Runs a program against one ORM and records what can be seen after every step."""

import gc
import re
import sqlite3
import warnings
import weakref
from typing import Any

from . import snapshot
from .known import Known, Unknown
from .models import Models
from .program import Program, Step
from .recording import Database
from .steps import Steps

Trace = list[dict[str, Any]]


class World:
    """One ORM with its models and databases, which all programs share.

    Args:
        number: tells several worlds of one ORM apart.
    """

    def __init__(self, orm: Any, template: sqlite3.Connection, number: int = 0) -> None:
        self.orm = orm
        self.template = template
        self.models: dict[str, Models] = {
            "declarative": Models(orm, "declarative", number),
            "imperative": Models(orm, "imperative", number),
        }
        self.databases = {"core": Database("core"), "fast": Database("fast")}

    def run(self, program: Program) -> Trace:
        """The trace of a program: one entry a step, and one for the end."""
        database = self.databases[program.lane]
        database.restart(self.template, program.foreign_keys)
        enabled = gc.isenabled()
        gc.disable()  # what is alive should depend on the program alone
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                trace, references = self._run(program, database, caught)
        finally:
            if enabled:
                gc.enable()
        gc.collect()
        trace[-1]["leaked"] = [name for name, ref in references if ref() is not None]
        gc.freeze()  # statement caches and the like: nothing for the next collection
        return trace

    def _run(
        self, program: Program, database: Database, caught: list[Any]
    ) -> tuple[Trace, list[tuple[str, Any]]]:
        session = self.orm.Session(
            database.engine,
            autoflush=program.autoflush,
            expire_on_commit=program.expire_on_commit,
        )
        known = Known()
        steps = Steps(self.orm, self.models[program.mode], session, known)
        trace: Trace = []
        failed = False
        for step in program.steps:
            entry = self._entry(steps, step, database, caught)
            entry["failed before"] = failed
            failed = failed or "error" in entry
            trace.append(entry)
        references = [
            (handle, weakref.ref(obj)) for handle, obj in known.by_handle.items()
        ]
        before = database.rows()
        try:
            session.close()
        finally:
            database.raw.rollback()
        trace.append(
            {
                "step": ["end"],
                "rows": before,
                "rows after close": database.rows(),
                "statements": database.log.take(),
                "warnings": [],
                "seen": {},
            }
        )
        return trace, references

    def _entry(
        self, steps: Steps, step: Step, database: Database, caught: list[Any]
    ) -> dict[str, Any]:
        entry: dict[str, Any] = {"step": step}
        try:
            entry["result"] = steps.known.show(steps.run(step))
        except Unknown as error:
            entry["left out"] = str(error)
        except Exception as error:
            entry["error"] = (type(error).__name__, normalised(str(error)))
        entry["statements"] = database.log.take()
        entry["warnings"] = [
            (w.category.__name__, normalised(str(w.message)))
            for w in caught
            if OF_COMPILING not in str(w.message)
        ]
        caught.clear()
        try:
            entry["seen"] = snapshot.of_all(steps.session, steps.known)
        except Exception as error:
            entry["seen"] = {"error": f"{type(error).__name__}: {error}"}
        entry["statements of looking"] = database.log.take()
        return entry


# Core's, when it compiles an INSERT that it has not kept from an earlier program
OF_COMPILING = "is marked as a member of the primary key for table"

REPLACED = (
    (re.compile(r"0x[0-9a-fA-F]+"), "0x"),
    (re.compile(r"\bsqlalchemy\.orm\b|\bormolu\b"), "orm"),
    (re.compile(r"\b(sqlalchemy_orm|ormolu)_(declarative|imperative)_\d+\b"), "mapped"),
)


CIRCLE = re.compile(r"(?<=Circular dependency detected\. \()(_.*\))(?=\))")


def normalised(text: str) -> str:
    """A message without what differs from one ORM or run to the other."""
    for pattern, replacement in REPLACED:
        text = pattern.sub(replacement, text)
    return CIRCLE.sub(in_order, text)


def in_order(circle: re.Match[str]) -> str:
    """The members of a circle, which is a set, in one order."""
    return ", ".join(sorted(re.split(r", (?=_)", circle[0])))
