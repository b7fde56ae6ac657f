"""``join()`` and ``outerjoin()``, overlapping paths, aliases of aliases."""

from typing import Any

import pytest
from sqlalchemy import select, true
from sqlalchemy.exc import InvalidRequestError

from ormolu import Session, aliased, join, outerjoin
from tests.query.test_query import flat


def test_a_relationship_is_an_on_clause(
    session: Session, users: Any, addresses: Any
) -> None:
    joined = join(users, addresses, users.addresses)
    assert flat(joined) == "users JOIN addresses ON users.id = addresses.user_id"
    found = session.scalars(select(users).select_from(joined)).unique().all()
    assert len(found) == 2
    outer = outerjoin(users, addresses)
    assert len(session.scalars(select(users.id).select_from(outer)).all()) == 4


def test_joins_of_aliases_go_on(users: Any, addresses: Any) -> None:
    one, two = aliased(addresses), aliased(users)
    joined = join(users, one, users.addresses).join(two, one.user)
    assert flat(joined) == (
        "users JOIN addresses AS addresses_1 ON users.id = addresses_1.user_id "
        "JOIN users AS users_1 ON users_1.id = addresses_1.user_id"
    )


def test_a_path_is_joined_once(users: Any) -> None:
    statement = select(users.id).join(users.addresses).join(users.addresses)
    assert flat(statement).count("JOIN") == 1


def test_a_relationship_target_takes_no_on_clause(
    session: Session, users: Any, addresses: Any
) -> None:
    with pytest.raises(InvalidRequestError, match="No 'on clause' argument"):
        session.execute(select(users).join(users.addresses, addresses.user))


def test_an_alias_of_a_subquery_reads_the_subquery(
    session: Session, users: Any
) -> None:
    some = aliased(users, select(users).where(users.id > 1).subquery())
    other = aliased(some, name="other")
    pairs = session.execute(select(some.id, other.id).join(other, true())).all()
    assert sorted(pairs) == [(2, 2), (2, 3), (3, 2), (3, 3)]


def test_an_inner_alias_is_found_in_a_subquery(session: Session, users: Any) -> None:
    lesser = aliased(users)
    both = select(users, lesser).where(lesser.id < users.id).subquery()
    one, two = aliased(users, both), aliased(lesser, both)
    pairs = session.execute(select(one.name, two.name).order_by(one.id, two.id)).all()
    assert pairs == [("bob", "ann"), ("cy", "ann"), ("cy", "bob")]


def test_columns_that_an_alias_lacks_load_later(session: Session, users: Any) -> None:
    only_ids = aliased(users, select(users.id).where(users.id == 3).subquery())
    found = session.scalars(select(only_ids)).one()
    assert found.name == "cy"


def test_what_is_joined_from_belongs_to_the_relationship(
    users: Any, addresses: Any
) -> None:
    alias: Any = aliased(users)
    message = "explicit from clause .* does not match left side of relationship"
    for statement in (
        select(users).join_from(users, addresses, addresses.user),
        select(alias).join_from(alias, addresses, users.addresses),
        select(users).join_from(users, addresses, alias.addresses),
        select(users).join_from(users.__table__, addresses, users.addresses),
        select(users).join_from(alias, users.addresses),
    ):
        with pytest.raises(InvalidRequestError, match=message):
            str(statement)
    assert "JOIN" in str(select(alias).join_from(alias, addresses, alias.addresses))


def test_nothing_is_joined_to_itself(users: Any, addresses: Any) -> None:
    statement = select(users).select_from(addresses).join(users, users.addresses)
    with pytest.raises(InvalidRequestError, match="they are the same entity"):
        str(statement)
