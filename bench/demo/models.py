"""The mapped classes of the demonstration, over the ORM that this process uses."""

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey

from bench.contenders import current_orm

if TYPE_CHECKING:
    from sqlalchemy import orm
else:
    orm = current_orm()


class Base(orm.DeclarativeBase):
    """The classes of the demonstration."""


class Continent(Base):
    """A continent; has countries."""

    __tablename__ = "continent"

    code: orm.Mapped[str] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    geoname_id: orm.Mapped[int]
    population: orm.Mapped[int]
    latitude: orm.Mapped[float]
    longitude: orm.Mapped[float]
    countries: orm.Mapped[list["Country"]] = orm.relationship(
        back_populates="continent", cascade="all, delete-orphan"
    )


class Country(Base):
    """A country; belongs to a continent, has cities."""

    __tablename__ = "country"

    iso: orm.Mapped[str] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    iso3: orm.Mapped[str]
    number: orm.Mapped[int]
    capital: orm.Mapped[str]
    area: orm.Mapped[int]
    population: orm.Mapped[int]
    domain: orm.Mapped[str]
    currency: orm.Mapped[str]
    phone: orm.Mapped[str]
    languages: orm.Mapped[str]
    continent_code: orm.Mapped[str] = orm.mapped_column(
        ForeignKey("continent.code"), index=True
    )
    continent: orm.Mapped[Continent] = orm.relationship(back_populates="countries")
    cities: orm.Mapped[list["City"]] = orm.relationship(
        back_populates="country", cascade="all, delete-orphan"
    )


class City(Base):
    """A city under the key that its source gives it; has alternate names."""

    __tablename__ = "city"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    name: orm.Mapped[str]
    latitude: orm.Mapped[float]
    longitude: orm.Mapped[float]
    population: orm.Mapped[int]
    timezone: orm.Mapped[str]
    admin1: orm.Mapped[str]
    country_iso: orm.Mapped[str] = orm.mapped_column(
        ForeignKey("country.iso"), index=True
    )
    country: orm.Mapped[Country] = orm.relationship(back_populates="cities")
    names: orm.Mapped[list["AlternateName"]] = orm.relationship(
        back_populates="city", cascade="all, delete-orphan"
    )


class AlternateName(Base):
    """Another name of a city, under a key that the database generates."""

    __tablename__ = "alternate_name"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    city_id: orm.Mapped[int] = orm.mapped_column(ForeignKey("city.id"), index=True)
    city: orm.Mapped[City] = orm.relationship(back_populates="names")
