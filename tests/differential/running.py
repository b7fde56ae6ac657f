"""The two worlds, made once a process."""

from functools import cache

import sqlalchemy.orm

import ormolu

from .comparing import Comparison, disturbed_memory
from .interpreter import World
from .models import template

REFERENCES = 16


@cache
def world(name: str, number: int = 0) -> World:
    """A world of an ORM."""
    orm = {"ormolu": ormolu, "sqlalchemy.orm": sqlalchemy.orm}[name]
    with disturbed_memory(number):
        return World(orm, template(), number)


@cache
def comparison(reference_twice: bool = False) -> Comparison:
    """sqlalchemy.orm as the reference for Ormolu."""
    references = [world("sqlalchemy.orm", number) for number in range(REFERENCES)]
    other = world("sqlalchemy.orm" if reference_twice else "ormolu", REFERENCES)
    return Comparison(references, other)
