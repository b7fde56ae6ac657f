"""Names and SQL in strings, where today's interface takes attributes."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy.exc import ArgumentError, InvalidRequestError

from ormolu import deferred
from ormolu.ext.legacy import (
    Session,
    class_mapper,
    compile_mappers,
    contains_eager,
    defer,
    eagerload,
    eagerload_all,
    lazyload,
    mapper,
    noload,
    relation,
    undefer,
)
from tests.legacy.conftest import Era
from tests.orm.recording import Recorder


def map_with_backref(era: Era, **kw: Any) -> None:
    era.map(backref="user", **kw)


def test_join_takes_dotted_names_and_lists(
    era: Era, sess: Session, sql: Recorder
) -> None:
    map_with_backref(era)
    mapper(
        era.Order,
        era.orders,
        properties={
            "user": relation(
                era.User,
                primaryjoin=era.orders.c.alt_user_id == era.users.c.id,
                foreign_keys=[era.orders.c.alt_user_id],
            )
        },
    )
    for target in ("user.addresses", ["user", "addresses"]):
        sql.clear()
        query = sess.query(era.Order).join(target)
        assert query.filter_by(email="ed@wood.com").one().description == "an order"
        assert sql.take_sql()[0].count("JOIN") == 2


def test_filter_by_of_an_unknown_name_is_refused(era: Era, sess: Session) -> None:
    era.map()
    with pytest.raises(InvalidRequestError, match="has no property 'nick'"):
        sess.query(era.User).filter_by(nick="x")


def test_outerjoin_by_name(era: Era, sess: Session, sql: Recorder) -> None:
    era.map()
    sess.query(era.User).outerjoin("addresses").all()
    assert "LEFT OUTER JOIN addresses" in sql.take_sql()[0]


def test_join_may_begin_where_the_last_one_ended(
    era: Era, sess: Session, sql: Recorder
) -> None:
    map_with_backref(era)
    query = sess.query(era.Address).join("user")
    again = query.join("addresses", from_joinpoint=True)
    assert again._joined is not None
    with pytest.raises(ArgumentError, match="has a property 'addresses'"):
        query.join("addresses")


def test_join_of_an_unknown_name_is_refused(era: Era, sess: Session) -> None:
    era.map()
    with pytest.raises(ArgumentError, match="has a property 'nobody'"):
        sess.query(era.User).join("nobody")


def test_join_with_aliases_names_the_cure(era: Era, sess: Session) -> None:
    era.map()
    with pytest.raises(ArgumentError, match=r"join an aliased\(\) entity"):
        sess.query(era.User).join("addresses", aliased=True)


def test_criteria_and_order_in_strings(era: Era, sess: Session) -> None:
    era.map()
    users = sess.query(era.User).filter("id > 0").order_by(["name DESC", "id"])
    assert [user.name for user in users] == ["jack", "ed"]


def test_a_whole_statement_in_a_string(era: Era, sess: Session) -> None:
    era.map()
    query = sess.query(era.User).from_statement("SELECT * FROM users WHERE id = 2")
    assert query.one().name == "jack"


def test_with_parent_by_name(era: Era, sess: Session) -> None:
    era.map()
    jack = sess.query(era.User).get(2)
    for query in (
        sess.query(era.Address).with_parent(jack, "addresses"),
        sess.query(era.Address).with_parent(jack),
    ):
        assert query.one().email == "jack@bean.com"


def test_load_reads_the_row_again(era: Era, sess: Session) -> None:
    era.map()
    ed = sess.query(era.User).get(1)
    sess.execute("UPDATE users SET name = 'edward' WHERE id = 1")
    assert sess.query(era.User).load(1) is ed
    assert ed.name == "edward"
    with pytest.raises(InvalidRequestError, match="No instance found for identity 9"):
        sess.load(era.User, 9)


def test_options_by_name(era: Era, sess: Session, sql: Recorder) -> None:
    map_with_backref(era, lazy=False)
    query = sess.query(era.User).filter_by(id=2)
    for option, statements in (
        (eagerload("addresses"), 1),
        (eagerload_all("addresses.user"), 1),
        (lazyload("addresses"), 2),
    ):
        sess.clear()
        sql.clear()
        [user] = query.options(option).all()
        assert len(user.addresses) == 1
        assert len(sql.take()) == statements, option.path
    sess.clear()
    [user] = query.options(noload("addresses")).all()
    assert user.addresses == []


def test_options_of_columns_by_name(era: Era, sess: Session, sql: Recorder) -> None:
    mapper(
        era.User,
        era.alt_users,
        properties={"nick": deferred(era.alt_users.c.nick)},
    )
    query = sess.query(era.User).filter_by(id=1)
    query.options(defer("name")).one()
    query.options(undefer("nick")).one()
    assert [s.split(" FROM")[0].split(" AS ")[1:] for s in sql.take_sql()] == [
        ["alt_users_id"],
        [
            "alt_users_id, alt_users.name",
            "alt_users_name, alt_users.nick",
            "alt_users_nick",
        ],
    ]


def test_contains_eager_by_name(era: Era, sess: Session, sql: Recorder) -> None:
    era.map()
    query = sess.query(era.User).join("addresses").filter("addresses.id = 1")
    ed = query.options(contains_eager("addresses")).one()
    with sql.silence():
        assert [address.id for address in ed.addresses] == [1]


def test_an_option_of_an_unknown_name_is_refused(era: Era, sess: Session) -> None:
    era.map()
    with pytest.raises(ArgumentError, match="has no property 'nobody'"):
        sess.query(era.User).options(eagerload("nobody"))


def test_arguments_that_are_gone_name_the_cure(era: Era) -> None:
    with pytest.raises(
        ArgumentError,
        match=r"mapper\(\) has no argument 'order_by' any more: order each query",
    ):
        mapper(era.User, era.users, order_by=[era.users.c.name])


def test_arguments_with_another_name_are_translated(era: Era) -> None:
    made = mapper(era.User, era.users, allow_null_pks=False)
    assert made.allow_partial_pks is False


def test_a_private_relation_deletes_orphans(era: Era) -> None:
    era.map(private=True)
    compile_mappers()
    cascade = class_mapper(era.User).get_property("addresses").cascade
    assert cascade.delete
    assert cascade.delete_orphan


def test_relation_takes_a_function(era: Era, sess: Session) -> None:
    mapper(era.User, era.users, properties={"addresses": relation(lambda: era.Address)})
    mapper(era.Address, era.addresses)
    assert len(sess.query(era.User).get(1).addresses) == 2


def test_nothing_imports_it_unasked() -> None:
    program = "import sys, ormolu; sys.exit('ormolu.ext' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
