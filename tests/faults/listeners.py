"""Programs whose listeners raise: each kind of event, in each kind of flush."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from tests.faults.world import Fuse, World

Program = Callable[[World], Any]

SESSION_EVENTS = (
    "before_flush",
    "after_flush",
    "after_flush_postexec",
    "before_commit",
    "after_commit",
    "after_begin",
    "after_rollback",
    "after_soft_rollback",
    "after_transaction_create",
    "after_transaction_end",
    "before_attach",
    "after_attach",
    "transient_to_pending",
    "pending_to_persistent",
    "persistent_to_deleted",
    "persistent_to_transient",
    "pending_to_transient",
    "deleted_to_persistent",
    "loaded_as_persistent",
    "do_orm_execute",
)
MAPPER_EVENTS = (
    "before_insert",
    "after_insert",
    "before_update",
    "after_update",
    "before_delete",
    "after_delete",
)
ENGINE_EVENTS = (
    "before_cursor_execute",
    "after_cursor_execute",
    "before_execute",
    "commit",
    "begin",
    "rollback",
)
INSTANCE_EVENTS = ("init", "load", "refresh", "expire", "refresh_flush")
ATTRIBUTE_EVENTS = (
    ("User", "note", "set"),
    ("User", "addresses", "append"),
    ("User", "addresses", "remove"),
    ("Address", "user", "set"),
)


def on_session(name: str) -> Callable[[World, Fuse], None]:
    return lambda world, fuse: world.listen(world.session, name, fuse)


def on_class(class_: str, name: str) -> Callable[[World, Fuse], None]:
    return lambda world, fuse: world.listen(getattr(world.models, class_), name, fuse)


def on_attribute(class_: str, key: str, name: str) -> Callable[[World, Fuse], None]:
    return lambda world, fuse: world.listen(
        getattr(getattr(world.models, class_), key), name, fuse
    )


def on_engine(name: str) -> Callable[[World, Fuse], None]:
    return lambda world, fuse: world.listen(world.engine, name, fuse)


POINTS: dict[str, Callable[[World, Fuse], None]] = {
    **{name: on_session(name) for name in SESSION_EVENTS},
    **{f"{c} {n}": on_class(c, n) for n in MAPPER_EVENTS for c in ("User", "Address")},
    **{f"User {n}": on_class("User", n) for n in INSTANCE_EVENTS},
    **{f"{c}.{k} {n}": on_attribute(c, k, n) for c, k, n in ATTRIBUTE_EVENTS},
    **{f"engine {name}": on_engine(name) for name in ENGINE_EVENTS},
}


# -- what the programs do ----------------------------------------------------------------


def load(world: World) -> None:
    """Load what is going to be changed."""
    models, session = world.models, world.session
    ann, bob = session.scalars(
        select(models.User).order_by(models.User.id).limit(2)
    ).all()
    world.name(ann=ann, bob=bob)
    if world.with_tags:
        world.name(tag=session.get(models.Tag, "a"))
    world.name(a1=ann.addresses[0], b1=bob.addresses[0])


def change(world: World) -> None:
    """New, changed and deleted objects, and links between them."""
    models, named = world.models, world.named
    world.name(eve=models.User(name="eve", note="new"))
    world.name(e1=models.Address(email="e1"))
    named["eve"].addresses.append(named["e1"])
    world.session.add(named["eve"])
    if world.with_tags:
        world.name(fresh=models.Tag(code="n", rank=9))
        world.session.add(named["fresh"])
        named["tag"].rank = 77
    named["ann"].note = "changed"
    named["ann"].addresses.remove(named["a1"])
    named["b1"].user = named["ann"]
    world.session.delete(named["bob"])


def flush(world: World) -> None:
    load(world)
    change(world)
    world.session.flush()


def commit(world: World) -> None:
    load(world)
    change(world)
    world.session.commit()


def autoflush(world: World) -> None:
    load(world)
    change(world)
    world.session.scalars(select(world.models.User)).all()


def savepoint(world: World) -> None:
    load(world)
    with world.session.begin_nested():
        change(world)


def rollback(world: World) -> None:
    load(world)
    change(world)
    world.session.flush()
    world.session.rollback()


def context(world: World) -> None:
    with world.session.begin():
        load(world)
        change(world)


def reload(world: World) -> None:
    load(world)
    world.session.commit()
    world.note(world.named["ann"].note)
    world.session.refresh(world.named["bob"])
    world.session.expire(world.named["ann"])
    world.session.execute(select(world.models.User)).all()


def merge(world: World) -> None:
    load(world)
    models = world.models
    given = models.User(id=1, name="ann", note="merged")
    given.addresses = [models.Address(id=2, email="m")]
    world.name(given=given)
    world.name(merged=world.session.merge(given))
    world.session.flush()


PROGRAMS: dict[str, Program] = {
    p.__name__: p
    for p in (
        flush,
        commit,
        autoflush,
        savepoint,
        rollback,
        context,
        reload,
        merge,
    )
}
ERRORS: dict[str, type[BaseException]] = {
    "error": RuntimeError,
    "interrupt": KeyboardInterrupt,
}


# A listener that raises while a transaction ends leaves some objects behind in
# sqlalchemy.orm: neither restored nor expired.  Ormolu finishes what it was at.
FINISHED = (
    "persistent_to_transient",
    "pending_to_transient",
    "pending_to_persistent",
    "deleted_to_persistent",
    "User expire",
    "User refresh",
)


def scenario(point: str, program: str, error: str, at: int) -> Program:
    """A program in which one listener raises."""

    def run(world: World) -> None:
        fuse = Fuse(ERRORS[error], at)
        POINTS[point](world, fuse)
        PROGRAMS[program](world)

    return run


def scenarios_of(point: str) -> dict[str, Program]:
    """The programs for one point where something raises."""
    cases = [(name, "error", 1) for name in PROGRAMS]
    cases += [(name, "interrupt", 2) for name in ("flush", "commit", "savepoint")]
    return {f"{point}: {case}": scenario(point, *case) for case in cases}


COMPARED: dict[str, Program] = {
    name: program
    for point in POINTS
    if point not in FINISHED
    for name, program in scenarios_of(point).items()
}
