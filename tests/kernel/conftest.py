"""Fixtures of the kernel's tests: each runs on both implementations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest

from ormolu._speedups._choose import Implementation
from ormolu.mapping.configure import layout_for
from tests.kernel.models import World, world_of


@pytest.fixture(params=get_args(Implementation))
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Mapped classes of one implementation."""
    try:
        world = world_of(request.param)
    except ImportError as error:
        if request.param == "cython":
            pytest.skip(f"the extensions are not built: {error}")
        raise
    world.state.set_missing_layout_hook(None)
    yield world
    # the package itself runs on one of the two, and needs its hook back
    world.state.set_missing_layout_hook(layout_for)


@pytest.fixture(params=["embedded", "adopted"])
def cls(world: World, request: pytest.FixtureRequest) -> type[Any]:
    """A mapped class with each kind of state."""
    found: type[Any] = getattr(world, request.param)
    return found
