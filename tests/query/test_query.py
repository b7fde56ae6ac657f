"""``Query``: what it renders, what it gives out, what it refuses."""

from typing import Any

import pytest
from sqlalchemy import event, func, inspect, select
from sqlalchemy.exc import (
    InvalidRequestError,
    LegacyAPIWarning,
    MultipleResultsFound,
    NoResultFound,
    SADeprecationWarning,
)

from ormolu import (
    Query,
    Session,
    aliased,
    contains_alias,
    contains_eager,
    joinedload,
    with_parent,
)

USERS = "SELECT users.id AS users_id, users.name AS users_name FROM users"


def flat(statement: object) -> str:
    return " ".join(str(statement).split())


def test_columns_are_labelled_with_their_table(session: Session, users: Any) -> None:
    assert flat(session.query(users)) == USERS
    assert flat(session.query(users).statement) == (
        "SELECT users.id, users.name FROM users"
    )


def test_an_entity_comes_bare_and_once(
    session: Session, users: Any, addresses: Any
) -> None:
    found = session.query(users).join(addresses).order_by(users.id).all()
    assert [u.name for u in found] == ["ann", "bob"]


def test_joined_collections_need_no_unique(session: Session, users: Any) -> None:
    query = session.query(users).options(joinedload(users.addresses))
    assert [len(u.addresses) for u in query.order_by(users.id)] == [2, 1, 0]


def test_columns_come_as_rows_named_by_attribute(session: Session, users: Any) -> None:
    row = session.query(users.id, users.name.label("who"), func.count(1)).first()
    assert row._fields == ("id", "who")


@pytest.mark.parametrize("name", ["filter", "order_by", "join", "distinct"])
def test_what_must_come_before_a_limit(session: Session, users: Any, name: str) -> None:
    query = session.query(users).limit(1)
    arguments = [] if name == "distinct" else [users.id == 1]
    with pytest.raises(InvalidRequestError, match=rf"Query.{name}\(\) being called on"):
        getattr(query, name)(*arguments)


def test_filter_by_follows_the_last_join(
    session: Session, users: Any, addresses: Any
) -> None:
    query = session.query(users).join(users.addresses)
    assert query.filter_by(email="c@x").one().name == "bob"
    assert query.reset_joinpoint().filter_by(name="bob").one().name == "bob"
    with pytest.raises(InvalidRequestError, match='"addresses" has no property "name"'):
        query.filter_by(name="bob")


def test_one_scalar_and_slices(session: Session, users: Any) -> None:
    query = session.query(users).order_by(users.id)
    assert query.filter_by(name="cy").one().id == 3
    with pytest.raises(NoResultFound):
        query.filter_by(name="none").one()
    with pytest.raises(MultipleResultsFound):
        query.one_or_none()
    assert session.query(users.name).filter_by(id=2).scalar() == "bob"
    assert [u.name for u in query[1:3]] == ["bob", "cy"]
    assert query[0].name == "ann"
    with pytest.raises(IndexError, match="negative indexes"):
        query[-1]


def test_count_counts_rows_of_a_subquery(
    session: Session, users: Any, addresses: Any
) -> None:
    assert session.query(users).join(addresses).count() == 3
    assert session.query(users).limit(2).count() == 2


def test_get_is_legacy(session: Session, users: Any) -> None:
    with pytest.warns(LegacyAPIWarning, match=r"Query.get\(\)"):
        assert session.query(users).get(1).name == "ann"


def test_a_union_is_read_as_the_entity(
    session: Session, users: Any, addresses: Any
) -> None:
    first = session.query(users).filter_by(name="ann")
    query = first.union(session.query(users).filter_by(name="bob"))
    assert flat(query.order_by(users.id)).endswith(
        ") AS anon_1 ORDER BY anon_1.users_id"
    )
    assert [u.name for u in query.order_by(users.id.desc())] == ["bob", "ann"]
    joined = query.join(users.addresses).filter(addresses.email == "c@x")
    assert joined.one().name == "bob"
    eager = query.options(joinedload(users.addresses)).order_by(users.id).all()
    assert "addresses" not in inspect(eager[0]).unloaded


def test_unions_nest(session: Session, users: Any) -> None:
    by_name = [session.query(users).filter_by(name=n) for n in ("ann", "bob", "cy")]
    query = by_name[0].union(by_name[1]).union_all(by_name[2])
    assert "anon_2_users_id" in flat(query)
    assert [u.name for u in query.order_by(users.name)] == ["ann", "bob", "cy"]


def test_exists_and_subqueries(session: Session, users: Any, addresses: Any) -> None:
    has = session.query(addresses).filter(addresses.user_id == users.id).exists()
    assert [u.name for u in session.query(users).filter(~has)] == ["cy"]
    ids = session.query(addresses.user_id).filter_by(email="c@x")
    assert session.query(users).filter(users.id.in_(ids)).one().name == "bob"
    subquery = session.query(users).filter_by(name="cy").subquery()
    assert session.query(aliased(users, subquery)).one().name == "cy"


def test_options_survive_with_entities(session: Session, users: Any) -> None:
    query = session.query(users.id).select_from(users)
    assert query.with_entities(users.name).filter_by(id=1).scalar() == "ann"
    loaded = session.query(users).options(joinedload(users.addresses))
    assert "LEFT OUTER JOIN" in flat(loaded.with_entities(users, users.name))
    assert "LEFT OUTER JOIN" not in flat(loaded.enable_eagerloads(False))


def test_with_parent(session: Session, users: Any, addresses: Any) -> None:
    ann = session.get(users, 1)
    query = session.query(addresses).filter(with_parent(ann, users.addresses))
    assert [a.email for a in query.order_by(addresses.id)] == ["a@x", "b@x"]
    other = aliased(addresses)
    criterion = with_parent(ann, users.addresses.of_type(other))
    assert flat(criterion) == ":param_1 = addresses_1.user_id"


def test_update_and_delete(session: Session, users: Any, addresses: Any) -> None:
    ann = session.get(users, 1)
    assert session.query(users).filter_by(id=1).update({"name": "eve"}) == 1
    assert ann.name == "eve"
    assert session.query(addresses).filter(addresses.user_id == 1).delete() == 2
    with pytest.raises(InvalidRequestError, match=r"when limit\(\) has been called"):
        session.query(users).limit(1).delete()


def test_before_compile_may_change_the_query(session: Session, users: Any) -> None:
    class Visible(Query[Any]):
        pass

    @event.listens_for(Visible, "before_compile", retval=True)
    def hide(query: Any) -> Any:
        return query.filter(users.name != "bob")

    assert [u.name for u in Visible([users], session)] == ["ann", "cy"]
    assert session.query(users).count() == 3


def test_populate_existing_and_autoflush(session: Session, users: Any) -> None:
    ann = session.get(users, 1)
    ann.name = "changed"
    session.query(users).autoflush(False).populate_existing().all()
    assert ann.name == "ann"


def test_yield_per_refuses_unique(session: Session, users: Any) -> None:
    assert len(list(session.query(users).yield_per(2))) == 3
    result = session.execute(select(users).execution_options(yield_per=2)).unique()
    with pytest.raises(InvalidRequestError, match=r"in conjunction with unique\(\)"):
        next(result)
    result.close()


def test_get_of_a_query_with_an_order(session: Session, users: Any) -> None:
    query: Any = session.query(users)
    with pytest.warns(LegacyAPIWarning, match="Query.get"):
        assert query.order_by(users.name).distinct().get(1).name == "ann"
    for refused in (query.filter(users.id == 1), query.group_by(users.id)):
        with (
            pytest.warns(LegacyAPIWarning, match="Query.get"),
            pytest.raises(InvalidRequestError, match="with existing criterion"),
        ):
            refused.get(1)


def test_instances_with_their_collections(
    session: Session, users: Any, addresses: Any
) -> None:
    alias = addresses.__table__.alias()
    rows = users.__table__.outerjoin(alias).select().order_by(users.id, alias.c.id)
    query: Any = session.query(users).options(
        contains_eager(users.addresses, alias=alias)
    )
    with pytest.warns(SADeprecationWarning, match="instances"):
        found = list(query.instances(session.connection().execute(rows)))
    assert [[a.email for a in user.addresses] for user in found] == [
        ["a@x", "b@x"],
        ["c@x"],
        [],
    ]


def test_contains_alias_does_nothing(session: Session, users: Any) -> None:
    with pytest.warns(SADeprecationWarning, match="AliasOption object is not"):
        option = contains_alias("u")
    query: Any = session.query(users)
    assert len(query.options(option).all()) == 3
