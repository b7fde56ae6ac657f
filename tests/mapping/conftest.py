"""Tables that the tests of mappings map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table

import ormolu as orm


class Tables:
    """Users, who have addresses."""

    def __init__(self) -> None:
        metadata = MetaData()
        self.users = Table(
            "users",
            metadata,
            Column("id", Integer, primary_key=True),
            Column("name", String),
        )
        self.addresses = Table(
            "addresses",
            metadata,
            Column("id", Integer, primary_key=True),
            Column("user_id", ForeignKey("users.id")),
        )


@pytest.fixture
def tables() -> Tables:
    return Tables()


@pytest.fixture
def registry() -> Iterator[Any]:
    made = orm.registry()
    yield made
    made.dispose(cascade=True)
