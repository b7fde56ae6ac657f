"""The operations, their units and what is expected of Ormolu in each.

An operation's key is the name of the function that measures it in every module of
:mod:`bench.cases`; a contender without that function has no such operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Against(Enum):
    """What a goal compares Ormolu's time with."""

    DRIVER = "the driver"
    DATACLASSES = "dataclasses"
    REFERENCE = "sqlalchemy.orm"
    CLOCK = "the clock"


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound: at most so many times a floor, or at least so many times as fast.

    Args:
        against: What to compare with.
        value: A ratio, or microseconds for the clock.
    """

    against: Against
    value: float

    def __str__(self) -> str:
        if self.against is Against.REFERENCE:
            return f">= {self.value:g}x as fast"
        if self.against is Against.CLOCK:
            return f"<= {self.value:g} us"
        floor = "driver" if self.against is Against.DRIVER else "dataclass"
        return f"<= {self.value:g}x {floor}"

    def met(self, name: str, times: Mapping[str, float]) -> bool | None:
        """Say whether a contender meets the goal; None when it cannot be said.

        Args:
            name: The contender.
            times: Microseconds per unit of each contender.
        """
        own = times.get(name)
        if own is None:
            return None
        if self.against is Against.CLOCK:
            return own <= self.value
        names = {
            Against.DRIVER: "driver",
            Against.DATACLASSES: "dataclasses",
            Against.REFERENCE: "sqlalchemy",
        }
        other = times.get(names[self.against])
        if other is None:
            return None
        if self.against is Against.REFERENCE:
            return other >= own * self.value
        return own <= other * self.value


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that programs do with an ORM.

    Args:
        key: The function's name in the modules of cases.
        title: The row's name in tables.
        unit: What one reported time is for.
        driver: What the driver's version does.
        must: The bound that a release has to keep.
        goal: The bound that the design aims at.
    """

    key: str
    title: str
    unit: str
    driver: str
    must: Goal | None = None
    goal: Goal | None = None


def _driver(value: float) -> Goal:
    return Goal(Against.DRIVER, value)


def _dataclass(value: float) -> Goal:
    return Goal(Against.DATACLASSES, value)


def _faster(value: float) -> Goal:
    return Goal(Against.REFERENCE, value)


def _clock(value: float) -> Goal:
    return Goal(Against.CLOCK, value)


OPERATIONS = (
    Operation(
        "load",
        "load all rows of 10 plain columns",
        "row",
        "fetchall() to tuples; the dataclass column builds slots dataclasses from them",
        _dataclass(1.5),
        _dataclass(1.3),
    ),
    Operation(
        "get",
        "Session.get, not yet loaded",
        "call",
        "one SELECT by key, fetchone()",
        None,
        _driver(2),
    ),
    Operation(
        "get_loaded",
        "Session.get, in the identity map",
        "call",
        "none",
        _faster(6),
        _clock(0.3),
    ),
    Operation(
        "select_rebuilt",
        "select().where() rebuilt, one row",
        "call",
        "one SELECT by key, fetchone(); its text is constant",
        None,
        _driver(4),
    ),
    Operation(
        "select_again",
        "same select(), new parameters, one row",
        "call",
        "one SELECT by key, fetchone()",
        None,
        _driver(2),
    ),
    Operation(
        "add_flush",
        "add + flush, keys fetched back",
        "object",
        "one INSERT per row, its key fetched back (lastrowid, or RETURNING)",
        _faster(3),
        _driver(2),
    ),
    Operation(
        "change_flush",
        "load, change one attribute, flush",
        "object",
        "fetchall(), then executemany() of an UPDATE by key",
        _faster(3),
        _driver(2),
    ),
    Operation(
        "selectinload",
        "selectinload, parents with 4 children",
        "object",
        "two SELECTs assembled into slots dataclasses",
        _faster(3),
        _driver(2.5),
    ),
    Operation(
        "joinedload",
        "joinedload, parents with 4 children",
        "object",
        "one LEFT JOIN assembled into slots dataclasses",
        _faster(3),
        _driver(2.5),
    ),
    Operation(
        "construct",
        "construct in memory, 10 keywords",
        "object",
        "none; the dataclass column constructs slots dataclasses",
        _faster(3),
        _clock(0.7),
    ),
    Operation(
        "read",
        "read a loaded attribute",
        "read",
        "none; the dataclass column reads a slot",
        _faster(4),
        _clock(0.035),
    ),
    Operation(
        "write",
        "write an attribute, already changed",
        "write",
        "none; the dataclass column writes a slot",
        _faster(8),
        _clock(0.060),
    ),
    Operation(
        "write_first",
        "write an attribute, first change",
        "write",
        "none; the dataclass column writes a slot",
    ),
)

BY_KEY = {operation.key: operation for operation in OPERATIONS}
