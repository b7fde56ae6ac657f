"""Version counters: rows that somebody else has changed are not overwritten."""

from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import Column, FetchedValue, ForeignKey, Integer, select, text
from sqlalchemy.exc import SAWarning

from ormolu import exc, relationship
from tests.flush.world import World, named


def versioned(world: World, **options: Any) -> Any:
    """A class that counts its versions."""
    table = world.table("doc", Column("v", Integer), named("body"))
    return world.map("Doc", table, version_id_col=table.c.v, **options)


def test_versions_are_counted_and_compared(world: World) -> None:
    Doc = versioned(world)
    session = world.session()
    doc = Doc(body="a")
    session.add(doc)
    session.flush()
    assert doc.v == 1
    world.sql.clear()
    doc.body = "b"
    session.flush()
    assert doc.v == 2
    session.delete(doc)
    session.flush()
    assert world.sql.take() == [
        ("UPDATE doc SET v=?, body=? WHERE doc.id = ? AND doc.v = ?", (2, "b", 1, 1)),
        ("DELETE FROM doc WHERE doc.id = ? AND doc.v = ?", (1, 2)),
    ]


def test_versioned_rows_are_updated_one_by_one(world: World) -> None:
    Doc = versioned(world)
    session = world.session()
    docs = [Doc(body="a"), Doc(body="b")]
    session.add_all(docs)
    session.flush()
    world.sql.clear()
    for doc in docs:
        doc.body += "!"
    session.flush()
    statement = "UPDATE doc SET v=?, body=? WHERE doc.id = ? AND doc.v = ?"
    assert world.sql.take() == [
        (statement, (2, "a!", 1, 1)),
        (statement, (2, "b!", 2, 1)),
    ]


@pytest.mark.parametrize("change", ["update", "delete"])
def test_a_stale_version_is_refused(world: World, change: str) -> None:
    Doc = versioned(world)
    session = world.session()
    doc = Doc(body="a")
    session.add(doc)
    session.flush()
    table = Doc.__mapper__.local_table
    session.connection().execute(table.update().values(v=9))
    if change == "update":
        doc.body = "b"
        match = r"UPDATE statement on table 'doc' expected to update 1 row\(s\); 0 were"
    else:
        session.delete(doc)
        match = r"DELETE statement on table 'doc' expected to delete 1 row\(s\); 0 were"
    with pytest.raises(exc.StaleDataError, match=match):
        session.flush()
    session.rollback()


def test_a_first_version_is_the_generators_even_if_one_was_given(world: World) -> None:
    Doc = versioned(world, version_id_generator=lambda v: (v or 0) + 10)
    session = world.session()
    doc = Doc(v=77, body="a")
    session.add(doc)
    session.flush()
    assert doc.v == 10
    doc.v = 50
    session.flush()
    assert world.rows(session, Doc.__mapper__.local_table) == [(1, 50, "a")]


def test_versions_that_the_program_counts(world: World) -> None:
    Doc = versioned(world, version_id_generator=False)
    session = world.session()
    doc = Doc(v=1, body="a")
    session.add(doc)
    session.flush()
    world.sql.clear()
    doc.body = "b"
    session.flush()
    doc.v = 2
    session.flush()
    assert world.sql.take() == [
        ("UPDATE doc SET body=? WHERE doc.id = ? AND doc.v = ?", ("b", 1, 1)),
        ("UPDATE doc SET v=? WHERE doc.id = ? AND doc.v = ?", (2, 1, 1)),
    ]


def test_a_version_cannot_be_null(world: World) -> None:
    Doc = versioned(world, version_id_generator=False)
    session = world.session()
    session.add(Doc(body="a"))
    with pytest.raises(
        exc.FlushError, match="Instance does not contain a non-NULL version value"
    ):
        session.flush()


def test_versions_of_the_server_come_back_with_the_row(world: World) -> None:
    table = world.table(
        "doc",
        Column("v", Integer, server_default="5", server_onupdate=FetchedValue()),
        named("body"),
    )
    Doc = world.map("Doc", table, version_id_col=table.c.v, version_id_generator=False)
    session = world.session()
    doc = Doc(body="a")
    session.add(doc)
    session.flush()
    doc.body = "b"
    session.flush()
    with world.sql.silence():
        assert doc.v == 5
    doc.body = "c"
    session.flush()
    assert world.sql.take_sql() == [
        "UPDATE doc SET body=? WHERE doc.id = ? AND doc.v = ? RETURNING v"
    ]


def test_without_returning_the_servers_version_is_selected(world: World) -> None:
    table = world.table(
        "doc",
        Column("v", Integer, server_default="5"),
        named("body"),
        implicit_returning=False,
    )
    Doc = world.map("Doc", table, version_id_col=table.c.v, version_id_generator=False)
    session = world.session()
    session.add(Doc(body="a"))
    session.flush()
    assert world.sql.take_sql() == [
        "INSERT INTO doc (body) VALUES (?)",
        "SELECT doc.v FROM doc WHERE doc.id = ?",
    ]


def test_a_row_switch_counts_on_from_the_old_row(world: World) -> None:
    Doc = versioned(world)
    session = world.session()
    old = Doc(id=1, body="a")
    session.add(old)
    session.flush()
    new = Doc(id=1, body="b")
    session.delete(old)
    session.add(new)
    world.sql.clear()
    session.flush()
    assert new.v == 2
    assert world.sql.take() == [
        ("UPDATE doc SET v=?, body=? WHERE doc.id = ? AND doc.v = ?", (2, "b", 1, 1))
    ]


def test_a_change_of_a_relationship_alone_is_no_new_version(world: World) -> None:
    doc = world.table("doc", Column("v", Integer))
    note = world.table("note", Column("doc_id", ForeignKey("doc.id")))
    Note = world.map("Note", note)
    Doc = world.map(
        "Doc",
        doc,
        version_id_col=doc.c.v,
        properties={"notes": relationship(Note, backref="doc")},
    )
    session = world.session()
    one = Doc()
    session.add(one)
    session.flush()
    one.notes.append(Note())
    session.flush()
    assert one.v == 1


def test_post_updates_count_versions_of_rows_that_were_there(world: World) -> None:
    node = world.table(
        "node", Column("v", Integer), Column("up_id", ForeignKey("node.id"))
    )
    Node = world.map(
        "Node",
        node,
        version_id_col=node.c.v,
        properties={
            "up": relationship("Node", remote_side=node.c.id, post_update=True)
        },
    )
    session = world.session()
    new = Node(up=Node())
    session.add(new)
    session.flush()
    assert new.v == 1
    other = Node()
    session.add(other)
    session.flush()
    world.sql.clear()
    new.up = other
    session.flush()
    assert new.v == 2
    assert world.sql.take_sql() == [
        "UPDATE node SET v=?, up_id=? WHERE node.id = ? AND node.v = ?"
    ]


def test_a_change_in_another_table_of_the_class_counts(world: World) -> None:
    head = world.table("head", Column("v", Integer), named("title"))
    body = world.table(
        "body",
        Column("id", ForeignKey("head.id"), primary_key=True),
        named("content"),
    )
    Doc = world.map(
        "Doc",
        head.join(body),
        version_id_col=head.c.v,
        properties={"id": [head.c.id, body.c.id]},
    )
    session = world.session()
    doc = Doc(title="a", content="b")
    session.add(doc)
    session.flush()
    world.sql.clear()
    doc.content = "c"
    session.flush()
    assert doc.v == 2
    assert world.sql.take() == [
        ("UPDATE head SET v=? WHERE head.id = ? AND head.v = ?", (2, 1, 1)),
        ("UPDATE body SET content=? WHERE body.id = ?", ("c", 1)),
    ]


def test_versions_that_a_database_cannot_verify_give_a_warning(world: World) -> None:
    Doc = versioned(world)
    session = world.session()
    doc = Doc(body="a")
    session.add(doc)
    session.flush()
    doc.body = "b"
    dialect = world.engine.dialect
    with (
        patch.object(dialect, "supports_sane_rowcount", False),
        patch.object(dialect, "supports_sane_multi_rowcount", False),
    ):
        with pytest.warns(SAWarning, match="does not support updated rowcount"):
            session.flush()
        session.delete(doc)
        with pytest.warns(SAWarning, match="does not support deleted rowcount"):
            session.flush()


def test_an_expression_beside_a_version(world: World) -> None:
    Doc = versioned(world)
    session = world.session()
    doc = Doc(body="a")
    session.add(doc)
    session.flush()
    doc.body = text("'computed'")
    world.sql.clear()
    session.flush()
    assert world.sql.take() == [
        (
            "UPDATE doc SET v=?, body='computed' WHERE doc.id = ? AND doc.v = ?",
            (2, 1, 1),
        )
    ]
    assert (doc.v, doc.body) == (2, "computed")


def test_locking_a_row_compares_the_versions(world: World) -> None:
    Doc = versioned(world)
    session = world.session()
    doc = Doc(body="a")
    session.add(doc)
    session.commit()
    assert doc.v == 1
    table = Doc.__mapper__.local_table
    session.connection().execute(table.update().values(v=7))
    with pytest.raises(
        exc.StaleDataError,
        match="has version id '1' which does not match database-loaded version id '7'",
    ):
        session.get(Doc, 1, with_for_update=True)
    session.refresh(doc, with_for_update=True)
    assert session.get(Doc, 1, with_for_update=True) is doc
    assert session.scalars(select(Doc.v)).all() == [7]
