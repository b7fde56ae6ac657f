"""What a load leaves behind for the later loads of its objects."""

from typing import Any

import pytest
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    Table,
    event,
    exc,
    inspect,
    select,
)

from ormolu import (
    Entity,
    Session,
    defer,
    joinedload,
    lazyload,
    load_only,
    raiseload,
    registry,
    relationship,
    selectinload,
)
from tests.orm.conftest import MakeEngine
from tests.orm.models import Mode, Models
from tests.orm.recording import Recorder


@pytest.fixture
def sandy(session: Session, models: Models) -> Any:
    return session.get(models.User, 2)


def load_again(session: Session, models: Models, *options: Any, **kw: Any) -> None:
    session.scalars(
        select(models.User).options(*options), execution_options=kw
    ).unique().all()


# -- objects that are there already ----------------------------------------------------


@pytest.mark.parametrize("expired", [None, ["name"], ["addresses"]])
def test_options_reach_an_object_that_lacks_something(
    session: Session, models: Models, sandy: Any, expired: list[str] | None
) -> None:
    session.expire(sandy, expired)
    load_again(session, models, raiseload(models.User.addresses))
    with pytest.raises(exc.InvalidRequestError, match="lazy='raise'"):
        _ = sandy.addresses


def test_a_column_left_out_for_an_expired_object_loads_later(
    session: Session, models: Models, sandy: Any, sql: Recorder
) -> None:
    session.expire(sandy)
    load_again(session, models, load_only(models.User.name))
    sql.clear()
    assert sandy.fullname == "Sandy Cheeks"
    assert sql.take_sql() == [
        "SELECT user_account.fullname FROM user_account WHERE user_account.id = ?"
    ]


@pytest.mark.parametrize("load", [selectinload, joinedload])
def test_a_refresh_goes_on_as_the_first_load_asked(
    session: Session, models: Models, sandy: Any, load: Any
) -> None:
    session.expire(sandy)
    load_again(session, models, load(models.User.addresses))
    assert "addresses" in vars(sandy)
    session.expire(sandy)
    assert sandy.name == "sandy"
    assert "addresses" not in vars(sandy)


def test_populate_existing_brings_its_options(
    session: Session, models: Models, sandy: Any
) -> None:
    load_again(
        session, models, joinedload(models.User.addresses), populate_existing=True
    )
    session.expire(sandy)
    assert sandy.name == "sandy"
    assert "addresses" in vars(sandy)


def test_merged_without_load_a_deferred_column_stays_deferred(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = select(models.User).options(defer(models.User.fullname))
    user = session.scalars(statement.where(models.User.id == 2)).one()
    session.close()
    merged = session.merge(user, load=False)
    sql.clear()
    assert merged.name == "sandy"
    assert "fullname" not in vars(merged)
    assert merged.fullname == "Sandy Cheeks"
    assert len(sql.take()) == 1


def test_criteria_of_a_lazy_load(session: Session, models: Models) -> None:
    criterion = models.Address.email_address.like("%squirrel%")
    statement = select(models.User).options(
        lazyload(models.User.addresses.and_(criterion))
    )
    sandy = session.scalars(statement.where(models.User.id == 2)).one()
    assert [a.id for a in sandy.addresses] == [3]


# -- expiry --------------------------------------------------------------------------


def test_a_deferred_column_does_not_come_with_the_expired(
    session: Session, models: Models, sql: Recorder
) -> None:
    document = session.get(models.Document, 1)
    assert document is not None
    assert document.body == "a long text"
    session.expire(document, ["title", "body"])
    sql.clear()
    assert document.title == "first"
    assert "body" not in vars(document)
    assert document.body == "a long text"
    assert len(sql.take()) == 2


def test_an_expired_attribute_is_deleted_without_a_load(
    session: Session, sandy: Any, sql: Recorder
) -> None:
    session.expire(sandy)
    with sql.silence():
        del sandy.fullname


def test_a_criterion_keeps_the_last_known_value(
    session: Session, models: Models, sandy: Any
) -> None:
    statement = select(models.Address).where(models.Address.user == sandy)
    session.expire(sandy)
    session.expunge(sandy)
    assert {a.id for a in session.scalars(statement)} == {2, 3}


def test_a_criterion_without_any_value(session: Session, models: Models) -> None:
    statement = select(models.Address).where(models.Address.user == models.User())
    with pytest.raises(exc.StatementError, match="no value has been set for this"):
        session.scalars(statement)


# -- listeners -----------------------------------------------------------------------


@pytest.mark.parametrize("restore", [False, True])
def test_a_refresh_within_a_load_listener(
    session: Session, models: Models, restore: bool
) -> None:
    def refresh(obj: Any, context: Any) -> None:
        obj.body  # noqa: B018

    event.listen(models.Document, "load", refresh, restore_load_context=restore)
    try:
        if restore:
            assert session.get(models.Document, 1) is not None
        else:
            with pytest.warns(exc.SAWarning, match="restore_load_context=True"):
                session.get(models.Document, 1)
    finally:
        event.remove(models.Document, "load", refresh)


def test_a_refresh_within_a_load_listener_breaks_off_joined_rows(
    session: Session, models: Models
) -> None:
    def refresh(obj: Any, context: Any) -> None:
        session.refresh(obj, ["fullname"])

    statement = select(models.User).options(joinedload(models.User.addresses))
    for restore, count in ((False, 1), (True, 2)):
        session.expunge_all()
        event.listen(models.User, "load", refresh, restore_load_context=restore)
        try:
            if restore:
                users = session.scalars(statement).unique().all()
            else:
                with pytest.warns(exc.SAWarning, match="Loading context"):
                    users = session.scalars(statement).unique().all()
        finally:
            event.remove(models.User, "load", refresh)
        assert {u.id: len(u.addresses) for u in users}[2] == count


# -- collections ---------------------------------------------------------------------


def test_an_item_twice_in_a_collection_keeps_its_parent(models: Models) -> None:
    user, address = models.User(), models.Address()
    user.addresses.append(address)
    user.addresses.append(address)
    del user.addresses[0]
    assert address.user is user
    del user.addresses[0]
    assert address.user is None


def test_what_a_backref_added_is_there_once_after_a_flush(
    session: Session, models: Models, sandy: Any
) -> None:
    address = models.Address(email_address="new")
    session.add(address)
    address.user = sandy
    assert "addresses" not in vars(sandy)
    session.flush()
    assert [a.email_address for a in sandy.addresses].count("new") == 1


def test_deleting_an_empty_collection_does_nothing(models: Models) -> None:
    user = models.User()
    del user.addresses
    assert user.addresses == []


def test_states_of_pending_objects_survive_the_expiry_of_their_parent(
    session: Session, models: Models
) -> None:
    session.autoflush = False
    owner = session.get(models.Owner, 2)
    assert owner is not None
    pet = models.Pet(name="new")
    owner.pets.append(pet)
    session.expire(owner)  # its cascade is that of orphans: the pet leaves
    assert inspect(pet).transient


@pytest.mark.parametrize("lazy", ["selectin", "subquery", "immediate"])
def test_what_a_refresh_joins_refers_back_to_the_refreshed_object(
    mode: Mode, make_engine: MakeEngine, lazy: Any
) -> None:
    mapper_registry = registry()
    metadata = mapper_registry.metadata
    node = Table("node", metadata, Column("id", Integer, primary_key=True))
    leaf = Table(
        "leaf",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("node_id", ForeignKey("node.id")),
    )
    bases = (Entity,) if mode == "embedded" else ()
    Node: Any = type("Node", bases, {})
    Leaf: Any = type("Leaf", bases, {})
    leaves = relationship(Leaf, lazy="joined", back_populates="node")
    mapper_registry.map_imperatively(Node, node, properties={"leaves": leaves})
    mapper_registry.map_imperatively(
        Leaf,
        leaf,
        properties={"node": relationship(Node, lazy=lazy, back_populates="leaves")},
    )
    rows = "INSERT INTO node VALUES (1); INSERT INTO leaf VALUES (1, 1), (2, 1);"
    with Session(make_engine(metadata, rows)) as session:
        one = session.get_one(Node, 1)
        session.expire(one)
        assert one.id == 1
        session.expunge_all()
        assert [leaf.node for leaf in one.leaves] == [one, one]
    mapper_registry.dispose()
