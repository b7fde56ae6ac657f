"""Programs on a server: killed connections, deadlocks, locks, isolation."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError

from tests.faults.listeners import change, load
from tests.faults.server_world import ServerRunner, ServerWorld

RUNNER = ServerRunner


def killed_before_a_flush(world: ServerWorld) -> None:
    load(world)
    change(world)
    world.kill()
    world.session.flush()


def killed_in_mid_flush(world: ServerWorld) -> None:
    load(world)
    change(world)
    Address = world.models.Address
    world.listen(Address, "before_update", lambda *args: world.kill())
    world.session.flush()


def killed_before_a_commit(world: ServerWorld) -> None:
    load(world)
    change(world)
    world.session.flush()
    world.kill()
    world.session.commit()


def killed_in_a_load(world: ServerWorld) -> None:
    load(world)
    world.kill()
    world.session.scalars(select(world.models.User)).all()


def killed_in_a_get(world: ServerWorld) -> None:
    load(world)
    world.kill()
    world.session.get(world.models.User, 3)


def killed_in_a_lazy_load(world: ServerWorld) -> None:
    cid = world.session.get(world.models.User, 3)
    world.name(cid=cid)
    world.kill()
    cid.addresses


def killed_in_a_refresh(world: ServerWorld) -> None:
    load(world)
    world.kill()
    world.session.refresh(world.named["ann"])


def killed_in_a_savepoint(world: ServerWorld) -> None:
    load(world)
    with world.session.begin_nested():
        change(world)
        world.session.flush()
        world.kill()


def killed_before_a_rollback(world: ServerWorld) -> None:
    load(world)
    change(world)
    world.session.flush()
    world.kill()
    world.session.rollback()


def killed_in_a_yield_per(world: ServerWorld) -> None:
    User = world.models.User
    statement = select(User).order_by(User.id).execution_options(yield_per=1)
    for user in world.session.scalars(statement):
        world.name(**{user.name: user})
        if user.name == "ann":
            world.kill()


def killed_in_the_pool(world: ServerWorld) -> None:
    load(world)
    connection = world.session.connection()
    kill = connection.connection.driver_connection
    world.note(str(kill is not None))
    world.kill()
    world.attempt("rollback of it", world.session.rollback)
    world.attempt("first", lambda: world.named["ann"].note)
    world.attempt("rollback", world.session.rollback)
    world.attempt("again", lambda: world.named["ann"].note)


def _stale_pool(world: ServerWorld, **options: Any) -> None:
    """A connection of the pool dies between two transactions."""
    world.engine.dispose()
    world.engine = world.make_engine(**options)
    if world.core_only:
        event.listen(world.engine, "before_cursor_execute", lambda *args: None)
    world.session.bind = world.engine
    load(world)
    connections = [world.engine.connect(), world.session.connection()]
    others = [c.connection.driver_connection for c in connections]
    world.note(f"checked out: {world.engine.pool.checkedout()} {len(others)}")  # type: ignore[attr-defined]
    for connection in connections:
        world.kill(connection)
    connections[0].close()
    world.attempt("commit", world.session.commit)
    world.attempt("first", lambda: world.named["ann"].note)
    world.attempt("rolled back", world.session.rollback)
    world.attempt("second", lambda: world.named["ann"].note)
    world.attempt("committed", world.session.commit)
    world.attempt("get", lambda: world.session.get(world.models.User, 3).name)


def a_stale_pool(world: ServerWorld) -> None:
    _stale_pool(world)


def a_stale_pool_with_pre_ping(world: ServerWorld) -> None:
    _stale_pool(world, pool_pre_ping=True)


def told_of_the_error(world: ServerWorld) -> None:
    def note(context: Any) -> None:
        world.note(
            f"error: {type(context.original_exception).__name__} "
            f"{type(context.sqlalchemy_exception).__name__} "
            f"disconnect={context.is_disconnect} {context.statement}"
        )

    event.listen(world.engine, "handle_error", note)
    killed_in_a_get(world)


def deadlocked(world: ServerWorld) -> None:
    """Two transactions wait for each other; this one is chosen to fail."""
    User = world.models.User
    session = world.session
    ann, bob = session.get(User, 1), session.get(User, 2)
    world.name(ann=ann, bob=bob)
    if world.is_postgresql:
        session.execute(text("SET LOCAL deadlock_timeout = '50ms'"))
    with world.other() as other:
        if world.is_postgresql:
            other.execute(text("SET LOCAL deadlock_timeout = '60s'"))
        else:  # the lighter one is chosen
            other.execute(text("UPDATE addresses SET email = concat(email, '!')"))
        other.execute(text("UPDATE users SET note = 'other' WHERE id = 2"))
        ann.note = "mine"
        session.flush()
        waiting = threading.Thread(
            target=other.execute,
            args=(text("UPDATE users SET note = 'other' WHERE id = 1"),),
        )
        waiting.start()
        try:
            _wait_for_waiting(world)
            bob.note = "mine"
            session.flush()
        finally:
            session.rollback()
            waiting.join()


def _wait_for_waiting(world: ServerWorld) -> None:
    if world.is_postgresql:
        query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    else:
        query = (
            "SELECT count(*) FROM information_schema.innodb_trx "
            "WHERE trx_state = 'LOCK WAIT'"
        )
    with world.admin.connect() as admin:
        for _ in range(2000):
            if admin.exec_driver_sql(query).scalar():
                return


def _limit_waiting(world: ServerWorld) -> None:
    if world.is_postgresql:
        world.session.execute(text("SET LOCAL lock_timeout = '50ms'"))
    else:
        world.session.execute(text("SET SESSION innodb_lock_wait_timeout = 1"))


def _locked(step: Callable[[ServerWorld], Any]) -> Callable[[ServerWorld], None]:
    """A step while somebody else has the row of a user locked."""

    def run(world: ServerWorld) -> None:
        with world.other() as other:
            other.execute(text("UPDATE users SET note = 'other' WHERE id = 1"))
            _limit_waiting(world)
            step(world)

    return run


def _flush(world: ServerWorld) -> None:
    load(world)
    change(world)
    world.session.flush()


def _for_update(**options: Any) -> Callable[[ServerWorld], None]:
    def step(world: ServerWorld) -> None:
        User = world.models.User
        statement = select(User).order_by(User.id).with_for_update(**options)
        found = world.session.scalars(statement).all()
        world.note(str([user.name for user in found]))

    return step


def _get_for_update(world: ServerWorld) -> None:
    world.session.get(world.models.User, 1, with_for_update={"nowait": True})


def _refresh_for_update(world: ServerWorld) -> None:
    world.name(ann=world.session.get(world.models.User, 1))
    world.session.refresh(world.named["ann"], with_for_update={"nowait": True})


def _serialized(level: str) -> Callable[[ServerWorld], None]:
    """Two transactions that cannot have come one after the other."""

    def run(world: ServerWorld) -> None:
        User = world.models.User
        session = world.session
        session.connection(execution_options={"isolation_level": level})
        found = session.scalars(select(User).order_by(User.id)).all()
        world.name(ann=found[0])
        engine = world.make_engine(isolation_level=level)
        with world.orm.Session(engine) as other:
            users = other.scalars(select(User).order_by(User.id)).all()
            if level == "SERIALIZABLE":
                other.add(User(name=f"after {len(users)}"))
                session.add(User(name=f"also after {len(found)}"))
            else:
                users[0].note = "other"
                found[0].note = "mine"
            try:
                other.commit()
            except DBAPIError as error:
                world.note_error("other", error)
        engine.dispose()
        session.commit()

    return run


PROGRAMS: dict[str, Callable[[ServerWorld], Any]] = {
    p.__name__: p
    for p in (
        killed_before_a_flush,
        killed_in_mid_flush,
        killed_before_a_commit,
        killed_in_a_load,
        killed_in_a_get,
        killed_in_a_lazy_load,
        killed_in_a_refresh,
        killed_in_a_savepoint,
        killed_before_a_rollback,
        killed_in_a_yield_per,
        killed_in_the_pool,
        a_stale_pool,
        a_stale_pool_with_pre_ping,
        told_of_the_error,
        deadlocked,
    )
}
PROGRAMS |= {
    "a lock timeout in a flush": _locked(_flush),
    "for update, nowait": _locked(_for_update(nowait=True)),
    "for update, skip locked": _locked(_for_update(skip_locked=True)),
    "for share, nowait": _locked(_for_update(nowait=True, read=True)),
    "get for update": _locked(_get_for_update),
    "refresh for update": _locked(_refresh_for_update),
    "repeatable read": _serialized("REPEATABLE READ"),
}
POSTGRESQL_ONLY = {"serializable": _serialized("SERIALIZABLE")}
COMPARED = PROGRAMS | POSTGRESQL_ONLY
