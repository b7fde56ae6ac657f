"""An SQLAlchemy engine over the one connection of a :class:`bench.database.Database`."""

from __future__ import annotations

from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool

from bench.database import Database


def make_engine(database: Database) -> Engine:
    """Return an engine whose pool hands out the database's own connection."""
    return create_engine(
        database.url, creator=lambda: database.connection, poolclass=StaticPool
    )
