"""Classes mapped as in the 0.4 era, in both modes of state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Column, Engine, ForeignKey, Integer, MetaData, String, Table

from ormolu import Entity
from ormolu.ext.legacy import Session, create_session, mapper, relation
from ormolu.ext.legacy.mapping import registry
from tests.orm.models import create_script
from tests.orm.recording import Recorder, sqlite_engine

ROWS = """
INSERT INTO users (id, name) VALUES (1, 'ed'), (2, 'jack');
INSERT INTO addresses (id, user_id, email) VALUES
    (1, 1, 'ed@wood.com'), (2, 1, 'ed@bettyboop.com'), (3, 2, 'jack@bean.com');
INSERT INTO alt_users (id, name, nick) VALUES (1, 'alt ed', 'eddie');
INSERT INTO orders (id, alt_user_id, description) VALUES (1, 1, 'an order');
"""


@dataclass
class Era:
    """Tables, and classes that a test maps as it likes."""

    base: type
    metadata: MetaData
    User: Any
    Address: Any
    Order: Any

    @property
    def users(self) -> Table:
        return self.metadata.tables["users"]

    @property
    def addresses(self) -> Table:
        return self.metadata.tables["addresses"]

    @property
    def alt_users(self) -> Table:
        return self.metadata.tables["alt_users"]

    @property
    def orders(self) -> Table:
        return self.metadata.tables["orders"]

    def map(self, **addresses: Any) -> Any:
        """Map the user and his addresses; the user's mapper."""
        mapper(self.Address, self.addresses)
        properties = {"addresses": relation(self.Address, **addresses)}
        return mapper(self.User, self.users, properties=properties)

    def map_alt_users(self) -> Any:
        """Map the user class once more, to another table."""
        mapper(self.Order, self.orders)
        return mapper(
            self.User,
            self.alt_users,
            entity_name="alt_users",
            properties={"orders": relation(self.Order)},
        )


def tables() -> MetaData:
    """The tables of the chapter."""
    metadata = MetaData()

    def key() -> Column[int]:
        return Column("id", Integer, primary_key=True)

    Table("users", metadata, key(), Column("name", String(30)))
    Table(
        "addresses",
        metadata,
        key(),
        Column("user_id", ForeignKey("users.id")),
        Column("email", String(50)),
    )
    Table(
        "alt_users",
        metadata,
        key(),
        Column("name", String(30)),
        Column("nick", String(30)),
    )
    Table(
        "orders",
        metadata,
        key(),
        Column("alt_user_id", ForeignKey("alt_users.id")),
        Column("description", String(30)),
    )
    return metadata


class Greeting:
    """A method that every mapping of a class should have."""

    name: Any

    def greet(self) -> str:
        return f"hello, {self.name}"


@pytest.fixture(params=[object, Entity], ids=["adopted", "embedded"])
def era(request: pytest.FixtureRequest) -> Iterator[Era]:
    """New classes and tables."""
    base = request.param
    bases = () if base is object else (base,)
    namespace = {"__module__": __name__}
    yield Era(
        base,
        tables(),
        type("User", (Greeting, *bases), dict(namespace)),
        type("Address", bases, dict(namespace)),
        type("Order", bases, dict(namespace)),
    )
    registry.dispose()


@pytest.fixture
def sql() -> Recorder:
    """The statements that reach the database."""
    return Recorder()


@pytest.fixture
def engine(era: Era, sql: Recorder) -> Iterator[Engine]:
    """A database with a few rows in each table."""
    engine = sqlite_engine("core", sql, create_script(era.metadata) + ROWS)
    yield engine
    engine.dispose()


MakeSession = Callable[..., Session]


@pytest.fixture
def make_session(engine: Engine) -> Iterator[MakeSession]:
    """Make sessions on the database, which are closed in the end."""
    made: list[Session] = []

    def make(**kw: Any) -> Session:
        made.append(create_session(bind=engine, **kw))
        return made[-1]

    yield make
    for session in made:
        session.close()


@pytest.fixture
def sess(make_session: MakeSession) -> Session:
    """A transactional session with autoflush."""
    return make_session(transactional=True, autoflush=True)
