"""What is done to a relationship that is only for reading is no change."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    create_engine,
    inspect,
)

from ormolu import Entity, Session, registry, relationship


@pytest.fixture(params=["embedded", "adopted"])
def pair(request: pytest.FixtureRequest) -> Iterator[Any]:
    metadata = MetaData()
    parents = Table("seen", metadata, Column("id", Integer, primary_key=True))
    children = Table(
        "seeing",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("seen_id", ForeignKey("seen.id")),
    )
    bases = (Entity,) if request.param == "embedded" else ()
    Seen, Seeing = type("Seen", bases, {}), type("Seeing", bases, {})
    mapping = registry(metadata=metadata)
    many = relationship(Seeing, viewonly=True)
    one = relationship(Seeing, viewonly=True, uselist=False)
    mapping.map_imperatively(Seen, parents, properties={"many": many, "one": one})
    back = {"seen": relationship(Seen, viewonly=True)}
    mapping.map_imperatively(Seeing, children, properties=back)
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    yield engine, Seen, Seeing
    engine.dispose()


@pytest.mark.parametrize("saved", [False, True])
@pytest.mark.parametrize("loaded", [False, True])
def test_changes_leave_no_trace(pair: Any, saved: bool, loaded: bool) -> None:
    engine, Seen, Seeing = pair
    with Session(engine) as session:
        seen, first, second = Seen(), Seeing(), Seeing()
        if saved:
            session.add_all([seen, first, second])
            session.commit()
        if loaded:
            assert (seen.many, seen.one, first.seen) == ([], None, None)

        def traces() -> Any:
            states = inspect(seen), inspect(first)
            attrs = states[0].attrs.many, states[0].attrs.one, states[1].attrs.seen
            changed = [attr.key for attr in attrs if attr.history.has_changes()]
            return changed, [s.modified for s in states], list(session.dirty)

        nothing = ([], [False, False], [])
        seen.many.append(first)
        seen.one = first
        first.seen = seen
        assert traces() == nothing
        assert inspect(seen).attrs.many.history == ((), [first], ())
        assert inspect(seen).attrs.one.history == ((), [first], ())
        seen.many.remove(first)
        seen.many = [second]
        first.seen = None
        assert traces() == nothing
        del seen.many, seen.one, first.seen
        assert traces() == nothing
        session.add(seen)
        session.flush()
        assert first.seen_id is None
