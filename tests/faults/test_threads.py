"""Threads: many sessions on one engine, one session used wrongly, mappers raced for."""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Integer, create_engine, select
from sqlalchemy.exc import SQLAlchemyError

import ormolu
from tests.faults.models import Mode, build
from tests.faults.reference import Runner
from tests.faults.world import World


@pytest.fixture(autouse=True)
def _switch_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def together(count: int, work: Callable[[int], Any]) -> list[BaseException]:
    """Do something in several threads that start at once; what they raised."""
    barrier = threading.Barrier(count)
    raised: list[BaseException] = []

    def run(number: int) -> None:
        barrier.wait()
        try:
            work(number)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_many_sessions_load_the_same_classes(
    runner: Runner, lane: dict[str, Any]
) -> None:
    def program(world: World) -> None:
        User = world.models.User

        def work(number: int) -> None:
            for _ in range(20):
                with world.orm.Session(world.engine) as session:
                    statement = select(User).order_by(User.id)
                    users = session.scalars(
                        statement.options(world.orm.selectinload(User.addresses))
                    ).all()
                    assert [u.name for u in users] == ["ann", "bob", "cid"]
                    assert [len(u.addresses) for u in users] == [2, 1, 1]
                    assert session.get(User, 2) is users[1]
                    assert users[0].addresses[0].user is users[0]
                    users[number % 3].note = f"by {number}"
                    session.rollback()
                    assert users[1].note == "second"

        assert together(4, work) == []

    log = runner.run(program, **lane)
    assert log[0] == "program"
    assert "checked out: 0" in log


def test_one_statement_object_is_shared(runner: Runner) -> None:
    def program(world: World) -> None:
        User = world.models.User
        statement = select(User).where(User.id >= 1).order_by(User.id)

        def work(number: int) -> None:
            for _ in range(50):
                with world.orm.Session(world.engine) as session:
                    assert len(session.scalars(statement).all()) == 3

        assert together(4, work) == []

    assert runner.run(program)[0] == "program"


def test_one_session_in_two_threads_fails_cleanly(
    runner: Runner, lane: dict[str, Any]
) -> None:
    """Wrong use: any error of Python's or SQLAlchemy's will do, a crash will not."""

    def program(world: World) -> None:
        User = world.models.User
        engine = create_engine(
            f"sqlite:///{world.path}", connect_args={"check_same_thread": False}
        )
        session = world.orm.Session(engine)

        def work(number: int) -> None:
            order = random.Random(number)
            for n in range(150):
                step = order.randrange(6)
                try:
                    if step == 0:
                        session.scalars(select(User)).all()
                    elif step == 1:
                        session.get(User, order.randrange(1, 4))
                    elif step == 2:
                        for user in list(session.identity_map.values()):
                            user.note = f"{number} {n}"
                    elif step == 3:
                        session.flush()
                    elif step == 4:
                        session.expire_all()
                    else:
                        session.rollback()
                except (SQLAlchemyError, RuntimeError, LookupError, TypeError):
                    session.rollback()
                except AttributeError:  # what the other thread has just closed
                    pass

        together(3, work)
        try:
            session.close()
        except SQLAlchemyError:
            session.invalidate()
        engine.dispose()
        with world.orm.Session(world.engine) as fresh:
            names = fresh.scalars(select(User.name).order_by(User.id)).all()
            assert names == ["ann", "bob", "cid"]

    runner.run(program, **lane)


def test_mappers_are_configured_once_for_all_threads(mode: Mode) -> None:
    for _ in range(15):
        registry = ormolu.registry()
        base: Any = type("Base", (ormolu.DeclarativeBase,), {"registry": registry})
        classes: list[Any] = []
        for number in range(6):
            name = f"Part{number}"
            namespace: dict[str, Any] = {
                "__tablename__": name.lower(),
                "id": Column(Integer, primary_key=True),
            }
            if number:
                target = f"part{number - 1}"
                namespace["parent_id"] = Column(ForeignKey(f"{target}.id"))
                namespace["parent"] = ormolu.relationship(
                    f"Part{number - 1}", backref="children"
                )
            classes.append(type(name, (base,), namespace))
        last, first = classes[-1], classes[0]

        def work(
            number: int, first: Any = first, last: Any = last, classes: Any = classes
        ) -> None:
            if number % 2:
                child = last()
                child.parent = classes[-2]()
                assert child in child.parent.children
            else:
                parent = first()
                parent.children.append(classes[1]())
                assert parent.children[0].parent is parent
                str(select(last).join(last.parent))

        assert together(4, work) == []
        registry.dispose()


def test_models_of_several_threads_are_their_own(mode: Mode) -> None:
    def work(number: int) -> None:
        models = build(ormolu, mode)
        engine = create_engine("sqlite://")
        models.metadata.create_all(engine)
        with ormolu.Session(engine) as session:
            session.add(models.User(name="x", addresses=[models.Address(email="y")]))
            session.commit()
            assert session.scalars(select(models.User)).one().addresses[0].email == "y"
        engine.dispose()
        models.registry.dispose()

    assert together(4, work) == []
