"""Relationships that would write the same column are warned of."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Collection

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table
from sqlalchemy.exc import SAWarning

from ormolu.mapping.join_overlaps import SyncTargets

metadata = MetaData()
user = Table("user", metadata, Column("id", Integer, primary_key=True))
address = Table("address", metadata, Column("user_id", ForeignKey("user.id")))
PAIRS = [(user.c.id, address.c.user_id)]


class Mapper:
    """A mapper of an inheritance hierarchy."""

    def __init__(self, base: Mapper | None = None) -> None:
        self.base = base

    def isa(self, other: Mapper) -> bool:
        return self is other or (self.base is not None and self.base.isa(other))

    def root(self) -> Mapper:
        return self if self.base is None else self.base.root()

    def common_parent(self, other: Mapper) -> bool:
        return self.root() is other.root()


class Prop:
    """A relationship that copies values."""

    def __init__(
        self, parent: Mapper, mapper: Mapper, key: str, overlaps: Collection[str] = ()
    ) -> None:
        self.parent = parent
        self.mapper = mapper
        self.key = key
        self.overlaps = overlaps

    def __str__(self) -> str:
        return f"X.{self.key}"


A, B = Mapper(), Mapper()
FIRST = Prop(A, B, "first")


@pytest.fixture
def targets() -> SyncTargets:
    """Targets of which one relationship has claimed a column."""
    targets = SyncTargets()
    targets.claim(FIRST, PAIRS)
    return targets


def test_a_second_writer_is_warned_of(targets: SyncTargets) -> None:
    with pytest.warns(SAWarning) as caught:
        targets.claim(Prop(A, B, "second"), PAIRS)
    (message,) = (str(warning.message) for warning in caught)
    assert message.startswith(
        "relationship 'X.second' will copy column user.id to column "
        "address.user_id, which conflicts with relationship(s): 'X.first' (copies "
        "user.id to address.user_id). If this is not the intention,"
    )
    assert (
        "To silence this warning, add the parameter 'overlaps=\"first\"' to the "
        "'X.second' relationship." in message
    )
    assert "https://sqlalche.me/e/21/qzyx" in message


def test_all_rivals_are_named_in_order(targets: SyncTargets) -> None:
    another, third = Prop(A, B, "another", {"first"}), Prop(A, B, "third")
    targets.claim(another, PAIRS)
    with pytest.warns(SAWarning, match='overlaps="another,first"'):
        targets.claim(third, PAIRS)


@pytest.mark.parametrize(
    "prop",
    [
        FIRST,
        Prop(A, B, "second", {"first"}),
        Prop(A, B, "second", {"__*"}),
        Prop(Mapper(A), B, "first"),
    ],
    ids=["itself", "overlaps", "overlaps all", "of a subclass"],
)
def test_allowed_writers(targets: SyncTargets, prop: Prop) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        targets.claim(prop, PAIRS)


def test_the_other_end_is_no_rival(targets: SyncTargets) -> None:
    targets.claim(Prop(B, A, "second"), PAIRS, reverse=[FIRST])


def test_siblings_are_no_rivals_but_a_subclass_is() -> None:
    targets = SyncTargets()
    one, other = Mapper(B), Mapper(B)
    to_one, to_other = Prop(A, one, "one"), Prop(A, other, "other")
    targets.claim(to_one, PAIRS)
    targets.claim(to_other, PAIRS)
    with pytest.warns(SAWarning, match='overlaps="one,other"'):
        targets.claim(Prop(A, B, "base"), PAIRS)


def test_a_mapper_disposed_of_is_forgotten(targets: SyncTargets) -> None:
    targets.forget(B)
    targets.claim(Prop(A, Mapper(), "second"), PAIRS)


def test_mappers_are_disposed_of_while_others_are_configured() -> None:
    targets = SyncTargets()
    raised: list[BaseException] = []
    barrier = threading.Barrier(4)

    def work() -> None:
        try:
            barrier.wait()
            for number in range(60):
                parent, child = Mapper(), Mapper()
                column: Column[int] = Column(f"c{number}", Integer)
                targets.claim(Prop(parent, child, "children"), [(user.c.id, column)])
                targets.forget(parent)
        except BaseException as error:
            raised.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert raised == []
