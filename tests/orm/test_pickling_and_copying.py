"""pickle and copy of mapped objects."""

import copy
import pickle
from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Integer, String, Table, inspect

from ormolu import (
    DeclarativeBase,
    InstanceState,
    Mapped,
    Session,
    exc,
    mapped_column,
    registry,
    relationship,
)
from tests.orm.conftest import MakeEngine
from tests.orm.models import Mode

# pickle finds classes by module and name: these cannot live in a function


class Base(DeclarativeBase):
    pass


class EmbeddedParent(Base):
    __tablename__ = "parent"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    children: Mapped[list["EmbeddedChild"]] = relationship(back_populates="parent")


class EmbeddedChild(Base):
    __tablename__ = "child"
    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("parent.id"))
    parent: Mapped[EmbeddedParent | None] = relationship(back_populates="children")


class AdoptedParent:
    pass


class AdoptedChild:
    pass


adopted = registry()
adopted.map_imperatively(
    AdoptedParent,
    Table(
        "parent",
        adopted.metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String),
    ),
    properties={"children": relationship(AdoptedChild, back_populates="parent")},
)
adopted.map_imperatively(
    AdoptedChild,
    Table(
        "child",
        adopted.metadata,
        Column("id", Integer, primary_key=True),
        Column("parent_id", ForeignKey("parent.id")),
    ),
    properties={"parent": relationship(AdoptedParent, back_populates="children")},
)

ROWS = """
INSERT INTO parent VALUES (1, 'p');
INSERT INTO child VALUES (1, 1), (2, 1);
"""


@pytest.fixture
def parent_class(mode: Mode) -> Any:
    return EmbeddedParent if mode == "embedded" else AdoptedParent


@pytest.fixture
def child_class(mode: Mode) -> Any:
    return EmbeddedChild if mode == "embedded" else AdoptedChild


@pytest.fixture
def db_session(make_engine: MakeEngine) -> Any:
    session = Session(make_engine(Base.metadata, ROWS))
    yield session
    session.close()


def round_trip(instance: Any, protocol: int = pickle.HIGHEST_PROTOCOL) -> Any:
    """The object, out of its own pickle."""
    return pickle.loads(pickle.dumps(instance, protocol))


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_transient_object_comes_back_transient(
    parent_class: Any, protocol: int
) -> None:
    back = round_trip(parent_class(name="x"), protocol)
    assert type(back) is parent_class
    assert back.name == "x"
    assert inspect(back).transient


def test_a_persistent_object_comes_back_detached(
    db_session: Session, parent_class: Any
) -> None:
    back = round_trip(db_session.get(parent_class, 1))
    assert (back.id, back.name) == (1, "p")
    assert inspect(back).detached
    assert inspect(back).identity == (1,)


def test_a_graph_comes_back_whole(db_session: Session, parent_class: Any) -> None:
    parent = db_session.get_one(parent_class, 1)
    assert [child.parent for child in parent.children] == [parent, parent]
    back = round_trip(parent)
    assert [child.id for child in back.children] == [1, 2]
    assert all(child.parent is back for child in back.children)


def test_what_was_not_loaded_is_not_loaded_after(
    db_session: Session, parent_class: Any
) -> None:
    back = round_trip(db_session.get(parent_class, 1))
    with pytest.raises(exc.DetachedInstanceError, match="children"):
        back.children
    db_session.expunge_all()
    db_session.add(back)
    assert len(back.children) == 2


def test_an_expired_object_comes_back_expired(
    db_session: Session, parent_class: Any
) -> None:
    parent = db_session.get(parent_class, 1)
    db_session.expire(parent)
    back = round_trip(parent)
    db_session.expunge_all()
    db_session.add(back)
    assert back.name == "p"


def test_changes_come_back_as_changes(db_session: Session, parent_class: Any) -> None:
    parent = db_session.get_one(parent_class, 1)
    parent.name = "changed"
    back = round_trip(parent)
    db_session.rollback()
    db_session.expunge_all()
    db_session.add(back)
    assert back in db_session.dirty
    db_session.commit()
    assert back.name == "changed"


def test_a_state_can_be_handed_on_by_itself(
    db_session: Session, parent_class: Any
) -> None:
    parent = db_session.get_one(parent_class, 1)
    inspect(parent).info["key"] = "value"
    parent.name = "changed"
    kept = pickle.loads(pickle.dumps(inspect(parent).__getstate__()))
    state = InstanceState.__new__(InstanceState)
    state.__setstate__(kept)
    back = state.obj()
    assert state.detached
    assert state.identity == (1,)
    assert inspect(back).info == state.info == {"key": "value"}
    assert state.attrs.name.history == (["changed"], (), ["p"])


def test_attributes_that_are_not_mapped_come_back(
    db_session: Session, parent_class: Any
) -> None:
    parent = db_session.get_one(parent_class, 1)
    parent.marker = "mine"
    assert round_trip(parent).marker == "mine"


def test_a_collection_that_came_back_is_still_watched(
    db_session: Session, parent_class: Any, child_class: Any
) -> None:
    parent = db_session.get_one(parent_class, 1)
    parent.children
    back = round_trip(parent)
    child = child_class()
    back.children.append(child)
    assert child.parent is back


def test_a_pickled_object_can_be_merged(db_session: Session, parent_class: Any) -> None:
    parent = db_session.get_one(parent_class, 1)
    back = round_trip(parent)
    back.name = "changed"
    merged = db_session.merge(back)
    assert merged is parent
    assert parent.name == "changed"
    assert back not in db_session


def test_a_copy_has_the_same_values(db_session: Session, parent_class: Any) -> None:
    parent = db_session.get_one(parent_class, 1)
    twin = copy.copy(parent)
    assert twin is not parent
    assert type(twin) is parent_class
    assert (twin.id, twin.name) == (1, "p")


def test_making_a_copy_leaves_the_session_alone(
    db_session: Session, parent_class: Any
) -> None:
    parent = db_session.get_one(parent_class, 1)
    copy.copy(parent)
    assert db_session.get(parent_class, 1) is parent
    assert not db_session.dirty
    parent.name = "changed"
    db_session.commit()
    assert parent.name == "changed"


def test_a_deep_copy_has_copies_of_the_children(
    db_session: Session, parent_class: Any
) -> None:
    parent = db_session.get_one(parent_class, 1)
    parent.children
    twin = copy.deepcopy(parent)
    assert [child.id for child in twin.children] == [1, 2]
    assert twin.children[0] is not parent.children[0]
    assert twin.children[0].parent is twin


def test_vars_shows_the_loaded_attributes(
    db_session: Session, parent_class: Any
) -> None:
    parent = db_session.get_one(parent_class, 1)
    shown = {key: value for key, value in vars(parent).items() if key[:1] != "_"}
    assert shown == {"id": 1, "name": "p"}
    parent.children
    assert "children" in vars(parent)
    db_session.expire(parent, ["name"])
    assert "name" not in vars(parent)
