"""The code of the session chapter of the 0.4 era, from top to bottom."""

from __future__ import annotations

import pickle
from typing import Any

from sqlalchemy import Engine

from ormolu.ext.legacy import (
    create_session,
    eagerload,
    mapper,
    relation,
    sessionmaker,
)
from tests.legacy.conftest import Era


class CodeUser:
    """Pickle needs a class that it can import."""

    id: Any
    name: Any


def test_the_code_of_the_chapter_runs(era: Era, engine: Engine) -> None:
    User, Address, Order = CodeUser, era.Address, era.Order
    users_table = era.users
    mapper(Address, era.addresses)
    usermapper = mapper(
        User,
        users_table,
        properties={"addresses": relation(Address, cascade="all, delete")},
    )
    mapper(Order, era.orders)
    mapper(
        User,
        era.alt_users,
        entity_name="alt_users",
        properties={"orders": relation(Order)},
    )
    session = create_session(bind=engine, transactional=True, autoflush=True)
    obj = session.query(User).get(1)

    printed = []
    if obj in session:
        printed.append("Object is present")
    assert printed == ["Object is present"]

    # pending objects recently added to the Session
    assert not session.new
    # persistent objects which currently have changes detected
    assert not session.dirty
    # persistent objects that have been marked as deleted via session.delete(obj)
    assert not session.deleted

    # query from a class
    assert session.query(User).filter_by(name="ed").all() == [obj]

    # query with multiple classes, returns tuples
    rows = (
        session.query(User)
        .add_entity(Address)
        .join("addresses")
        .filter_by(name="ed")
        .all()
    )
    assert {type(row[1]) for row in rows} == {Address}

    # query from a mapper
    query = session.query(usermapper)
    x = query.get(1)
    assert x is obj

    # query from a class mapped with entity name 'alt_users'
    q = session.query(User, entity_name="alt_users")
    y = q.options(eagerload("orders")).all()
    assert [user.nick for user in y] == ["eddie"]

    user1 = User(name="user1")  # type: ignore[call-arg]  # the mapper's constructor
    user2 = User(name="user2")  # type: ignore[call-arg]
    session.save(user1)
    session.save(user2)

    session.commit()  # write changes to the database
    assert session.query(User).count() == 4

    # load user1 using session 1
    sess1, sess2 = session, create_session(bind=engine)
    user1 = sess1.query(User).get(1)

    # remove it from session 1
    sess1.expunge(user1)
    sess1.commit()

    # move it into session 2
    sess2.save_or_update(user1)
    assert user1 in sess2
    sess2.close()

    # deserialize an object
    mystring = pickle.dumps(user1)
    myobj = pickle.loads(mystring)

    # "merge" it.  if the session already had this object in the
    # identity map, then you get back the one from the current session.
    user1 = session.query(User).get(1)
    myobj = session.merge(myobj)
    assert myobj is user1

    # mark two objects to be deleted
    obj1, obj2 = session.query(User).filter("users.id > 2").all()
    session.delete(obj1)
    session.delete(obj2)

    # commit (or flush)
    session.commit()
    assert session.query(User).count() == 2

    user = session.query(User).get(1)
    address = user.addresses[1]
    session.delete(address)
    session.flush()
    assert address in user.addresses
    session.refresh(user, ["addresses"])

    del user.addresses[0]
    session.flush()
    assert user.addresses == []

    # saves only user1 and address2.  all other modified
    # objects remain present in the session.
    user1, address2 = User(), Address()
    other = User()
    for new in (user1, address2, other):
        session.save(new)
    session.flush([user1, address2])
    assert list(session.new) == [other]

    session.expunge(other)
    session.clear()
    assert list(session) == []
    session.close()

    Session = sessionmaker(autoflush=True, transactional=True)

    sess = Session(bind=engine)
    u1 = User(name="jill")  # type: ignore[call-arg]
    sess.save(u1)

    # reload user1
    u2 = sess.query(User).filter_by(name="jill").one()
    assert u2 is u1

    # commit session, flushes whatever is remaining
    sess.commit()

    # immediately re-load attributes on obj1, obj2
    obj1, obj2 = sess.query(User).filter("users.id < 3").all()
    obj1.name = obj2.name = "changed"
    sess.refresh(obj1)
    sess.refresh(obj2)
    assert (obj1.name, obj2.name) == ("ed", "jack")

    # expire objects obj1, obj2, attributes will be reloaded
    # on the next access:
    obj1.name = obj2.name = "changed"
    sess.expire(obj1)
    sess.expire(obj2)
    assert (obj1.name, obj2.name) == ("ed", "jack")
    sess.close()
