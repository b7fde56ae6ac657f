"""joinedload(): where inner joins stand, and what a subquery must bring along."""

from typing import Any, Literal

import pytest
from sqlalchemy import ForeignKey, select

from ormolu import (
    DeclarativeBase,
    Mapped,
    deferred,
    joinedload,
    mapped_column,
    relationship,
)
from tests.orm.models import Models


class Base(DeclarativeBase):
    pass


class Room(Base):
    __tablename__ = "room"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[int] = deferred(mapped_column())
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    event: Mapped["Event | None"] = relationship()
    keys: Mapped[list["Key"]] = relationship(
        primaryjoin="foreign(Key.code) == Room.code"
    )


class Event(Base):
    __tablename__ = "event"
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    run: Mapped["Run"] = relationship()


class Run(Base):
    __tablename__ = "run"
    id: Mapped[int] = mapped_column(primary_key=True)
    day_id: Mapped[int] = mapped_column(ForeignKey("day.id"))
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    day: Mapped["Day"] = relationship()
    source: Mapped["Source"] = relationship()


class Day(Base):
    __tablename__ = "day"
    id: Mapped[int] = mapped_column(primary_key=True)


class Source(Base):
    __tablename__ = "source"
    id: Mapped[int] = mapped_column(primary_key=True)


class Key(Base):
    __tablename__ = "key"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[int]


def from_clause(statement: Any) -> str:
    return " ".join(str(statement).split()).partition(" FROM ")[2]


def chain(inner: bool | Literal["unnested"], outermost: bool = False) -> Any:
    event = joinedload(Room.event, innerjoin=outermost)
    return event.joinedload(Event.run, innerjoin=inner)


def test_inner_joins_nest_in_the_outer_one_above() -> None:
    assert from_clause(select(Room).options(chain(True))) == (
        "room LEFT OUTER JOIN (event AS event_1 JOIN run AS run_1 "
        "ON run_1.id = event_1.run_id) ON event_1.id = room.event_id"
    )


def test_each_stands_next_to_what_it_is_joined_from() -> None:
    option = chain(True)
    both = (
        option.joinedload(Run.source, innerjoin=True),
        chain(True).joinedload(Run.day, innerjoin=True),
    )
    assert from_clause(select(Room).options(*both)).startswith(
        "room LEFT OUTER JOIN (event AS event_1 "
        "JOIN run AS run_1 ON run_1.id = event_1.run_id "
        "JOIN source AS source_1 ON source_1.id = run_1.source_id "
        "JOIN day AS day_1 ON day_1.id = run_1.day_id) ON"
    )


def test_an_unnested_inner_join_is_an_outer_one_below_another() -> None:
    assert from_clause(select(Room).options(chain("unnested"))) == (
        "room LEFT OUTER JOIN event AS event_1 ON event_1.id = room.event_id "
        "LEFT OUTER JOIN run AS run_1 ON run_1.id = event_1.run_id"
    )


@pytest.mark.parametrize("inner", [True, "unnested"])
def test_inner_joins_throughout_are_plain(inner: Any) -> None:
    assert from_clause(select(Room).options(chain(inner, outermost=True))) == (
        "room JOIN event AS event_1 ON event_1.id = room.event_id "
        "JOIN run AS run_1 ON run_1.id = event_1.run_id"
    )


def test_what_the_join_compares_leaves_the_subquery() -> None:
    statement = select(Room).options(joinedload(Room.keys)).limit(2)
    assert from_clause(statement) == (
        "(SELECT room.id AS id, room.event_id AS event_id, room.code AS code "
        "FROM room LIMIT :param_1) AS anon_1 "
        "LEFT OUTER JOIN key AS key_1 ON key_1.code = anon_1.code"
    )


@pytest.mark.parametrize("kind", ["distinct", "group_by"])
def test_further_columns_would_change_the_rows_of(kind: str) -> None:
    statement = select(Room).options(joinedload(Room.event))
    grouped = {
        "distinct": statement.distinct(),
        "group_by": statement.group_by(Room.id),
    }[kind]
    assert from_clause(grouped).endswith(
        ") AS anon_1 LEFT OUTER JOIN event AS event_1 ON event_1.id = anon_1.event_id"
    )


def test_a_limit_does_not_cut_a_many_to_one() -> None:
    statement = select(Room).options(joinedload(Room.event)).limit(2)
    assert from_clause(statement) == (
        "room LEFT OUTER JOIN event AS event_1 ON event_1.id = room.event_id "
        "LIMIT :param_1"
    )


def test_names_in_order_by_do_not_mean_what_only_we_joined(models: Models) -> None:
    statement = (
        select(models.User)
        .join(models.User.addresses)
        .options(joinedload(models.User.addresses))
        .order_by("email_address")
    )
    assert from_clause(statement).endswith(" ORDER BY address.email_address")
