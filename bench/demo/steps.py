"""The steps of the demonstration and the values that choose their rows."""

from __future__ import annotations

from dataclasses import dataclass

#: Cities read by key: at most so many.
POINTS = 2_000
#: Cities in one transaction of the load through the unit of work.
BATCH = 2_000
#: Cities with at least so many people are listed with their names.
BIG = 100_000
#: Cities of this time zone are listed with country and continent.
TIMEZONE = "Europe/London"
#: The continent that is walked by lazy loads.
WALKED = "EU"
#: Cities with a population from the first to below the second are edited.
EDITED = (1_000, 3_000)
#: The continent whose countries are deleted, with their cities and names.
DELETED = "OC"
#: The country whose cities are changed, deleted and added before the rollback.
ROLLED_BACK = "US"
#: Cities changed, deleted and added before the rollback.
ROLLBACK_CHANGES, ROLLBACK_DELETES, ROLLBACK_ADDS = 500, 20, 10


@dataclass(frozen=True, slots=True)
class Step:
    """A step; its key is the name of the method that does it and of its check.

    Args:
        key: The name of the method.
        title: The words on the screen.
        unit: What the step's count counts.
    """

    key: str
    title: str
    unit: str


@dataclass(frozen=True, slots=True)
class RollbackFacts:
    """What a program saw around a rollback.

    Args:
        inside: Rows of cities seen inside the transaction, after its flush.
        changed_inside: Changed names seen by the database inside the transaction.
        names_after: Names of the changed cities after the rollback, by key.
        restored: Whether each deleted city is there again.
        strays: Added cities that are still there.
    """

    inside: int
    changed_inside: int
    names_after: dict[int, str]
    restored: list[bool]
    strays: int


STEPS = (
    Step("create", "create the file and its tables", "tables"),
    Step("load_objects", "load all: objects, add_all, flush", "objects"),
    Step("load_bulk", "load all: bulk insert of dicts", "rows"),
    Step("points", "get cities by key", "reads"),
    Step("points_again", "get them again (identity map)", "reads"),
    Step("big_cities", "big cities with names (selectinload)", "objects"),
    Step("joined", "cities, country, continent (joinedload)", "cities"),
    Step("walk", "walk Europe by lazy loads", "objects"),
    Step("figures", "people per country (group by)", "rows"),
    Step("edit", "load, change one attribute, commit", "objects"),
    Step("delete", "delete Oceania and all in it", "objects"),
    Step("rollback", "change, delete, add, roll back", "objects"),
    Step("read_back", "read everything back (selectinload)", "objects"),
)
