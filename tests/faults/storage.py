"""Programs on a database that refuses: constraints, a full disk, a lock, read-only."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from sqlalchemy import delete, insert, select, text, update

from tests.faults.listeners import Program
from tests.faults.world import World

ROWS = 1000
BAD = 500


def users(world: World, clash: str = "ann") -> list[Any]:
    """New users; one in the middle breaks the unique constraint."""
    made = [
        world.models.User(name=clash if n == BAD else f"user {n}", note="new")
        for n in range(ROWS)
    ]
    world.name(first=made[0], bad=made[BAD], last=made[-1])
    return made


def tags(world: World) -> list[Any]:
    """Tags that are in the database, loaded."""
    world.session.execute(
        insert(world.models.Tag.__table__),
        [{"code": f"t{n:04}", "rank": 1000 + n} for n in range(ROWS)],
    )
    world.session.commit()
    Tag = world.models.Tag
    found: list[Any] = world.session.scalars(
        select(Tag).where(Tag.rank >= 1000).order_by(Tag.code)
    ).all()
    world.name(first=found[0], bad=found[BAD], last=found[-1])
    return found


def generated_keys(world: World) -> None:
    world.session.add_all(users(world))
    world.session.flush()


def generated_keys_at_commit(world: World) -> None:
    world.session.add_all(users(world))
    world.session.commit()


def generated_keys_in_a_savepoint(world: World) -> None:
    ann = world.session.get(world.models.User, 1)
    ann.note = "before"
    world.name(ann=ann)
    with world.session.begin_nested():
        ann.note = "within"
        world.session.add_all(users(world))


def null_in_the_middle(world: World) -> None:
    made = users(world, "fine")
    made[BAD].name = None
    world.session.add_all(made)
    world.session.flush()


def given_keys(world: World) -> None:
    Tag = world.models.Tag
    made = [Tag(code="a" if n == BAD else f"t{n}", rank=n + 10) for n in range(ROWS)]
    world.name(first=made[0], bad=made[BAD], last=made[-1])
    world.session.add_all(made)
    world.session.flush()


def given_keys_twice(world: World) -> None:
    """Both are in the session: it is not the database that finds out first."""
    Tag = world.models.Tag
    made = [Tag(code=f"t{n % BAD}", rank=n + 10) for n in range(BAD + 1)]
    world.name(first=made[0], last=made[-1])
    world.session.add_all(made)
    world.session.flush()


def updates(world: World) -> None:
    for n, tag in enumerate(tags(world)):
        tag.rank = 1 if n == BAD else 5000 + n
    world.session.flush()


def updates_at_commit(world: World) -> None:
    for n, tag in enumerate(tags(world)):
        tag.rank = 1 if n == BAD else 5000 + n
    world.session.commit()


def changed_keys(world: World) -> None:
    for n, tag in enumerate(tags(world)):
        tag.code = "a" if n == BAD else f"u{n}"
    world.session.flush()


def _trigger(world: World, event: str) -> None:
    world.session.execute(
        text(
            f"CREATE TRIGGER no BEFORE {event} ON tags WHEN old.code = 't0{BAD}' "
            "BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        )
    )


def deletes(world: World) -> None:
    _trigger(world, "DELETE")
    for tag in tags(world):
        world.session.delete(tag)
    world.session.flush()


def a_trigger_that_rolls_back(world: World) -> None:
    """The database ends the transaction on its own."""
    world.session.execute(
        text(
            "CREATE TRIGGER no BEFORE INSERT ON users WHEN new.name = 'user 7' "
            "BEGIN SELECT RAISE(ROLLBACK, 'all of it'); END"
        )
    )
    generated_keys(world)


def rows_that_are_gone(world: World) -> None:
    found = tags(world)
    Tag = world.models.Tag.__table__
    world.session.execute(delete(Tag).where(Tag.c.code == f"t0{BAD}"))
    for tag in found:
        tag.rank += 10_000
    world.session.flush()


def bulk_insert(world: World) -> None:
    rows = [{"name": "ann" if n == BAD else f"u{n}"} for n in range(ROWS)]
    world.session.execute(insert(world.models.User), rows)


def bulk_insert_returning(world: World) -> None:
    User = world.models.User
    rows = [{"name": "ann" if n == BAD else f"u{n}"} for n in range(ROWS)]
    world.session.scalars(insert(User).returning(User), rows).all()


def bulk_update(world: World) -> None:
    tags(world)
    rows = [{"code": f"t{n:04}", "rank": 1 if n == BAD else -n} for n in range(ROWS)]
    world.session.execute(update(world.models.Tag), rows)


def update_by_criteria(world: World) -> None:
    tags(world)
    world.session.execute(update(world.models.Tag).values(rank=1))


def bulk_save(world: World) -> None:
    world.session.bulk_save_objects(users(world))


def bulk_mappings(world: World) -> None:
    rows = [{"name": "ann" if n == BAD else f"u{n}"} for n in range(ROWS)]
    world.session.bulk_insert_mappings(world.models.User, rows)


def _fill(world: World) -> None:
    connection = world.session.connection()
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")


def full_disk(world: World) -> None:
    _fill(world)
    generated_keys(world)


def full_disk_in_an_update(world: World) -> None:
    found = world.session.scalars(select(world.models.User)).all()
    world.name(ann=found[0], bob=found[1])
    _fill(world)
    for user in found:
        user.note = "x" * 50_000
    world.session.commit()


def read_only(world: World) -> None:
    world.session.connection().exec_driver_sql("PRAGMA query_only = 1")
    ann = world.session.get(world.models.User, 1)
    ann.note = "changed"
    world.name(ann=ann)
    try:
        world.session.commit()
    finally:
        world.session.rollback()
        world.session.connection().exec_driver_sql("PRAGMA query_only = 0")


def _with_a_lock(sql: str, step: Callable[[World], Any]) -> Program:
    def run(world: World) -> None:
        connection = world.session.connection()
        connection.exec_driver_sql("PRAGMA busy_timeout = 5")
        world.session.commit()
        world.name(ann=world.session.get(world.models.User, 1))
        world.session.commit()
        other = sqlite3.connect(world.path, isolation_level=None)
        other.execute("BEGIN")
        other.execute(sql).fetchall()
        try:
            step(world)
        finally:
            other.rollback()
            other.close()

    return run


def _change(world: World) -> None:
    world.note(world.named["ann"].name)  # loads it, with either ORM
    world.named["ann"].note = "changed"
    world.name(eve=world.models.User(name="eve"))
    world.session.add(world.named["eve"])


def _change_and_flush(world: World) -> None:
    _change(world)
    world.session.flush()


def _change_and_commit(world: World) -> None:
    _change(world)
    world.session.commit()


def _commit_again(world: World) -> None:
    """What failed because of a lock can be done again, after a rollback."""
    _change(world)
    world.attempt("commit", world.session.commit)
    world.session.rollback()
    world.session.commit()


WRITE, READ = "UPDATE users SET note = note", "SELECT * FROM users"
PROGRAMS: dict[str, Program] = {
    p.__name__: p
    for p in (
        generated_keys,
        generated_keys_at_commit,
        generated_keys_in_a_savepoint,
        null_in_the_middle,
        given_keys,
        given_keys_twice,
        updates,
        updates_at_commit,
        changed_keys,
        deletes,
        a_trigger_that_rolls_back,
        rows_that_are_gone,
        bulk_insert,
        bulk_insert_returning,
        bulk_update,
        update_by_criteria,
        bulk_save,
        bulk_mappings,
        full_disk,
        full_disk_in_an_update,
        read_only,
    )
}
PROGRAMS |= {
    "locked for a write, flush": _with_a_lock(WRITE, _change_and_flush),
    "locked for a write, commit": _with_a_lock(WRITE, _change_and_commit),
    "locked for a read, commit": _with_a_lock(READ, _change_and_commit),
    "locked for a read, commit again": _with_a_lock(READ, _commit_again),
    "locked exclusively, load": _with_a_lock(
        WRITE, lambda world: world.note(str(world.named["ann"].name))
    ),
}
COMPARED = PROGRAMS
