"""Names of the 0.4 era as thin layers over today's interface.

A program written for SQLAlchemy 0.4 finds here what has gone since, or has another
name: classical ``mapper()`` and ``relation()``, options and joins by string, sessions
that are not transactional, ``save()``, ``update()`` and ``clear()``, classes with
several mappers by ``entity_name``.  Everything else comes from ``ormolu``::

    from ormolu.ext.legacy import create_session, eagerload, mapper, relation

    mapper(User, users, properties={"addresses": relation(Address)})
    session = create_session(bind=engine, transactional=True)
    session.save(User(name="ed"))
    session.commit()

What it does not bring back: metadata with an engine of its own (give ``bind`` to the
session), implicit execution, and ``MapperExtension`` (listen for events).
"""

from __future__ import annotations

from .mapping import (
    backref,
    class_mapper,
    clear_mappers,
    compile_mappers,
    dynamic_loader,
    mapper,
    object_mapper,
    relation,
)
from .options import (
    StringOption,
    contains_eager,
    defer,
    eagerload,
    eagerload_all,
    lazyload,
    noload,
    undefer,
)
from .query import Query
from .scoped import ScopedSession, scoped_session
from .session import Session, create_session, object_session, sessionmaker

__all__ = [
    "Query",
    "ScopedSession",
    "Session",
    "StringOption",
    "backref",
    "class_mapper",
    "clear_mappers",
    "compile_mappers",
    "contains_eager",
    "create_session",
    "defer",
    "dynamic_loader",
    "eagerload",
    "eagerload_all",
    "lazyload",
    "mapper",
    "noload",
    "object_mapper",
    "object_session",
    "relation",
    "scoped_session",
    "sessionmaker",
    "undefer",
]
