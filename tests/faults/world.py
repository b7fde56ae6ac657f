"""Runs a program in which something fails, and writes down what can be seen of it.

The same program runs with Ormolu and with ``sqlalchemy.orm``, and what both wrote down is
compared.
"""

from __future__ import annotations

import gc
import re
import sqlite3
import sys
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, func, inspect, select

from tests.faults.models import Models

STATES = ("transient", "pending", "persistent", "deleted", "detached")

SCRIPT = """
CREATE TABLE users (
    id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE, note VARCHAR(40));
CREATE TABLE addresses (
    id INTEGER PRIMARY KEY, email VARCHAR(40), user_id INTEGER REFERENCES users (id));
CREATE TABLE tags (code VARCHAR(20) PRIMARY KEY, rank INTEGER UNIQUE);
INSERT INTO users VALUES (1, 'ann', 'first'), (2, 'bob', 'second'), (3, 'cid', NULL);
INSERT INTO addresses VALUES (1, 'a1', 1), (2, 'a2', 1), (3, 'b1', 2), (4, 'c1', 3);
INSERT INTO tags VALUES ('a', 1), ('b', 2), ('c', 3);
"""


class Fuse:
    """A listener of any signature that raises once.

    Args:
        error: the type to raise.
        at: at which call.
    """

    def __init__(self, error: type[BaseException], at: int = 1) -> None:
        self.error = error
        self.left = at
        self.blown = False

    def __call__(self, *arguments: Any, **named: Any) -> None:
        if self.blown:
            return
        self.left -= 1
        if self.left == 0:
            self.blown = True
            raise self.error("boom")


@dataclass
class World:
    """A database, a session on it, and the log of what happened.

    Args:
        orm: ``ormolu`` or ``sqlalchemy.orm``.
        core_only: listen to the cursors, so that every statement goes through Core.
    """

    orm: Any
    models: Models
    path: Path
    core_only: bool = False
    with_tags: bool = True  # independent of the others: any order of them will do
    session_options: dict[str, Any] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    named: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._removers: list[Callable[[], None]] = []
        self.engine = self.make_engine()
        if self.core_only:
            event.listen(self.engine, "before_cursor_execute", lambda *args: None)
        self.session = self.orm.Session(self.engine, **self.session_options)

    def make_engine(self, **options: Any) -> Engine:
        """A new engine on the database."""
        options.setdefault("connect_args", {"timeout": 0.5})
        return create_engine(f"sqlite:///{self.path}", **options)

    def listen(self, target: Any, name: str, listener: Any, **options: Any) -> None:
        """Listen until the end of the program."""
        event.listen(target, name, listener, **options)
        self._removers.append(lambda: event.remove(target, name, listener))

    def name(self, **objects: Any) -> None:
        """Objects to look at."""
        self.named.update(objects)

    # -- what can be seen --------------------------------------------------------------

    def note(self, text: str) -> None:
        """Write a line."""
        self.log.append(re.sub(r"0x[0-9a-f]+", "0x..", text))

    def note_error(self, step: str, error: BaseException) -> None:
        """Write down what a step raised."""
        self.note(f"{step}: {type(error).__name__}: {error}")
        if error.__cause__ is not None:
            self.note(f"  from {type(error.__cause__).__name__}")
        if isinstance(getattr(error, "connection_invalidated", None), bool):
            if error.connection_invalidated:  # type: ignore[attr-defined]
                self.note("  the connection is invalidated")

    def attempt(self, step: str, action: Callable[[], Any]) -> None:
        """Do something that may fail, and write down how it went."""
        try:
            result = action()
        except BaseException as error:
            self.note_error(step, error)
            failed = True
        else:
            self.note(f"{step}: {result!r}" if result is not None else step)
            failed = False
        if failed:
            gc.collect()  # the traceback is in a cycle of Core's, with the cursor

    def look(self, title: str) -> None:
        """Write down the session's state and that of each object."""
        session = self.session
        self.note(
            f"{title}: active={session.is_active} "
            f"in transaction={session.in_transaction()} "
            f"nested={session.in_nested_transaction()} new={len(session.new)} "
            f"dirty={len(session.dirty)} deleted={len(session.deleted)}"
        )
        for name, obj in self.named.items():
            self.note(f"  {name}: {self.describe(obj)}")

    def describe(self, obj: Any) -> str:
        """An object's state and what is loaded of it, without loading anything."""
        state = inspect(obj)
        words = [word for word in STATES if getattr(state, word)]
        words += ["expired"] if state.expired else []
        # what was deleted has no changes that could matter
        words += ["modified"] if state.persistent and state.modified else []
        if obj in self.session:
            words.append("here")
        loaded = {
            key: self.show(value)
            for key, value in sorted(state.dict.items())
            if not key.startswith("_")
        }
        return f"{' '.join(words)} identity={state.identity} {loaded}"

    def show(self, value: Any) -> str:
        """A value, with objects by their names."""
        if isinstance(value, list):
            return f"[{', '.join(map(self.show, value))}]"
        for name, obj in self.named.items():
            if obj is value:
                return name
        if type(value).__module__ == "builtins":
            return repr(value)
        return type(value).__name__

    def note_rows(self) -> None:
        """Write down the database's contents as another connection sees them."""
        with closing(sqlite3.connect(self.path, timeout=0.5)) as connection:
            for table in ("users", "addresses", "tags"):
                rows = connection.execute(f"SELECT * FROM {table} ORDER BY 1")
                self.note(f"  {table} {rows.fetchall()}")

    # -- a program's run ------------------------------------------------------------------

    def run(self, program: Callable[[World], Any]) -> list[str]:
        """Run a program that may fail, and see whether the session can go on."""
        with self.watching():
            self.attempt("program", lambda: program(self))
            self.look("failed")
            self.attempt("probe", self.probe)
            self.attempt("rollback", self.session.rollback)
            self.look("rolled back")
            self.attempt("rows", self.note_rows)
            self.attempt("reuse", self.reuse)
            self.look("reused")
            self.attempt("rows", self.note_rows)
            self.finish()
        return self.log

    def probe(self) -> Any:
        """A statement without a rollback before it."""
        return self.session.scalar(select(func.count()).select_from(self.models.User))

    def reuse(self) -> None:
        """The session after a rollback: a new object, and a commit."""
        self.session.add(self.models.User(name="after"))
        self.session.commit()

    def finish(self) -> None:
        """Let everything go; write down what stays."""
        while self._removers:
            self._removers.pop()()
        references = {name: weakref.ref(obj) for name, obj in self.named.items()}
        self.named.clear()
        self.attempt("close", self.session.close)
        self.note(f"checked out: {self.engine.pool.checkedout()}")  # type: ignore[attr-defined]
        self.session = None
        gc.collect()
        alive = [name for name, reference in references.items() if reference()]
        self.note(f"alive: {alive}")
        self.engine.dispose()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Write down warnings, and exceptions that could not be raised."""

        def unraisable(failure: Any) -> None:
            error = failure.exc_value
            self.note(f"unraisable: {type(error).__name__}: {error}")

        before = sys.unraisablehook
        sys.unraisablehook = unraisable
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                yield
        finally:
            sys.unraisablehook = before
        for warning in caught:
            self.note(f"warning: {warning.category.__name__}: {warning.message}")


def new_database(path: Path) -> Path:
    """A database file with a few rows."""
    connection = sqlite3.connect(path)
    connection.executescript(SCRIPT)
    connection.close()
    return path
