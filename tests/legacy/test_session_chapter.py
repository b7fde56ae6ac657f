"""The session chapter of the 0.4 era, row by row."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import InvalidRequestError

from ormolu.exc import UnmappedClassError
from ormolu.ext.legacy import (
    Query,
    Session,
    class_mapper,
    create_session,
    dynamic_loader,
    eagerload,
    mapper,
    object_session,
    relation,
    scoped_session,
    sessionmaker,
)
from tests.legacy.conftest import ROWS, Era, MakeSession, tables
from tests.orm.models import create_script
from tests.orm.recording import Recorder, sqlite_engine


def emails(addresses: Any) -> list[str]:
    return sorted(address.email for address in addresses)


def test_c1_membership_and_iteration(era: Era, sess: Session) -> None:
    era.map()
    ed = sess.query(era.User).get(1)
    new = era.User(name="new")
    assert ed in sess
    assert new not in sess
    sess.save(new)
    assert new in sess
    assert {id(obj) for obj in sess} == {id(ed), id(new)}


def test_c2_new_dirty_and_deleted(era: Era, sess: Session) -> None:
    era.map()
    ed, jack = sess.query(era.User).all()
    new = era.User(name="new")
    sess.save(new)
    assert list(sess.new) == [new]
    assert not sess.dirty
    ed.name = "edward"
    sess.delete(jack)
    assert list(sess.dirty) == [ed]
    assert list(sess.deleted) == [jack]
    sess.flush()
    assert not sess.new
    assert not sess.dirty
    assert not sess.deleted


def test_c3_filter_by_and_all(era: Era, sess: Session, sql: Recorder) -> None:
    era.map()
    [ed] = sess.query(era.User).filter_by(name="ed").all()
    assert ed.id == 1
    assert sql.take() == [
        (
            "SELECT users.id AS users_id, users.name AS users_name FROM users "
            "WHERE users.name = ?",
            ("ed",),
        )
    ]


def test_c4_add_entity_and_join_by_name_give_tuples(
    era: Era, sess: Session, sql: Recorder
) -> None:
    era.map()
    found = (
        sess.query(era.User)
        .add_entity(era.Address)
        .join("addresses")
        .filter_by(name="ed")
        .all()
    )
    assert [(user.name, address.email) for user, address in found] == [
        ("ed", "ed@wood.com"),
        ("ed", "ed@bettyboop.com"),
    ]
    assert sql.take()[0].sql.endswith(
        "FROM users JOIN addresses ON users.id = addresses.user_id WHERE users.name = ?"
    )


def test_c4_filter_by_looks_at_what_was_joined_first(era: Era, sess: Session) -> None:
    era.map()
    joined = sess.query(era.User).join("addresses")
    assert joined.filter_by(email="jack@bean.com").one().name == "jack"


def test_c4_a_second_join_of_the_same_relation_goes_back_to_the_first(
    era: Era, sess: Session, sql: Recorder
) -> None:
    era.map()
    query = sess.query(era.User).join("addresses").join("addresses")
    assert query.filter_by(email="jack@bean.com").one().name == "jack"
    assert sql.take_sql()[0].count("JOIN") == 1


def test_c5_a_query_of_a_mapper(era: Era, sess: Session) -> None:
    usermapper = era.map()
    x = sess.query(usermapper).get(1)
    assert isinstance(x, era.User)
    assert x.name == "ed"
    assert sess.query(usermapper).get(99) is None


def test_c6_entity_name_chooses_another_mapping(era: Era, sess: Session) -> None:
    era.map()
    era.map_alt_users()
    alt = sess.query(era.User, entity_name="alt_users").one()
    assert isinstance(alt, era.User)
    assert alt.greet() == "hello, alt ed"
    assert alt.nick == "eddie"
    assert sess.query(era.User).get(1).name == "ed"


def test_c6_each_mapping_has_its_own_attributes(era: Era, sess: Session) -> None:
    era.map()
    era.map_alt_users()
    alt = sess.query(era.User, entity_name="alt_users").one()
    assert [order.description for order in alt.orders] == ["an order"]
    with pytest.raises(AttributeError, match="another mapping of the class"):
        _ = alt.addresses
    assert not hasattr(era.User, "nick")


def test_c6_an_unknown_entity_name_is_refused(era: Era, sess: Session) -> None:
    era.map()
    for call in (
        lambda: sess.query(era.User, entity_name="nobody"),
        lambda: sess.save(era.User(), entity_name="nobody"),
        lambda: sess.get(era.User, 1, entity_name="nobody"),
        lambda: class_mapper(era.User, entity_name="nobody"),
    ):
        with pytest.raises(
            InvalidRequestError,
            match="Class 'User' entity name 'nobody' has no mapper associated with it",
        ):
            call()


def test_c6_every_session_method_takes_it(
    era: Era, sess: Session, engine: Engine
) -> None:
    era.map()
    alt_mapper = era.map_alt_users()
    name = "alt_users"
    assert class_mapper(era.User, name) is alt_mapper
    saved = era.User(name="saved")
    sess.save(saved, entity_name=name)
    either = era.User(name="either")
    sess.save_or_update(either, entity_name=name)
    sess.flush()
    assert sess.query(era.User, entity_name=name).count() == 3
    sess.expunge(saved)
    sess.update(saved, entity_name=name)
    merged = sess.merge(era.User(id=1, name="merged"), entity_name=name)
    assert merged is sess.get(era.User, 1, entity_name=name)
    sess.delete(saved, entity_name=name)
    sess.flush()
    assert sess.get(era.User, saved.id, entity_name=name) is None
    assert sess.load(era.User, 1, entity_name=name) is merged
    assert sess.get_bind(era.User, entity_name=name) is engine
    assert sess.connection(era.User, entity_name=name).engine is engine
    names = [u.name for u in sess.query(era.User).order_by("id")]
    assert names == ["ed", "jack"]


def test_c6_bind_mapper_takes_it(era: Era) -> None:
    era.map()
    era.map_alt_users()
    session = create_session()
    other: Any = sqlite_engine("core", Recorder())
    session.bind_mapper(era.User, other, entity_name="alt_users")
    assert session.get_bind(era.User, entity_name="alt_users") is other
    other.dispose()


def test_c6_without_a_mapping_of_its_own_the_class_needs_the_name(
    era: Era, sess: Session
) -> None:
    era.map_alt_users()
    user = era.User()
    user.name, user.nick = "plain", "p"
    sess.save(user, entity_name="alt_users")
    sess.commit()
    sess.clear()
    found = sess.query(era.User, entity_name="alt_users").filter_by(nick="p").one()
    assert found.name == "plain"
    with pytest.raises(InvalidRequestError):
        sess.query(era.User).all()


def test_c6_relations_lead_to_a_mapping_by_name(era: Era, sess: Session) -> None:
    era.map()
    alt = mapper(era.User, era.alt_users, entity_name="alt_users")
    mapper(
        era.Order,
        era.orders,
        properties={"user": relation(era.User, entity_name="alt_users")},
    )
    order = sess.query(era.Order).get(1)
    assert type(order.user) is alt.class_
    assert order.user.name == "alt ed"


def test_c6_a_name_is_mapped_once(era: Era) -> None:
    era.map_alt_users()
    with pytest.raises(Exception, match="already has a primary mapper defined with"):
        mapper(era.User, era.alt_users, entity_name="alt_users")


def test_c7_eagerload_by_name(era: Era, sess: Session, sql: Recorder) -> None:
    era.map_alt_users()
    q = sess.query(era.User, entity_name="alt_users")
    [y] = q.options(eagerload("orders")).all()
    assert "LEFT OUTER JOIN orders" in sql.take_sql()[0]
    with sql.silence():
        assert [order.description for order in y.orders] == ["an order"]


def test_c8_what_a_query_returns_is_persistent_in_its_session(
    era: Era, sess: Session, make_session: MakeSession
) -> None:
    era.map()
    users = sess.query(era.User).all()
    assert all(object_session(user) is sess and user in sess for user in users)


def test_c9_save_takes_transient_instances_only(
    era: Era, sess: Session, make_session: MakeSession
) -> None:
    era.map()
    user = era.User(name="user1")
    sess.save(user)
    assert user in sess.new
    with pytest.raises(InvalidRequestError, match="is already attached to session"):
        make_session().save(user)
    sess.flush()
    with pytest.raises(InvalidRequestError, match="is already attached to session"):
        sess.save(user)
    sess.expunge(user)
    with pytest.raises(InvalidRequestError, match="is already persistent"):
        sess.save(user)


def test_c9_save_inserts_at_commit(era: Era, sess: Session, sql: Recorder) -> None:
    era.map()
    user1, user2 = era.User(name="user1"), era.User(name="user2")
    with sql.silence():
        sess.save(user1)
        sess.save(user2)
    sess.commit()
    assert [s.parameters for s in sql.take()] == [("user1",), ("user2",)]


def test_c10_update_puts_a_detached_instance_back(
    era: Era, sess: Session, engine: Engine
) -> None:
    era.map()
    user = sess.query(era.User).get(1)
    sess.close()
    other = create_session(bind=engine, transactional=True)
    other.update(user)
    assert user in other
    user.name = "edward"
    other.commit()
    assert sess.query(era.User).get(1).name == "edward"


def test_c10_update_refuses_what_was_never_saved(era: Era, sess: Session) -> None:
    era.map()
    with pytest.raises(InvalidRequestError, match="is not persisted"):
        sess.update(era.User(name="new"))


def test_c11_save_or_update_decides_by_the_identity(
    era: Era, sess: Session, engine: Engine
) -> None:
    era.map()
    user1 = sess.query(era.User).get(1)
    sess.expunge(user1)
    sess.commit()
    sess2 = create_session(bind=engine, transactional=True)
    sess2.save_or_update(user1)
    new = era.User(name="new")
    sess2.save_or_update(new)
    assert user1 in sess2
    assert user1 not in sess2.new
    assert new in sess2.new
    sess2.close()


def test_c12_save_goes_along_the_cascade(era: Era, sess: Session) -> None:
    era.map()
    address = era.Address(email="a")
    user = era.User(name="new", addresses=[address])
    sess.save(user)
    assert address in sess.new
    later = era.Address(email="b")
    user.addresses.append(later)
    assert later in sess.new


def test_c12_update_goes_along_the_cascade(era: Era, sess: Session) -> None:
    era.map()
    user = sess.query(era.User).get(1)
    [first, second] = user.addresses
    sess.clear()
    sess.update(user)
    assert first in sess
    assert second in sess


def test_c12_a_contextual_session_saves_what_is_constructed(
    era: Era, engine: Engine
) -> None:
    context = scoped_session(sessionmaker(bind=engine))
    context.mapper(era.User, era.users)
    user = era.User(name="new")
    assert user in context.new
    assert user.name == "new"
    assert era.User.query.filter_by(name="new").one() is user
    context.remove()


def test_c12_the_constructor_may_be_told_the_session_and_the_mapping(
    era: Era, engine: Engine, make_session: MakeSession
) -> None:
    context = scoped_session(sessionmaker(bind=engine))
    context.mapper(era.User, era.users)
    era.map_alt_users()
    other = make_session()
    user = era.User(name="new", _sa_session=other, _sa_entity_name="alt_users")
    assert user in other.new
    assert user not in context
    assert user.nick is None
    context.remove()


def test_c13_merge_returns_the_sessions_own_copy(era: Era, sess: Session) -> None:
    era.map()
    given = era.User(id=1, name="edward")
    merged = sess.merge(given)
    assert merged is not given
    assert merged in sess
    assert given not in sess
    assert sess.query(era.User).get(1) is merged


def test_c14_merge_loads_by_key_and_copies(
    era: Era, sess: Session, sql: Recorder
) -> None:
    era.map()
    merged = sess.merge(era.User(id=1, name="edward"))
    assert sql.take() == [
        ("SELECT users.id, users.name FROM users WHERE users.id = ?", (1,))
    ]
    assert merged.name == "edward"
    assert merged in sess.dirty


def test_c14_merge_uses_what_is_there(era: Era, sess: Session, sql: Recorder) -> None:
    era.map()
    ed = sess.query(era.User).get(1)
    with sql.silence():
        assert sess.merge(era.User(id=1, name="edward")) is ed
    assert ed.name == "edward"


class PickledUser:
    name: Any


def test_c15_a_pickled_object_is_merged(era: Era, sess: Session) -> None:
    mapper(PickledUser, era.users)
    myobj = sess.query(PickledUser).get(1)
    mystring = pickle.dumps(myobj)
    sess.clear()
    here = sess.query(PickledUser).get(1)
    loaded = pickle.loads(mystring)
    assert sess.merge(loaded) is here
    sess.clear()
    again = sess.merge(pickle.loads(mystring))
    assert again.name == "ed"
    assert again in sess


def test_c15_objects_of_another_mapping_can_be_pickled(era: Era, sess: Session) -> None:
    mapper(PickledUser, era.alt_users, entity_name="alt_users")
    user = sess.query(PickledUser, entity_name="alt_users").get(1)
    sess.clear()
    copied = sess.merge(pickle.loads(pickle.dumps(user)), dont_load=True)
    assert (copied.nick, type(copied)) == ("eddie", type(user))


def test_c16_merge_without_a_load(era: Era, sess: Session, sql: Recorder) -> None:
    era.map()
    cached = sess.query(era.User).get(1)
    assert emails(cached.addresses) == ["ed@bettyboop.com", "ed@wood.com"]
    sess.clear()
    with sql.count(0):
        copied = sess.merge(cached, dont_load=True)
        assert copied is not cached
        assert copied.name == "ed"
    assert not sess.dirty


def test_c17_several_objects_are_deleted_by_one_flush(
    era: Era, sess: Session, sql: Recorder
) -> None:
    era.map()
    obj1, obj2 = sess.query(era.Address).filter("id < 3")
    with sql.silence():
        sess.delete(obj1)
        sess.delete(obj2)
    sess.commit()
    assert sql.take() == [
        ("DELETE FROM addresses WHERE addresses.id = ?", [(1,), (2,)])
    ]


def test_c18_a_deleted_object_stays_in_loaded_collections(
    era: Era, sess: Session
) -> None:
    era.map()
    user = sess.query(era.User).get(1)
    address = user.addresses[1]
    sess.delete(address)
    sess.flush()
    assert address in user.addresses


def test_c19_del_from_a_collection_deletes_the_row(
    era: Era, sess: Session, sql: Recorder
) -> None:
    era.map(cascade="all, delete-orphan")
    user = sess.query(era.User).get(1)
    address = user.addresses[1]
    sql.clear()
    del user.addresses[1]
    sess.flush()
    assert sql.take() == [("DELETE FROM addresses WHERE addresses.id = ?", (2,))]
    assert address not in sess


def test_c20_flush_of_some_objects(era: Era, sess: Session, sql: Recorder) -> None:
    era.map()
    user1, user2 = era.User(name="user1"), era.User(name="user2")
    address2 = era.Address(email="a2")
    for obj in (user1, user2, address2):
        sess.save(obj)
    sess.flush([user1, address2])
    assert list(sess.new) == [user2]
    assert [s.parameters for s in sql.take()] == [("user1",), (None, "a2")]
    sess.flush()
    assert not sess.new


def test_c21_a_partial_flush_does_not_follow_dependencies(
    era: Era, sess: Session
) -> None:
    era.map()
    user = era.User(name="new")
    address = era.Address(email="a")
    user.addresses.append(address)
    sess.save(user)
    sess.flush([address])
    assert user in sess.new
    assert address not in sess.new
    assert address.user_id is None


def test_c22_a_flush_leaves_collections_in_memory_alone(
    era: Era, sess: Session
) -> None:
    era.map()
    ed, jack = sess.query(era.User).order_by("id").all()
    [address] = jack.addresses
    assert len(ed.addresses) == 2
    address.user_id = ed.id
    sess.flush()
    assert jack.addresses == [address]
    assert address not in ed.addresses
    sess.refresh(ed)
    sess.expire(jack)
    assert address in ed.addresses
    assert jack.addresses == []


def test_c23_autoflush_in_a_transactional_session(era: Era, engine: Engine) -> None:
    era.map()
    Maker = sessionmaker(bind=engine, autoflush=True, transactional=True)
    sess = Maker()
    u1 = era.User(name="jill")
    sess.save(u1)
    u2 = sess.query(era.User).filter_by(name="jill").one()
    assert u2 is u1
    sess.rollback()
    assert sess.query(era.User).filter_by(name="jill").all() == []
    sess.close()


def test_c23_create_session_does_not_autoflush(
    era: Era, make_session: MakeSession
) -> None:
    era.map()
    sess = make_session()
    sess.save(era.User(name="jill"))
    assert sess.query(era.User).filter_by(name="jill").all() == []


def test_c24_autoflush_makes_dynamic_relations_see_pending_rows(
    era: Era, sess: Session
) -> None:
    mapper(era.Address, era.addresses)
    mapper(
        era.User,
        era.users,
        properties={"addresses": dynamic_loader(era.Address)},
    )
    user = sess.query(era.User).get(2)
    user.addresses.append(era.Address(email="new@bean.com"))
    assert emails(user.addresses) == ["jack@bean.com", "new@bean.com"]
    assert user.addresses.filter_by(email="new@bean.com").count() == 1
    removed = user.addresses.filter_by(email="jack@bean.com").one()
    user.addresses.remove(removed)
    assert emails(user.addresses) == ["new@bean.com"]


def test_c25_commit_flushes_and_commits_every_connection(
    era: Era, engine: Engine
) -> None:
    era.map()
    mapper(era.Order, era.orders)
    other = sqlite_engine("core", Recorder(), create_script(tables()) + ROWS)
    sess = create_session(
        transactional=True, binds={era.User: engine, era.Order: other}
    )
    sess.save(era.User(name="new"))
    sess.save(era.Order(description="new"))
    sess.commit()
    assert engine.pool.checkedout() == other.pool.checkedout() == 0  # type: ignore[attr-defined]
    for bind, table in ((engine, "users"), (other, "orders")):
        with bind.connect() as connection:
            count = connection.exec_driver_sql(f"SELECT count(*) FROM {table}")
            assert count.scalar() == {"users": 3, "orders": 2}[table]
    other.dispose()


def test_c26_the_next_transaction_starts_with_the_next_operation(
    era: Era, sess: Session, engine: Engine
) -> None:
    era.map()
    pool: Any = engine.pool
    user = sess.query(era.User).get(1)
    assert pool.checkedout() == 1
    sess.commit()
    assert pool.checkedout() == 0
    user.name = "edward"
    assert pool.checkedout() == 0
    sess.query(era.User).all()
    assert pool.checkedout() == 1


def test_c27_begin_by_hand(era: Era, make_session: MakeSession) -> None:
    era.map()
    sess = make_session()
    sess.begin()
    sess.save(era.User(name="new"))
    sess.flush()
    sess.rollback()
    assert sess.query(era.User).count() == 2
    sess.begin()
    sess.save(era.User(name="new"))
    sess.commit()
    assert sess.query(era.User).count() == 3


def test_c27_outside_of_a_transaction_each_flush_is_committed(
    era: Era, make_session: MakeSession, engine: Engine
) -> None:
    era.map()
    sess = make_session()
    sess.save(era.User(name="new"))
    pending = era.User(name="pending")
    sess.flush()
    sess.save(pending)
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert sess.query(era.User).count() == 3
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert pending in sess.new


def test_c27_outside_of_a_transaction_there_is_nothing_to_commit(
    era: Era, make_session: MakeSession
) -> None:
    era.map()
    sess = make_session()
    with pytest.raises(InvalidRequestError, match=r"No transaction is begun\."):
        sess.commit()


def test_c27_a_failed_flush_leaves_the_session_usable(
    era: Era, make_session: MakeSession
) -> None:
    era.map()
    sess = make_session()
    sess.save(era.User(id=1, name="twice"))
    with pytest.raises(Exception, match="UNIQUE constraint failed"):
        sess.flush()
    assert sess.query(era.User).count() == 2


def test_c28_expunge_detaches_or_makes_transient(era: Era, sess: Session) -> None:
    era.map()
    persistent, pending = sess.query(era.User).get(1), era.User(name="new")
    sess.save(pending)
    sess.expunge(persistent)
    sess.expunge(pending)
    assert persistent not in sess
    assert pending not in sess
    sess.save(pending)  # transient again
    sess.update(persistent)  # was detached
    assert {id(o) for o in sess} == {id(persistent), id(pending)}


def test_c29_clear_leaves_the_transaction_alone(
    era: Era, sess: Session, engine: Engine
) -> None:
    era.map()
    user = sess.query(era.User).get(1)
    sess.save(era.User(name="new"))
    sess.flush()
    sess.clear()
    assert user not in sess
    assert list(sess) == []
    assert engine.pool.checkedout() == 1  # type: ignore[attr-defined]
    assert sess.query(era.User).count() == 3


def test_c30_close_clears_releases_and_rolls_back(
    era: Era, sess: Session, engine: Engine
) -> None:
    era.map()
    sess.save(era.User(name="new"))
    sess.flush()
    sess.close()
    assert list(sess) == []
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert sess.query(era.User).count() == 2


@pytest.mark.parametrize("method", ["refresh", "expire"])
def test_c31_refresh_and_expire_discard_changes(
    era: Era, make_session: MakeSession, method: str
) -> None:
    era.map()
    sess = make_session(transactional=True)
    obj1 = sess.query(era.User).get(1)
    obj1.name = "changed"
    getattr(sess, method)(obj1)
    assert obj1.name == "ed"
    assert obj1 not in sess.dirty


@pytest.mark.parametrize("method", ["refresh", "expire"])
def test_c31_refresh_and_expire_take_names_of_columns_and_relations(
    era: Era, make_session: MakeSession, sql: Recorder, method: str
) -> None:
    era.map()
    sess = make_session(transactional=True)
    obj1 = sess.query(era.User).get(1)
    obj1.addresses.pop()
    getattr(sess, method)(obj1, ["addresses"])
    assert len(obj1.addresses) == 2
    obj1.name = "changed"
    getattr(sess, method)(obj1, ["name"])
    assert obj1.name == "ed"
    with sql.silence():
        assert len(obj1.addresses) == 2


def test_c32_lazy_loaders_start_over_after_refresh(
    era: Era, sess: Session, sql: Recorder
) -> None:
    era.map()
    user = sess.query(era.User).get(1)
    assert len(user.addresses) == 2
    sess.execute("INSERT INTO addresses (id, user_id, email) VALUES (9, 1, 'n')")
    sess.expire(user)
    assert len(user.addresses) == 3


def test_c32_eager_loaders_refill_after_refresh(
    era: Era, sess: Session, sql: Recorder
) -> None:
    era.map(lazy=False)
    user = sess.query(era.User).filter_by(name="ed").one()
    assert len(user.addresses) == 2
    sess.execute("INSERT INTO addresses (id, user_id, email) VALUES (9, 1, 'n')")
    sess.refresh(user)
    with sql.silence():
        assert len(user.addresses) == 3


def test_c33_a_contextual_session(era: Era, engine: Engine) -> None:
    era.map()
    context = scoped_session(sessionmaker(bind=engine))
    assert context() is context()
    user = era.User(name="new")
    context.save(user)
    context.flush()
    assert context.query(era.User).filter_by(name="new").one() is user
    context.expunge(user)
    context.update(user)
    context.save_or_update(user)
    assert context.load(era.User, user.id) is user
    context.clear()
    assert user not in context
    before = context()
    context.remove()
    assert context() is not before
    context.remove()


def test_c34_classical_mapper_and_relation(era: Era, sess: Session) -> None:
    mapper(
        era.User,
        era.users,
        properties={"addresses": relation(era.Address, cascade="all, delete")},
    )
    mapper(era.Address, era.addresses)
    user = sess.query(era.User).get(1)
    assert isinstance(sess.query(era.User), Query)
    sess.delete(user)
    sess.commit()
    assert sess.query(era.Address).count() == 1


def test_c34_a_class_that_is_not_mapped_is_refused(era: Era) -> None:
    with pytest.raises(UnmappedClassError):
        class_mapper(era.User)
