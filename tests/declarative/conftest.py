"""Declarative bases that are disposed of after each test."""

from __future__ import annotations

import pytest

from ormolu import DeclarativeBase, MappedAsDataclass, registry


@pytest.fixture
def base():
    class Base(DeclarativeBase):
        pass

    yield Base
    Base.registry.dispose(cascade=True)


@pytest.fixture
def dataclass_base():
    class Base(MappedAsDataclass, DeclarativeBase):
        pass

    yield Base
    Base.registry.dispose(cascade=True)


@pytest.fixture
def reg():
    made = registry()
    yield made
    made.dispose(cascade=True)
