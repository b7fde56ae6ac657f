"""Execution options of sessions and statements: who sees them, and who follows them."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event, inspect, select, text

from ormolu import (
    Session,
    UserDefinedOption,
    immediateload,
    lazyload,
    selectinload,
)


class Heard:
    """The user's options as cursors and listeners of a session see them."""

    def __init__(self, engine: Engine) -> None:
        self.cursors: list[dict[str, Any]] = []
        self.executions: list[dict[str, Any]] = []
        event.listen(engine, "before_cursor_execute", self._cursor)

    def _cursor(self, *args: Any) -> None:
        self.cursors.append(self._own(args[4].execution_options))

    def note(self, state: Any) -> None:
        self.executions.append(self._own(state.execution_options))

    @staticmethod
    def _own(options: Any) -> dict[str, Any]:
        return {k: v for k, v in options.items() if k.startswith("my_")}

    def take(self) -> list[dict[str, Any]]:
        taken, self.cursors = self.cursors, []
        return taken


@pytest.fixture
def heard(engine: Engine) -> Heard:
    return Heard(engine)


@pytest.fixture
def filled(engine: Engine, user_class: Any, address_class: Any) -> Engine:
    with Session(engine) as session:
        for number in (1, 2):
            addresses = [address_class(email=f"{number}")]
            session.add(user_class(id=number, name="u", addresses=addresses))
        session.commit()
    return engine


@pytest.fixture
def session(filled: Engine) -> Iterator[Session]:
    with Session(filled, execution_options={"my_own": 1}) as made:
        yield made


def test_those_of_a_session_reach_every_load(
    session: Session, heard: Heard, user_class: Any
) -> None:
    event.listen(session, "do_orm_execute", heard.note)
    user = session.get(user_class, 1)
    assert user is not None
    _ = user.addresses
    session.expire(user)
    _ = user.name
    session.refresh(user)
    assert heard.executions == [{"my_own": 1}] * 4
    assert heard.take() == [{"my_own": 1}] * 4


def test_those_of_a_session_reach_a_flush_and_its_connection(
    session: Session, heard: Heard, user_class: Any
) -> None:
    session.add(user_class(id=7))
    session.flush()
    assert heard.take() == [{"my_own": 1}]
    assert session.connection().get_execution_options()["my_own"] == 1


def test_a_given_connection_gets_them_too(filled: Engine) -> None:
    with filled.connect() as connection:
        with Session(connection, execution_options={"my_own": 2}) as session:
            session.execute(text("SELECT 1"))
        assert connection.get_execution_options()["my_own"] == 2


def test_the_statement_goes_before_the_session_and_the_call_before_both(
    session: Session, heard: Heard, user_class: Any
) -> None:
    event.listen(session, "do_orm_execute", heard.note)
    statement = select(user_class).execution_options(my_own="s", my_other="s")
    session.execute(statement, execution_options={"my_other": "c"})
    assert heard.executions == [{"my_own": "s", "my_other": "c"}]


@pytest.mark.parametrize(
    ("load", "statements"), [(selectinload, 2), (immediateload, 3)]
)
def test_loads_that_come_with_another_follow_its_options(
    filled: Engine, heard: Heard, user_class: Any, load: Any, statements: int
) -> None:
    with Session(filled) as session:
        session.scalars(
            select(user_class)
            .options(load(user_class.addresses))
            .execution_options(my_one=1),
            execution_options={"my_two": 2},
        ).all()
    assert heard.take() == [{"my_one": 1, "my_two": 2}] * statements


def test_a_lazy_load_does_not(filled: Engine, heard: Heard, user_class: Any) -> None:
    with Session(filled) as session:
        users = session.scalars(select(user_class).execution_options(my_one=1)).all()
        _ = users[0].addresses
    assert heard.take() == [{"my_one": 1}, {}]


class Tag(UserDefinedOption):
    propagate_to_loaders = True

    def _gen_cache_key(self, anon_map: Any, bindparams: Any) -> Any:
        return (None,)


@pytest.mark.parametrize("load", [lazyload, selectinload, immediateload])
def test_a_users_option_reaches_the_loads_that_follow(
    filled: Engine, user_class: Any, load: Any
) -> None:
    with Session(filled) as session:
        seen: list[Any] = []
        event.listen(
            session,
            "do_orm_execute",
            lambda s: seen.extend(o.payload for o in s.user_defined_options),
        )
        for payload in ("one", "two"):  # the same plan, and another value each time
            statement = select(user_class).options(load(user_class.addresses))
            user = session.scalars(statement.options(Tag(payload))).first()
            _ = user.addresses
            assert set(seen) == {payload}
            assert len(seen) >= 2
            seen.clear()
            session.expunge_all()


@pytest.mark.parametrize(
    ("given", "options", "seen"),
    [
        (None, {}, "absent"),
        (True, {"populate_existing": False}, True),
        (False, {"populate_existing": True}, False),
        (None, {"populate_existing": True}, True),
    ],
)
def test_populate_existing_of_get(
    filled: Engine, user_class: Any, given: Any, options: Any, seen: Any
) -> None:
    with Session(filled) as session:
        heard: list[Any] = []
        event.listen(
            session,
            "do_orm_execute",
            lambda s: heard.append(
                s.execution_options.get("populate_existing", "absent")
            ),
        )
        session.get(user_class, 1, populate_existing=given, execution_options=options)
        assert heard == [seen]


def test_an_identity_token_keeps_objects_apart(filled: Engine, user_class: Any) -> None:
    with Session(filled) as session:
        plain = session.get(user_class, 1)
        statement = select(user_class).where(user_class.id == 1)
        apart = session.scalars(statement.execution_options(identity_token="t")).one()
        assert apart is not plain
        assert inspect(apart).identity_key == (user_class, (1,), "t")
        assert session.get(user_class, 1, identity_token="t") is apart
        other = session.get(user_class, 1, identity_token="other")
        assert inspect(other).identity_token == "other"
