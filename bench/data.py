"""The rows that every contender works on, the same in each process.

Everything is computed from the row's number, so that a contender's result can be
compared with the expected rows whole, value by value.
"""

from __future__ import annotations

from dataclasses import dataclass, field

TOWNS = ("Aarhus", "Bergen", "Cork", "Dijon", "Evora", "Faro", "Gdansk", "Haarlem")

AccountRow = tuple[int, str, str, int, float, str, str, int, int, str]
ChildRow = tuple[int, int, str, float]
ParentRow = tuple[int, str, str, int]

ACCOUNT_COLUMNS = (
    "id",
    "name",
    "email",
    "age",
    "balance",
    "town",
    "street",
    "level",
    "points",
    "note",
)
PARENT_COLUMNS = ("id", "name", "town", "level")
CHILD_COLUMNS = ("id", "parent_id", "name", "amount")


@dataclass(slots=True)
class AccountRecord:
    """The plain object that an account costs at least: ten slots, no tracking."""

    id: int
    name: str
    email: str
    age: int
    balance: float
    town: str
    street: str
    level: int
    points: int
    note: str


@dataclass(slots=True)
class ChildRecord:
    """A child as a plain object."""

    id: int
    parent_id: int
    name: str
    amount: float


@dataclass(slots=True)
class ParentRecord:
    """A parent as a plain object with its list of children."""

    id: int
    name: str
    town: str
    level: int
    children: list[ChildRecord] = field(default_factory=list)


def account_row(number: int) -> AccountRow:
    """Return the row of one account: 5 strings, 4 integers, 1 float."""
    return (
        number,
        f"Account {number}",
        f"account.{number}@example.org",
        18 + number % 60,
        (number * 37 % 100_000) / 4,
        TOWNS[number % 8],
        f"{number % 311} Main Street",
        number % 9,
        number * 31 % 10_007,
        f"note {number % 1009}",
    )


def account_rows(count: int, first: int = 1) -> list[AccountRow]:
    """Return ``count`` rows of accounts, numbered from ``first``."""
    return [account_row(number) for number in range(first, first + count)]


def parent_rows(count: int) -> list[ParentRow]:
    """Return the rows of parents, numbered from 1."""
    return [
        (number, f"Parent {number}", TOWNS[number % 8], number % 9)
        for number in range(1, count + 1)
    ]


def child_rows(parents: int, each: int) -> list[ChildRow]:
    """Return the rows of children; those of one parent are not neighbours."""
    return [
        (
            place * parents + parent,
            parent,
            f"Child {place}.{parent}",
            parent * 7 % 1000 / 8,
        )
        for place in range(each)
        for parent in range(1, parents + 1)
    ]


def families(parents: int, each: int) -> list[tuple[ParentRow, list[ChildRow]]]:
    """Return each parent's row with the rows of its children, in key order."""
    by_parent: dict[int, list[ChildRow]] = {}
    for row in child_rows(parents, each):
        by_parent.setdefault(row[1], []).append(row)
    return [(row, by_parent[row[0]]) for row in parent_rows(parents)]


def keys(count: int, upto: int) -> list[int]:
    """Return ``count`` different keys, scattered over ``1..upto`` in a fixed order."""
    step = next(step for step in (7919, 104_729, 1_299_709) if upto % step)
    return [place * step % upto + 1 for place in range(count)]
