"""The steps with the driver alone, as somebody would write them by hand.

Objects are slots dataclasses with the attributes of the mapped classes. Where the
ORM has to know generated keys, the driver fetches them back too, row by row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.demo import source, steps
from bench.demo.source import CityRow, Source, names_by_city, point_keys, stranger
from bench.demo.steps import RollbackFacts

TABLES = (
    """CREATE TABLE continent (
        code VARCHAR NOT NULL PRIMARY KEY, name VARCHAR NOT NULL, geoname_id INTEGER NOT NULL,
        population INTEGER NOT NULL, latitude FLOAT NOT NULL, longitude FLOAT NOT NULL)""",
    """CREATE TABLE country (
        iso VARCHAR NOT NULL PRIMARY KEY, name VARCHAR NOT NULL, iso3 VARCHAR NOT NULL,
        number INTEGER NOT NULL, capital VARCHAR NOT NULL, area INTEGER NOT NULL,
        population INTEGER NOT NULL, domain VARCHAR NOT NULL, currency VARCHAR NOT NULL,
        phone VARCHAR NOT NULL, languages VARCHAR NOT NULL,
        continent_code VARCHAR NOT NULL REFERENCES continent (code))""",
    "CREATE INDEX ix_country_continent_code ON country (continent_code)",
    """CREATE TABLE city (
        id INTEGER NOT NULL PRIMARY KEY, name VARCHAR NOT NULL, latitude FLOAT NOT NULL,
        longitude FLOAT NOT NULL, population INTEGER NOT NULL, timezone VARCHAR NOT NULL,
        admin1 VARCHAR NOT NULL, country_iso VARCHAR NOT NULL REFERENCES country (iso))""",
    "CREATE INDEX ix_city_country_iso ON city (country_iso)",
    """CREATE TABLE alternate_name (
        id INTEGER NOT NULL PRIMARY KEY, name VARCHAR NOT NULL,
        city_id INTEGER NOT NULL REFERENCES city (id))""",
    "CREATE INDEX ix_alternate_name_city_id ON alternate_name (city_id)",
)
CITIES = f"SELECT {', '.join(source.CITY)} FROM city"
NAMES = "SELECT id, name, city_id FROM alternate_name"


@dataclass(slots=True)
class Continent:
    """A continent."""

    code: str
    name: str
    geoname_id: int
    population: int
    latitude: float
    longitude: float


@dataclass(slots=True)
class Country:
    """A country; its continent where a step needs it."""

    iso: str
    name: str
    iso3: str
    number: int
    capital: str
    area: int
    population: int
    domain: str
    currency: str
    phone: str
    languages: str
    continent_code: str
    continent: Continent | None = None


@dataclass(slots=True)
class AlternateName:
    """Another name of a city."""

    id: int
    name: str
    city_id: int


@dataclass(slots=True)
class City:
    """A city; its names and its country where a step needs them."""

    id: int
    name: str
    latitude: float
    longitude: float
    population: int
    timezone: str
    admin1: str
    country_iso: str
    names: list[AlternateName] = field(default_factory=list)
    country: Country | None = None


class Tour:
    """The steps, each a method.

    Args:
        folder: Where to put the database files.
        rows: The source data.
        progress: Told how many rows of how many are loaded.
    """

    def __init__(
        self, folder: Path, rows: Source, progress: Callable[[int, int], None]
    ) -> None:
        self.file = folder / "places.sqlite"
        self.bulk_file = folder / "places-bulk.sqlite"
        self.rows = rows
        self.progress = progress
        self.connection = connect(self.file)

    def create(self) -> int:
        """Create the tables; return their number."""
        return create_tables(self.connection)

    def load_objects(self) -> int:
        """Insert everything in batches, fetching generated keys back."""
        insert_many(
            self.connection, "continent", source.CONTINENT, self.rows.continents
        )
        insert_many(self.connection, "country", source.COUNTRY, self.rows.countries)
        self.connection.commit()
        names = names_by_city(self.rows)
        cities = self.rows.cities
        for start in range(0, len(cities), steps.BATCH):
            self._load_cities(cities[start : start + steps.BATCH], names)
            self.progress(min(start + steps.BATCH, len(cities)), len(cities))
        return self.rows.size

    def _load_cities(
        self, rows: Sequence[CityRow], names: dict[int, list[str]]
    ) -> list[int]:
        insert_many(self.connection, "city", source.CITY, rows)
        cursor = self.connection.cursor()
        keys: list[Any] = []
        for row in rows:
            for name in names.get(row[0], ()):
                cursor.execute(
                    "INSERT INTO alternate_name (name, city_id) VALUES (?, ?)",
                    (name, row[0]),
                )
                keys.append(cursor.lastrowid)
        self.connection.commit()
        return keys

    def load_bulk(self) -> int:
        """Insert everything with executemany()."""
        connection = connect(self.bulk_file)
        create_tables(connection)
        tables: tuple[tuple[str, Sequence[str], Sequence[Any]], ...] = (
            ("continent", source.CONTINENT, self.rows.continents),
            ("country", source.COUNTRY, self.rows.countries),
            ("city", source.CITY, self.rows.cities),
            ("alternate_name", source.ALTERNATE_NAME, self.rows.names),
        )
        done = 0
        for table, columns, rows in tables:
            insert_many(connection, table, columns, rows)
            done += len(rows)
            self.progress(done, self.rows.size)
        connection.commit()
        connection.close()
        return done

    def points(self) -> list[City]:
        """Read cities by key, one at a time."""
        execute = self.connection.execute
        sql = f"{CITIES} WHERE id = ?"
        return [City(*execute(sql, (key,)).fetchone()) for key in point_keys(self.rows)]

    def big_cities(self) -> list[City]:
        """List big cities with all their names, by two SELECTs."""
        execute = self.connection.execute
        where = "population >= ?"
        sql = f"{CITIES} WHERE {where} ORDER BY population DESC, id"
        cities = {row[0]: City(*row) for row in execute(sql, (steps.BIG,))}
        self._add_names(cities, where, (steps.BIG,))
        return list(cities.values())

    def joined(self) -> list[City]:
        """List cities with their country and its continent in one SELECT."""
        columns = [f"city.{name}" for name in source.CITY]
        columns += [f"country.{name}" for name in source.COUNTRY]
        columns += [f"continent.{name}" for name in source.CONTINENT]
        sql = (
            f"SELECT {', '.join(columns)} FROM city "
            "JOIN country ON country.iso = city.country_iso "
            "JOIN continent ON continent.code = country.continent_code "
            "WHERE city.timezone = ? ORDER BY city.id"
        )
        first, second = len(source.CITY), len(source.CITY) + len(source.COUNTRY)
        countries: dict[str, Country] = {}
        continents: dict[str, Continent] = {}
        cities = []
        for row in self.connection.execute(sql, (steps.TIMEZONE,)):
            country = countries.get(row[first])
            if country is None:
                continent = continents.get(row[second]) or Continent(*row[second:])
                continents[continent.code] = continent
                country = Country(*row[first:second])
                country.continent = continent
                countries[country.iso] = country
            city = City(*row[:first])
            city.country = country
            cities.append(city)
        return cities

    def walk(self) -> dict[str, tuple[int, int]]:
        """Walk from a continent to its cities, a SELECT for each country."""
        execute = self.connection.execute
        sql = (
            f"SELECT {', '.join(source.COUNTRY)} FROM country WHERE continent_code = ?"
        )
        seen = {}
        for country in [Country(*row) for row in execute(sql, (steps.WALKED,))]:
            rows = execute(f"{CITIES} WHERE country_iso = ?", (country.iso,))
            cities = [City(*row) for row in rows]
            seen[country.iso] = (len(cities), sum(city.population for city in cities))
        return seen

    def figures(self) -> list[tuple[Any, ...]]:
        """Count cities and people per country, in the database."""
        sql = (
            "SELECT country.iso, count(city.id), sum(city.population) FROM country "
            "JOIN city ON country.iso = city.country_iso "
            "GROUP BY country.iso ORDER BY country.iso"
        )
        return self.connection.execute(sql).fetchall()

    def edit(self) -> int:
        """Load cities, add one inhabitant to each, commit; return their number."""
        sql = f"{CITIES} WHERE population >= ? AND population < ?"
        rows = self.connection.execute(sql, steps.EDITED).fetchall()
        self.connection.executemany(
            "UPDATE city SET population = ? WHERE id = ?",
            [(row[4] + 1, row[0]) for row in rows],
        )
        self.connection.commit()
        return len(rows)

    def delete(self) -> int:
        """Delete countries with all that belongs to them, by three DELETEs."""
        countries = "SELECT iso FROM country WHERE continent_code = ?"
        cities = f"SELECT id FROM city WHERE country_iso IN ({countries})"
        count = 0
        for sql in (
            f"DELETE FROM alternate_name WHERE city_id IN ({cities})",
            f"DELETE FROM city WHERE country_iso IN ({countries})",
            "DELETE FROM country WHERE continent_code = ?",
        ):
            count += self.connection.execute(sql, (steps.DELETED,)).rowcount
        self.connection.commit()
        return count

    def rollback(self) -> RollbackFacts:
        """Change, delete and add cities, look, roll back, and look again."""
        execute, executemany = self.connection.execute, self.connection.executemany
        sql = f"{CITIES} WHERE country_iso = ? ORDER BY id LIMIT ?"
        limit = steps.ROLLBACK_CHANGES + steps.ROLLBACK_DELETES
        rows = execute(sql, (steps.ROLLED_BACK, limit)).fetchall()
        deleted, changed = (
            rows[: steps.ROLLBACK_DELETES],
            rows[steps.ROLLBACK_DELETES :],
        )
        executemany(
            "UPDATE city SET name = ? WHERE id = ?",
            [(f"{row[1]} (changed)", row[0]) for row in changed],
        )
        executemany(
            "DELETE FROM alternate_name WHERE city_id = ?",
            [(row[0],) for row in deleted],
        )
        executemany("DELETE FROM city WHERE id = ?", [(row[0],) for row in deleted])
        added = [
            (*stranger(number).values(), steps.ROLLED_BACK)
            for number in range(steps.ROLLBACK_ADDS)
        ]
        insert_many(self.connection, "city", source.CITY, added)
        inside = execute("SELECT count(*) FROM city").fetchone()[0]
        marked = "SELECT count(*) FROM city WHERE name LIKE '% (changed)'"
        changed_inside = execute(marked).fetchone()[0]
        self.connection.rollback()
        by_key = f"{CITIES} WHERE id = ?"
        return RollbackFacts(
            inside=inside,
            changed_inside=changed_inside,
            names_after={
                row[0]: execute(by_key, row[:1]).fetchone()[1] for row in changed
            },
            restored=[
                execute(by_key, row[:1]).fetchone() is not None for row in deleted
            ],
            strays=sum(
                execute(by_key, row[:1]).fetchone() is not None for row in added
            ),
        )

    def read_back(self) -> Iterator[list[City]]:
        """Read all cities with their names, country by country."""
        execute = self.connection.execute
        for (iso,) in execute("SELECT iso FROM country ORDER BY iso").fetchall():
            sql = f"{CITIES} WHERE country_iso = ? ORDER BY id"
            cities = {row[0]: City(*row) for row in execute(sql, (iso,))}
            self._add_names(cities, "country_iso = ?", (iso,))
            yield list(cities.values())

    def _add_names(
        self, cities: dict[int, City], where: str, parameters: tuple[Any, ...]
    ) -> None:
        sql = f"{NAMES} WHERE city_id IN (SELECT id FROM city WHERE {where})"
        for row in self.connection.execute(sql, parameters):
            cities[row[2]].names.append(AlternateName(*row))

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def connect(file: Path) -> sqlite3.Connection:
    """Open a file, foreign keys enforced."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def create_tables(connection: sqlite3.Connection) -> int:
    """Create the tables and indexes; return the number of tables."""
    connection.execute("BEGIN")
    for sql in TABLES:
        connection.execute(sql)
    connection.commit()
    return sum(sql.startswith("CREATE TABLE") for sql in TABLES)


def insert_many(
    connection: sqlite3.Connection,
    table: str,
    columns: Sequence[str],
    rows: Sequence[Any],
) -> None:
    """Insert rows with one executemany()."""
    marks = ", ".join("?" * len(columns))
    connection.executemany(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows
    )
