"""The steps with an ORM: sqlalchemy.orm and Ormolu run this same code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event, func, insert, select

from bench.contenders import current_orm
from bench.demo import source, steps
from bench.demo.models import AlternateName, Base, City, Continent, Country
from bench.demo.source import CityRow, Source, names_by_city, point_keys, stranger
from bench.demo.steps import RollbackFacts

if TYPE_CHECKING:
    from sqlalchemy import orm
    from sqlalchemy.orm import Session
else:
    orm = current_orm()


class Tour:
    """The steps, each a method; most of them open a Session of their own.

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
        self.engine = make_engine(self.file)
        self._reading: Session | None = None
        self._held: list[City | None] = []
        self._bulk: list[tuple[Any, list[dict[str, Any]]]] = []

    def create(self) -> int:
        """Create the tables; return their number."""
        Base.metadata.create_all(self.engine)
        return len(Base.metadata.tables)

    def load_objects(self) -> int:
        """Construct everything as objects and flush them; return their number."""
        self._load_countries()
        names = names_by_city(self.rows)
        cities = self.rows.cities
        for start in range(0, len(cities), steps.BATCH):
            self._load_cities(cities[start : start + steps.BATCH], names)
            self.progress(min(start + steps.BATCH, len(cities)), len(cities))
        return self.rows.size

    def _load_countries(self) -> None:
        with orm.Session(self.engine) as session:
            continents = {
                row[0]: Continent(**dict(zip(source.CONTINENT, row, strict=True)))
                for row in self.rows.continents
            }
            for row in self.rows.countries:
                values = dict(zip(source.COUNTRY, row, strict=True))
                code = values.pop("continent_code")
                continents[str(code)].countries.append(Country(**values))
            session.add_all(continents.values())
            session.commit()

    def _load_cities(
        self, rows: Sequence[CityRow], names: dict[int, list[str]]
    ) -> None:
        with orm.Session(self.engine) as session:
            countries = {
                country.iso: country for country in session.scalars(select(Country))
            }
            session.add_all([_new_city(row, names, countries[row[7]]) for row in rows])
            session.flush()
            session.commit()

    def prepare_load_bulk(self) -> None:
        """Make the dicts to insert, and a second file; not timed."""
        self._bulk = [
            (Continent, _dicts(source.CONTINENT, self.rows.continents)),
            (Country, _dicts(source.COUNTRY, self.rows.countries)),
            (City, _dicts(source.CITY, self.rows.cities)),
            (AlternateName, _dicts(source.ALTERNATE_NAME, self.rows.names)),
        ]

    def load_bulk(self) -> int:
        """Insert everything as lists of dicts; return the number of rows."""
        engine = make_engine(self.bulk_file)
        Base.metadata.create_all(engine)
        done = 0
        with orm.Session(engine) as session:
            for model, rows in self._bulk:
                session.execute(insert(model), rows)
                done += len(rows)
                self.progress(done, self.rows.size)
            session.commit()
        engine.dispose()
        self._bulk.clear()
        return done

    def points(self) -> list[City | None]:
        """Get cities by key, one at a time, and keep them."""
        self._reading = orm.Session(self.engine)
        get = self._reading.get
        self._held = [get(City, key) for key in point_keys(self.rows)]
        return self._held

    def points_again(self) -> list[City | None]:
        """Get the same cities again: the Session has them."""
        assert self._reading is not None
        get = self._reading.get
        return [get(City, key) for key in point_keys(self.rows)]

    def big_cities(self) -> Sequence[City]:
        """List big cities with all their names."""
        self._stop_reading()
        query = (
            select(City)
            .where(City.population >= steps.BIG)
            .order_by(City.population.desc(), City.id)
            .options(orm.selectinload(City.names))
        )
        with orm.Session(self.engine) as session:
            return session.scalars(query).all()

    def joined(self) -> Sequence[City]:
        """List cities with their country and its continent in one SELECT."""
        query = (
            select(City)
            .where(City.timezone == steps.TIMEZONE)
            .order_by(City.id)
            .options(orm.joinedload(City.country).joinedload(Country.continent))
        )
        with orm.Session(self.engine) as session:
            return session.scalars(query).all()

    def walk(self) -> dict[str, tuple[int, int]]:
        """Walk from a continent to its cities; count them and their people."""
        seen = {}
        with orm.Session(self.engine) as session:
            continent = session.get_one(Continent, steps.WALKED)
            for country in continent.countries:
                people = sum(city.population for city in country.cities)
                seen[country.iso] = (len(country.cities), people)
        return seen

    def figures(self) -> list[tuple[Any, ...]]:
        """Count cities and people per country, in the database."""
        query = (
            select(Country.iso, func.count(City.id), func.sum(City.population))
            .join(Country.cities)
            .group_by(Country.iso)
            .order_by(Country.iso)
        )
        with orm.Session(self.engine) as session:
            return [tuple(row) for row in session.execute(query)]

    def edit(self) -> int:
        """Load cities, add one inhabitant to each, commit; return their number."""
        low, high = steps.EDITED
        with orm.Session(self.engine) as session:
            query = select(City).where(City.population >= low, City.population < high)
            cities = session.scalars(query).all()
            for city in cities:
                city.population += 1
            session.commit()
        return len(cities)

    def delete(self) -> int:
        """Delete countries with all that belongs to them; return how many objects."""
        query = (
            select(Country)
            .where(Country.continent_code == steps.DELETED)
            .options(orm.selectinload(Country.cities).selectinload(City.names))
        )
        count = 0
        with orm.Session(self.engine) as session:
            for country in session.scalars(query).all():
                count += 1 + len(country.cities)
                count += sum(len(city.names) for city in country.cities)
                session.delete(country)
            session.commit()
        return count

    def rollback(self) -> RollbackFacts:
        """Change, delete and add cities, look, roll back, and look again."""
        with orm.Session(self.engine) as session:
            country = session.get_one(Country, steps.ROLLED_BACK)
            changed, deleted = self._disturb(session)
            added = [
                City(**stranger(number), country=country)
                for number in range(steps.ROLLBACK_ADDS)
            ]
            session.add_all(added)
            session.flush()
            inside = session.scalar(select(func.count()).select_from(City))
            marked = select(func.count()).where(City.name.endswith(" (changed)"))
            changed_inside = session.scalar(marked)
            session.rollback()
            return RollbackFacts(
                inside=inside or 0,
                changed_inside=changed_inside or 0,
                names_after={city.id: city.name for city in changed},
                restored=[city in session and bool(city.name) for city in deleted],
                strays=sum(city in session for city in added),
            )

    def _disturb(self, session: Session) -> tuple[Sequence[City], Sequence[City]]:
        query = (
            select(City)
            .where(City.country_iso == steps.ROLLED_BACK)
            .order_by(City.id)
            .limit(steps.ROLLBACK_CHANGES + steps.ROLLBACK_DELETES)
        )
        cities = session.scalars(query).all()
        deleted, changed = (
            cities[: steps.ROLLBACK_DELETES],
            cities[steps.ROLLBACK_DELETES :],
        )
        for city in changed:
            city.name += " (changed)"
        for city in deleted:
            session.delete(city)
        return changed, deleted

    def read_back(self) -> Iterator[Sequence[City]]:
        """Read all cities with their names, country by country."""
        with orm.Session(self.engine) as session:
            for iso in session.scalars(select(Country.iso).order_by(Country.iso)).all():
                query = select(City).where(City.country_iso == iso).order_by(City.id)
                yield session.scalars(query.options(orm.selectinload(City.names))).all()
                session.expunge_all()

    def close(self) -> None:
        """Close what is open."""
        self._stop_reading()
        self.engine.dispose()

    def _stop_reading(self) -> None:
        self._held = []
        if self._reading is not None:
            self._reading.close()
            self._reading = None


def make_engine(file: Path) -> Engine:
    """Return an engine over a file, foreign keys enforced."""
    engine = create_engine(f"sqlite:///{file}")

    @event.listens_for(engine, "connect")
    def enforce(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA foreign_keys = ON")

    return engine


def _new_city(row: CityRow, names: dict[int, list[str]], country: Country) -> City:
    return City(
        id=row[0],
        name=row[1],
        latitude=row[2],
        longitude=row[3],
        population=row[4],
        timezone=row[5],
        admin1=row[6],
        country=country,
        names=[AlternateName(name=name) for name in names.get(row[0], ())],
    )


def _dicts(
    columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in rows]
