"""Programs in which values, types, results and signals of the user's own raise."""

from __future__ import annotations

import _thread
import signal
from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    Column,
    Integer,
    String,
    Table,
    TypeDecorator,
    bindparam,
    event,
    select,
    text,
)

from tests.faults.listeners import Program
from tests.faults.world import Fuse, World


class Key:
    """A primary key's value that can't always be compared or hashed."""

    fuse: Any = None

    def __init__(self, text: str) -> None:
        self.text = text

    def __hash__(self) -> int:
        if Key.fuse is not None:
            Key.fuse("hash")
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        if Key.fuse is not None:
            Key.fuse("eq")
        return isinstance(other, Key) and self.text == other.text

    def __lt__(self, other: Key) -> bool:
        return self.text < other.text

    def __repr__(self) -> str:
        return f"Key({self.text})"


class OnlyFor:
    """A fuse for one kind of call."""

    def __init__(self, kind: str, fuse: Fuse) -> None:
        self.kind, self.fuse = kind, fuse

    def __call__(self, kind: str) -> None:
        if kind == self.kind:
            self.fuse()


class Guarded(TypeDecorator[Any]):
    """A type that calls a listener at each of its steps."""

    impl = String
    cache_ok = True
    fuse: Any = None

    def _call(self, kind: str) -> None:
        if Guarded.fuse is not None:
            Guarded.fuse(kind)

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        self._call("bind")
        return value

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        self._call("result")
        return value

    def compare_values(self, x: Any, y: Any) -> bool:
        self._call("compare")
        return bool(x == y)

    def copy_value(self, value: Any) -> Any:
        self._call("copy")
        return value


class KeyType(TypeDecorator[Any]):
    """Stores the text of a key."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return None if value is None else value.text

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return None if value is None else Key(value)


DEFAULTS: dict[str, Any] = {}


def _default(name: str) -> Callable[[], str]:
    def make() -> str:
        fuse = DEFAULTS.get(name)
        if fuse is not None:
            fuse()
        return name

    return make


def map_guarded(world: World) -> Any:
    """A class with guarded values, of this program alone, and a few rows."""
    registry = world.orm.registry()
    table = Table(
        "guarded",
        registry.metadata,
        Column("id", Integer, primary_key=True),
        Column("value", Guarded),
        Column("made", String, default=_default("made")),
        Column("changed", String, onupdate=_default("changed")),
    )

    class Guard:
        def __init__(self, **values: Any) -> None:
            for name, value in values.items():
                setattr(self, name, value)

    registry.map_imperatively(Guard, table)
    world._removers.append(registry.dispose)
    table.create(world.session.connection())
    world.session.add_all([Guard(value=f"v{n}") for n in range(5)])
    world.session.commit()
    world.session.expunge_all()
    return Guard


def map_keyed(world: World) -> Any:
    """A class with keys that may raise, and a few rows."""
    registry = world.orm.registry()
    table = Table(
        "keyed",
        registry.metadata,
        Column("key", KeyType, primary_key=True),
        Column("note", String),
    )

    class Keyed:
        def __init__(self, key: Any, note: str) -> None:
            self.key, self.note = key, note

    registry.map_imperatively(Keyed, table)
    world._removers.append(registry.dispose)
    table.create(world.session.connection())
    world.session.add_all([Keyed(Key(f"k{n}"), "n") for n in range(5)])
    world.session.commit()
    world.session.expunge_all()
    return Keyed


def guarded(step: str, kind: str, error: type[BaseException], at: int) -> Program:
    """A step in which a type raises."""

    def run(world: World) -> None:
        Guard = map_guarded(world)
        fuse = Fuse(error, at)
        if kind in ("made", "changed"):
            DEFAULTS[kind] = fuse
        else:
            Guarded.fuse = OnlyFor(kind, fuse)
        world._removers.append(DEFAULTS.clear)
        world._removers.append(lambda: setattr(Guarded, "fuse", None))
        GUARDED_STEPS[step](world, Guard)

    return run


def _load(world: World, Guard: Any) -> None:
    found = world.session.scalars(select(Guard).order_by(Guard.id)).all()
    world.name(**{f"g{guard.id}": guard for guard in found})


def _get(world: World, Guard: Any) -> None:
    world.session.get(Guard, 2)


def _where(world: World, Guard: Any) -> None:
    statement = select(Guard).where(Guard.value == bindparam("v"))
    world.session.scalars(statement, {"v": "v3"}).all()


def _insert(world: World, Guard: Any) -> None:
    made = [Guard(value=f"new {n}") for n in range(4)]
    world.name(first=made[0], last=made[-1])
    world.session.add_all(made)
    world.session.flush()


def _update(world: World, Guard: Any) -> None:
    _load(world, Guard)
    for guard in world.named.values():
        guard.value = f"{guard.value}!"
    world.session.commit()


def _refresh(world: World, Guard: Any) -> None:
    _load(world, Guard)
    world.session.refresh(world.named["g2"])
    world.session.commit()
    world.note(world.named["g3"].value)


GUARDED_STEPS: dict[str, Callable[[World, Any], None]] = {
    "load": _load,
    "get": _get,
    "where": _where,
    "insert": _insert,
    "update": _update,
    "refresh": _refresh,
}


def keyed(step: str, kind: str, error: type[BaseException], at: int) -> Program:
    """A step in which a key raises."""

    def run(world: World) -> None:
        Keyed = map_keyed(world)
        Key.fuse = OnlyFor(kind, Fuse(error, at))
        world._removers.append(lambda: setattr(Key, "fuse", None))
        try:
            KEYED_STEPS[step](world, Keyed)
        finally:
            Key.fuse = None

    return run


def _load_keyed(world: World, Keyed: Any) -> None:
    found = world.session.scalars(select(Keyed)).all()
    world.name(one=found[0], two=found[1])
    world.session.scalars(select(Keyed)).all()


def _get_keyed(world: World, Keyed: Any) -> None:
    world.name(one=world.session.get(Keyed, Key("k1")))
    world.session.get(Keyed, Key("k1"))


def _flush_keyed(world: World, Keyed: Any) -> None:
    made = [Keyed(Key(f"new {n}"), "x") for n in range(3)]
    world.name(first=made[0], last=made[-1])
    world.session.add_all(made)
    world.session.commit()


KEYED_STEPS: dict[str, Callable[[World, Any], None]] = {
    "load": _load_keyed,
    "get": _get_keyed,
    "flush": _flush_keyed,
}


# -- results that are left in the middle -------------------------------------------------


def yield_per_error(world: World) -> None:
    User = world.models.User
    for user in world.session.scalars(
        select(User).order_by(User.id).execution_options(yield_per=1)
    ):
        world.name(**{user.name: user})
        if user.name == "bob":
            raise RuntimeError("enough")


def yield_per_interrupt(world: World) -> None:
    User = world.models.User
    result = world.session.execute(
        select(User).order_by(User.id), execution_options={"yield_per": 1}
    )
    for (user,) in result:
        world.name(**{user.name: user})
        user.note = "seen"
        if user.name == "bob":
            raise KeyboardInterrupt


def yield_per_generator_exit(world: World) -> None:
    User = world.models.User

    def users() -> Any:
        statement = select(User).order_by(User.id).execution_options(yield_per=1)
        yield from world.session.scalars(statement)

    generator = users()
    world.name(first=next(generator))
    generator.close()
    world.note(f"checked out: {world.engine.pool.checkedout()}")  # type: ignore[attr-defined]
    world.session.commit()


def yield_per_closed(world: World) -> None:
    User = world.models.User
    result = world.session.execute(select(User).execution_options(yield_per=1))
    next(iter(result))
    result.close()
    world.attempt("after close", result.all)
    world.session.commit()


def yield_per_after_commit(world: World) -> None:
    User = world.models.User
    result = world.session.scalars(
        select(User).order_by(User.id).execution_options(yield_per=1)
    )
    rows = iter(result)
    world.name(first=next(rows))
    world.session.rollback()
    world.attempt("next", lambda: next(rows))


def yield_per_load_event(world: World) -> None:
    User = world.models.User
    world.listen(User, "load", Fuse(RuntimeError, 2))
    result = world.session.scalars(
        select(User).order_by(User.id).execution_options(yield_per=2)
    )
    world.attempt("first", lambda: len(list(result)))
    world.attempt("again", lambda: len(list(result)))


def partitions_interrupted(world: World) -> None:
    User = world.models.User
    result = world.session.scalars(select(User).order_by(User.id))
    for (user,) in result.partitions(1):
        world.name(**{user.name: user})
        raise KeyboardInterrupt


def unique_interrupted(world: World) -> None:
    User = world.models.User
    statement = select(User).options(world.orm.joinedload(User.addresses))
    world.listen(world.models.Address, "load", Fuse(KeyboardInterrupt, 3))
    world.session.scalars(statement).unique().all()


def selectin_interrupted(world: World) -> None:
    User = world.models.User
    statement = select(User).options(world.orm.selectinload(User.addresses))
    world.listen(world.models.Address, "load", Fuse(KeyboardInterrupt, 3))
    try:
        world.session.scalars(statement).all()
    finally:
        users = world.session.scalars(select(User).order_by(User.id)).all()
        world.note(str([len(user.addresses) for user in users]))


# -- signals ----------------------------------------------------------------------------


def _with_interrupt(world: World) -> None:
    """Statements may call ``interrupt(2)``: ^C, as soon as the driver returns."""
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def connect(dbapi_connection: Any, record: Any) -> None:
        dbapi_connection.create_function("interrupt", 1, _thread.interrupt_main)

    event.listen(world.engine, "connect", connect)


def interrupted_flush(world: World) -> None:
    _with_interrupt(world)
    User = world.models.User
    world.session.execute(
        text(
            "CREATE TEMP TRIGGER no AFTER INSERT ON users WHEN new.name = 'u2' "
            "BEGIN SELECT interrupt(2); END"
        )
    )
    ann = world.session.get(User, 1)
    ann.note = "changed"
    made = [User(name=f"u{n}") for n in range(5)]
    world.name(ann=ann, first=made[0], last=made[-1])
    world.session.add_all(made)
    world.session.flush()


def interrupted_load(world: World) -> None:
    _with_interrupt(world)
    User = world.models.User
    statement = text("SELECT * FROM users WHERE interrupt(2) IS NULL")
    world.session.scalars(select(User).from_statement(statement)).all()


def interrupted_processor(world: World) -> None:
    Guard = map_guarded(world)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    calls = iter(range(10))

    def at_third(kind: str) -> None:
        if kind == "result" and next(calls) == 2:
            signal.raise_signal(signal.SIGINT)

    Guarded.fuse = at_third
    world._removers.append(lambda: setattr(Guarded, "fuse", None))
    _load(world, Guard)


# -- objects that misbehave ----------------------------------------------------------------


def failing_constructor(world: World) -> None:
    """The objects that were made before stay what they are."""
    User, Address = world.models.User, world.models.Address
    ann = world.session.get(User, 1)
    world.name(ann=ann)
    world.attempt("bad name", lambda: User(name="x", nonsense=1).nonsense)

    def addresses() -> Any:
        yield Address(email="one")
        raise RuntimeError("no more")

    def assign() -> None:
        ann.addresses = list(addresses())

    world.attempt("bad list", assign)
    world.attempt("bad extend", lambda: ann.addresses.extend(addresses()))
    world.session.commit()
    world.note(str([address.email for address in ann.addresses]))


def flush_in_a_listener(world: World) -> None:
    User = world.models.User
    world.listen(
        world.session, "before_flush", lambda session, context, objects: session.flush()
    )
    world.session.add(User(name="eve"))
    world.session.flush()


def commit_in_a_listener(world: World) -> None:
    User = world.models.User
    world.listen(world.session, "before_commit", lambda session: session.commit())
    world.name(eve=User(name="eve"))
    world.session.add(world.named["eve"])
    world.session.commit()


def cases() -> dict[str, Program]:
    """All of them, by name."""
    made: dict[str, Program] = {}
    kinds = {
        "load": ["result"],
        "get": ["result"],
        "where": ["bind", "result"],
        "insert": ["bind", "made"],
        "update": ["bind", "changed"],
        "refresh": ["result"],
    }
    for step, those in kinds.items():
        for kind in those:
            for error in (RuntimeError, KeyboardInterrupt):
                for at in (1, 3):
                    name = f"{step}: {kind} raises {error.__name__} at {at}"
                    made[name] = guarded(step, kind, error, at)
    for function in (
        yield_per_error,
        yield_per_interrupt,
        yield_per_generator_exit,
        yield_per_closed,
        yield_per_after_commit,
        yield_per_load_event,
        partitions_interrupted,
        unique_interrupted,
        selectin_interrupted,
        interrupted_flush,
        interrupted_load,
        interrupted_processor,
        failing_constructor,
        flush_in_a_listener,
        commit_in_a_listener,
    ):
        made[function.__name__] = function
    return made


COMPARED = cases()
KEYED: dict[str, Program] = {
    f"{step}: {kind} raises {error.__name__} at {at}": keyed(step, kind, error, at)
    for step in KEYED_STEPS
    for kind in ("hash", "eq")
    for error in (RuntimeError, KeyboardInterrupt)
    for at in (1, 2, 4, 7)
}
