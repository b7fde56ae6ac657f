"""What each step must have done, computed from the source data alone.

A check gets the step's result and the database file, which it opens with the driver:
what an ORM says about its own work does not count.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from bench.demo import source, steps
from bench.demo.source import Source, names_by_city, point_keys
from bench.demo.steps import RollbackFacts


class CheckFailed(Exception):
    """A step's result, or the database after it, is not what the source data say."""


class World:
    """The expected contents of the database; follows the edits and deletions."""

    def __init__(self, rows: Source) -> None:
        self.source = rows
        self.countries = {row[0]: row for row in rows.countries}
        self.cities = {row[0]: row for row in rows.cities}
        self.names = {key: sorted(names) for key, names in names_by_city(rows).items()}

    def edit(self) -> int:
        """Apply the step ``edit``; return how many cities it changes."""
        low, high = steps.EDITED
        chosen = [row for row in self.cities.values() if low <= row[4] < high]
        for row in chosen:
            self.cities[row[0]] = (*row[:4], row[4] + 1, *row[5:])
        return len(chosen)

    def delete(self) -> int:
        """Apply the step ``delete``; return how many rows it removes."""
        gone = {iso for iso, row in self.countries.items() if row[11] == steps.DELETED}
        cities = [key for key, row in self.cities.items() if row[7] in gone]
        count = (
            len(gone)
            + len(cities)
            + sum(len(self.names.get(key, ())) for key in cities)
        )
        for iso in gone:
            del self.countries[iso]
        for key in cities:
            del self.cities[key]
            self.names.pop(key, None)
        return count

    def name_rows(self) -> list[tuple[str, int]]:
        """Return all rows of alternate names, sorted."""
        return sorted(
            (name, key) for key, names in self.names.items() for name in names
        )


class Checks:
    """One check for each step, under the step's key.

    Args:
        rows: The source data.
        file: The database that the steps work on.
        bulk_file: The database that the bulk load fills.
    """

    def __init__(self, rows: Source, file: Path, bulk_file: Path) -> None:
        self.rows = rows
        self.file = file
        self.bulk_file = bulk_file
        self.world = World(rows)

    def create(self, result: int) -> int:
        """Four tables, all empty."""
        equal("number of tables", result, 4)
        with closing(sqlite3.connect(self.file)) as connection:
            tables = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            )
            names = sorted(name for (name,) in tables)
        equal("tables", names, ["alternate_name", "city", "continent", "country"])
        return result

    def load_objects(self, result: int) -> int:
        """The file holds the source data, whole."""
        equal("number of objects", result, self.rows.size)
        self.contents(self.file)
        return result

    def load_bulk(self, result: int) -> int:
        """The second file holds the source data, whole."""
        equal("number of rows", result, self.rows.size)
        self.contents(self.bulk_file)
        return result

    def points(self, result: Sequence[Any]) -> int:
        """The cities asked for, with all their values."""
        expected = [self.world.cities[key] for key in point_keys(self.rows)]
        equal_rows("cities by key", [city_values(city) for city in result], expected)
        return len(result)

    points_again = points

    def big_cities(self, result: Sequence[Any]) -> int:
        """The big cities in order, each with all its names."""
        chosen = [row for row in self.world.cities.values() if row[4] >= steps.BIG]
        chosen.sort(key=lambda row: (-row[4], row[0]))
        equal_rows("big cities", [city_values(city) for city in result], chosen)
        return len(result) + self.names_of(result)

    def joined(self, result: Sequence[Any]) -> int:
        """The cities of the time zone with the right country and continent."""
        continents = {row[0]: row for row in self.rows.continents}
        chosen = [row for row in self.world.cities.values() if row[5] == steps.TIMEZONE]
        equal_rows("cities", [city_values(city) for city in result], sorted(chosen))
        for city in result:
            expected = self.world.countries[city.country_iso]
            equal("country", values(city.country, source.COUNTRY), expected)
            own = values(city.country.continent, source.CONTINENT)
            equal("continent", own, continents[expected[11]])
        return len(result)

    def walk(self, result: dict[str, tuple[int, int]]) -> int:
        """Every country of the continent with its cities and people."""
        figures = self.people()
        expected = {
            iso: figures.get(iso, (0, 0))
            for iso, row in self.world.countries.items()
            if row[11] == steps.WALKED
        }
        equal("cities and people of the continent's countries", result, expected)
        return 1 + len(result) + sum(count for count, _ in result.values())

    def figures(self, result: Sequence[tuple[Any, ...]]) -> int:
        """Cities and people per country."""
        expected = [(iso, *figures) for iso, figures in sorted(self.people().items())]
        equal_rows("figures per country", list(result), expected)
        return len(result)

    def edit(self, result: int) -> int:
        """The chosen cities have one inhabitant more, all else is as before."""
        equal("number of changed cities", result, self.world.edit())
        self.contents(self.file)
        return result

    def delete(self, result: int) -> int:
        """The chosen countries and what belonged to them is gone, nothing else."""
        equal("number of deleted objects", result, self.world.delete())
        self.contents(self.file)
        return result

    def rollback(self, result: RollbackFacts) -> int:
        """Changes were visible inside the transaction, and left no trace."""
        keys = sorted(
            key for key, row in self.world.cities.items() if row[7] == steps.ROLLED_BACK
        )
        deleted = keys[: steps.ROLLBACK_DELETES]
        changed = keys[steps.ROLLBACK_DELETES :][: steps.ROLLBACK_CHANGES]
        inside = len(self.world.cities) - len(deleted) + steps.ROLLBACK_ADDS
        equal("cities inside the transaction", result.inside, inside)
        equal(
            "changed cities inside the transaction", result.changed_inside, len(changed)
        )
        names = {key: self.world.cities[key][1] for key in changed}
        equal("names after the rollback", result.names_after, names)
        equal(
            "deleted cities after the rollback", result.restored, [True] * len(deleted)
        )
        equal("added cities after the rollback", result.strays, 0)
        self.contents(self.file)
        return len(changed) + len(deleted) + steps.ROLLBACK_ADDS

    def read_back(self, batch: Sequence[Any]) -> int:
        """The cities of one country with all their names."""
        if not batch:
            return 0
        iso = batch[0].country_iso
        expected = sorted(row for row in self.world.cities.values() if row[7] == iso)
        equal_rows(f"cities of {iso}", [city_values(city) for city in batch], expected)
        return len(batch) + self.names_of(batch)

    def read_back_total(self, count: int) -> None:
        """All cities and names were among the batches."""
        names = sum(map(len, self.world.names.values()))
        equal("objects read back", count, len(self.world.cities) + names)

    def names_of(self, cities: Iterable[Any]) -> int:
        """Check the names of cities; return their number."""
        count = 0
        for city in cities:
            names = sorted(name.name for name in city.names)
            equal(f"names of {city.name}", names, self.world.names.get(city.id, []))
            count += len(names)
        return count

    def people(self) -> dict[str, tuple[int, int]]:
        """Return the number of cities and of people for each country that has cities."""
        cities = Counter(row[7] for row in self.world.cities.values())
        people: Counter[str] = Counter()
        for row in self.world.cities.values():
            people[row[7]] += row[4]
        return {iso: (count, people[iso]) for iso, count in cities.items()}

    def contents(self, file: Path) -> None:
        """Compare a database, read by the driver, with the expected contents."""
        with closing(sqlite3.connect(file)) as connection:
            for table, columns, expected in (
                ("continent", source.CONTINENT, sorted(self.rows.continents)),
                ("country", source.COUNTRY, sorted(self.world.countries.values())),
                ("city", source.CITY, sorted(self.world.cities.values())),
                ("alternate_name", source.ALTERNATE_NAME, self.world.name_rows()),
            ):
                stored = connection.execute(
                    f"SELECT {', '.join(columns)} FROM {table}"
                ).fetchall()
                equal_rows(f"table {table}", sorted(stored), expected)
            broken = connection.execute("PRAGMA foreign_key_check").fetchall()
            equal("broken foreign keys", broken, [])


def values(it: Any, columns: Sequence[str]) -> tuple[Any, ...]:
    """Return the values of an object's attributes."""
    return tuple([getattr(it, name) for name in columns])


def city_values(city: Any) -> tuple[Any, ...]:
    """Return the values of a city's attributes."""
    return values(city, source.CITY)


def equal(what: str, actual: object, expected: object) -> None:
    """Compare two values.

    Raises:
        CheckFailed: When they differ.
    """
    if actual != expected:
        raise CheckFailed(
            f"{what}: {brief(actual)}, but the source says {brief(expected)}."
        )


def equal_rows(what: str, actual: Sequence[Any], expected: Sequence[Any]) -> None:
    """Compare two lists of rows and name the first difference.

    Raises:
        CheckFailed: When they differ.
    """
    if actual == expected:
        return
    for place, (one, other) in enumerate(zip(actual, expected, strict=False)):
        equal(f"{what}, row {place}", one, other)
    equal(f"{what}, number of rows", len(actual), len(expected))


def brief(value: object) -> str:
    """Return a value's repr, shortened to what fits on a few lines."""
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}..."
