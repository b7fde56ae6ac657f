"""``with_loader_criteria()``: what it does to loads, and to the loads that follow."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import delete, event, select, update

from ormolu import (
    LoaderCriteriaOption,
    Session,
    UserDefinedOption,
    aliased,
    defer,
    immediateload,
    joinedload,
    lazyload,
    selectinload,
    subqueryload,
    with_loader_criteria,
)
from tests.orm.models import Models
from tests.orm.recording import Recorder

STRATEGIES = [lazyload, joinedload, selectinload, subqueryload, immediateload]
LATER = [lazyload, selectinload, subqueryload, immediateload]

ids_of = sorted


def ids(objects: Any) -> list[int]:
    return ids_of(o.id for o in objects)


def not_address(models: Models, id_: int, **kw: Any) -> LoaderCriteriaOption:
    return with_loader_criteria(models.Address, models.Address.id != id_, **kw)


def users(session: Session, models: Models, *options: Any, **kw: Any) -> list[Any]:
    statement = select(models.User).options(*options).order_by(models.User.id)
    return list(session.scalars(statement, execution_options=kw).unique())


def addresses_of_users(found: list[Any]) -> list[list[int]]:
    return [ids(user.addresses) for user in found]


# -- the loads of relationships --------------------------------------------------------


@pytest.mark.parametrize("load", STRATEGIES)
def test_every_way_to_load_a_collection(
    session: Session, models: Models, load: Any
) -> None:
    for value, expected in ((3, [[1], [2], []]), (2, [[1], [3], []])):
        session.expunge_all()
        option = not_address(models, value)
        found = users(session, models, load(models.User.addresses), option)
        assert addresses_of_users(found) == expected


@pytest.mark.parametrize("load", STRATEGIES)
def test_values_of_a_function_change_from_call_to_call(
    session: Session, models: Models, load: Any
) -> None:
    def option(value: Any) -> Any:
        return with_loader_criteria(models.Address, lambda cls: cls.id.in_(value))

    for value in ([1, 2], [3], [], [2, 3]):
        session.expunge_all()
        found = users(session, models, load(models.User.addresses), option(value))
        assert ids(a for u in found for a in u.addresses) == value


@pytest.mark.parametrize("load", STRATEGIES)
def test_every_way_to_load_by_way_of_a_secondary_table(
    session: Session, models: Models, load: Any
) -> None:
    for value, expected in ((2, [[1], [3]]), (1, [[2], [2, 3]])):
        session.expunge_all()
        option = with_loader_criteria(models.Item, models.Item.id != value)
        statement = select(models.Order).options(load(models.Order.items), option)
        found = session.scalars(statement.order_by(models.Order.id)).unique().all()
        assert [ids(order.items) for order in found] == expected


@pytest.mark.parametrize("load", STRATEGIES)
def test_every_way_to_load_a_reference(
    session: Session, models: Models, load: Any
) -> None:
    for name, expected in (("sandy", [1, None, None]), ("spongebob", [None, 2, 2])):
        session.expunge_all()
        option = with_loader_criteria(models.User, models.User.name != name)
        statement = select(models.Address).options(load(models.Address.user), option)
        found = session.scalars(statement.order_by(models.Address.id)).unique().all()
        assert [a.user and a.user.id for a in found] == expected


def test_a_reference_to_what_is_there_already(session: Session, models: Models) -> None:
    known = users(session, models)
    option = with_loader_criteria(models.User, models.User.name != "sandy")
    found = session.scalars(select(models.Address).options(option)).all()
    assert [a.user for a in found] == [known[0], known[1], known[1]]


def test_loads_after_loads(session: Session, models: Models) -> None:
    option = not_address(models, 3)
    statement = select(models.Address).options(option).order_by(models.Address.id)
    first, second = session.scalars(statement)
    assert ids(first.user.addresses) == [1]
    assert ids(second.user.addresses) == [2]


@pytest.mark.parametrize("load", LATER)
def test_a_lazy_load_below_an_eager_one(
    session: Session, models: Models, load: Any
) -> None:
    option = with_loader_criteria(models.Node, models.Node.name != "leaf")
    statement = select(models.Node).where(models.Node.parent_id.is_(None))
    [root] = session.scalars(statement.options(load(models.Node.children), option))
    assert [ids(child.children) for child in root.children] == [[], []]


def test_the_statements_of_loaders(
    session: Session, models: Models, sql: Recorder
) -> None:
    user, option = models.User, not_address(models, 3)
    [sandy] = session.scalars(select(user).where(user.id == 2).options(option))
    sql.clear()
    _ = sandy.addresses
    session.scalars(
        select(user).where(user.id == 1).options(selectinload(user.addresses), option)
    ).all()
    assert [s for s in sql.take_sql() if "FROM address" in s] == [
        "SELECT address.id, address.email_address, address.user_id FROM address "
        "WHERE ? = address.user_id AND address.id != ?",
        "SELECT address.user_id, address.id, address.email_address FROM address "
        "WHERE address.user_id IN (?) AND address.id != ?",
    ]


@pytest.mark.parametrize("load", [selectinload, subqueryload])
def test_an_option_for_this_statement_is_for_its_second_one_as_well(
    session: Session, models: Models, load: Any
) -> None:
    option = not_address(models, 3, propagate_to_loaders=False)
    found = users(session, models, load(models.User.addresses), option)
    assert addresses_of_users(found) == [[1], [2], []]


@pytest.mark.parametrize("load", [lazyload, immediateload])
def test_an_option_for_this_statement_is_not_for_lazy_loads(
    session: Session, models: Models, load: Any
) -> None:
    option = not_address(models, 3, propagate_to_loaders=False)
    found = users(session, models, load(models.User.addresses), option)
    assert addresses_of_users(found) == [[1], [2, 3], []]


def test_a_statement_again_with_other_values(session: Session, models: Models) -> None:
    """Its plan and parameters are those of its own values, on the fast lane, too."""
    other = aliased(models.User)
    for value in (1, 2, 3, 1):
        option = with_loader_criteria(
            models.User,
            models.User.id != value,
            include_aliases=True,
            propagate_to_loaders=False,
        )
        expected = [i for i in (1, 2, 3) if i != value]
        assert ids(users(session, models, option)) == expected
        assert ids(session.scalars(select(other).options(option))) == expected


# -- what becomes of loaded objects ----------------------------------------------------


@pytest.fixture
def sandy(session: Session, models: Models) -> Any:
    user = models.User
    statement = select(user).where(user.id == 2).options(not_address(models, 3))
    return session.scalars(statement).one()


def test_criteria_stay_with_an_object(session: Session, sandy: Any) -> None:
    for forget in (
        lambda: None,
        lambda: session.expire(sandy),
        lambda: session.refresh(sandy),
        lambda: session.refresh(sandy, ["addresses"]),
        session.expire_all,
        session.commit,
    ):
        forget()
        assert ids(sandy.addresses) == [2]


def test_another_load_leaves_an_object_its_own(
    session: Session, models: Models, sandy: Any
) -> None:
    users(session, models, not_address(models, 2))
    assert ids(sandy.addresses) == [2]
    users(session, models, not_address(models, 2), populate_existing=True)
    assert ids(sandy.addresses) == [3]
    users(session, models, populate_existing=True)
    assert ids(sandy.addresses) == [3]


@pytest.mark.parametrize("load", [joinedload, selectinload, subqueryload])
def test_an_object_populated_again(session: Session, models: Models, load: Any) -> None:
    [_, sandy, _] = users(session, models)
    assert ids(sandy.addresses) == [2, 3]
    for value, expected in ((3, [2]), (2, [3])):
        users(
            session,
            models,
            load(models.User.addresses),
            not_address(models, value),
            populate_existing=True,
        )
        assert ids(sandy.addresses) == expected


@pytest.mark.parametrize("load", [joinedload, selectinload, subqueryload])
def test_eager_loads_of_a_refresh(session: Session, models: Models, load: Any) -> None:
    options = load(models.User.addresses), not_address(models, 3)
    sandy = users(session, models, *options)[1]
    session.refresh(sandy)
    assert ids(sandy.addresses) == [2]
    session.expire(sandy)
    assert sandy.name == "sandy"
    assert ids(sandy.addresses) == [2]


def test_a_refresh_finds_the_row_of_its_object(
    session: Session, models: Models
) -> None:
    option = with_loader_criteria(models.User, models.User.name == "sandy")
    [sandy] = users(session, models, option, defer(models.User.fullname))
    sandy.name = "Sandra"
    session.flush()
    assert sandy.fullname == "Sandy Cheeks"
    session.refresh(sandy)
    session.expire(sandy)
    assert sandy.name == "Sandra"


def test_get(session: Session, models: Models) -> None:
    option = with_loader_criteria(models.User, models.User.name != "sandy")
    assert session.get(models.User, 2, options=[option]) is None
    sandy = session.get(models.User, 2)
    assert session.get(models.User, 2, options=[option]) is sandy
    patrick = session.get(models.User, 1, options=[not_address(models, 1)])
    assert patrick is not None
    assert patrick.addresses == []


# -- added by listeners ----------------------------------------------------------------


@pytest.fixture
def listen(session: Session) -> Iterator[Callable[..., None]]:
    """Have options added to the statements that a test accepts."""

    def add(accepts: Callable[[Any], bool], *options: Any) -> None:
        @event.listens_for(session, "do_orm_execute")
        def added(state: Any) -> None:
            if accepts(state):
                state.statement = state.statement.options(*options)

    return add


def is_users_own(state: Any) -> bool:
    return (
        state.is_select and not state.is_column_load and not state.is_relationship_load
    )


@pytest.mark.parametrize("load", STRATEGIES)
def test_added_to_the_users_statements(
    session: Session, models: Models, listen: Any, load: Any
) -> None:
    user = models.User
    listen(
        is_users_own,
        not_address(models, 3, include_aliases=True),
        with_loader_criteria(user, user.id != 1, include_aliases=True),
    )
    found = users(session, models, load(user.addresses))
    assert addresses_of_users(found) == [[2], []]
    assert session.get(user, 1) is None
    session.expire_all()
    assert addresses_of_users(found) == [[2], []]


@pytest.mark.parametrize("load", LATER)
def test_added_to_the_loads_of_relationships(
    session: Session, models: Models, listen: Any, load: Any
) -> None:
    listen(lambda state: state.is_relationship_load, not_address(models, 3))
    found = users(session, models, load(models.User.addresses))
    assert addresses_of_users(found) == [[1], [2], []]


def test_added_to_a_relationships_load_it_is_for_those_that_follow(
    session: Session, models: Models
) -> None:
    class Note(UserDefinedOption):
        propagate_to_loaders = True

    heard = []

    @event.listens_for(session, "do_orm_execute")
    def added(state: Any) -> None:
        heard.append([o.payload for o in state.user_defined_options])
        if state.is_relationship_load:
            state.statement = state.statement.options(
                Note("added"), not_address(models, 3)
            )

    [first, *_] = session.scalars(select(models.Address).where(models.Address.id == 2))
    session.expunge(first)
    session.add(first)
    assert ids(first.user.addresses) == [2]
    assert heard == [[], [], ["added"]]


def test_added_to_every_statement(
    session: Session, models: Models, listen: Any
) -> None:
    user = models.User
    option = with_loader_criteria(user, user.name != "sandy")
    listen(lambda state: True, option, not_address(models, 1))
    spongebob, patrick = users(session, models)
    assert spongebob.addresses == []
    session.refresh(spongebob)
    assert spongebob.addresses == []
    assert [a.user for a in session.scalars(select(models.Address))] == [None, None]
    assert session.get(user, 2) is None
    assert session.get(user, 3) is patrick


def test_users_options_are_told_of_column_loads(
    session: Session, models: Models
) -> None:
    class Note(UserDefinedOption):
        propagate_to_loaders = True

    heard = []

    @event.listens_for(session, "do_orm_execute")
    def hear(state: Any) -> None:
        told = [o.payload for o in state.user_defined_options]
        heard.append((state.is_column_load, told))

    [first, *_] = users(session, models, Note("kept"), defer(models.User.name))
    assert first.name
    session.refresh(first)
    session.expire(first)
    assert first.name
    assert heard == [(False, ["kept"]), *[(True, ["kept"])] * 3]


# -- UPDATE and DELETE -----------------------------------------------------------------


@pytest.mark.parametrize("synchronize", ["auto", "evaluate", "fetch"])
@pytest.mark.parametrize("kind", ["expression", "function"])
def test_update(session: Session, models: Models, synchronize: Any, kind: str) -> None:
    user = models.User
    found = users(session, models)
    for name, expected in (
        ("sandy", ["x", "sandy", "x"]),
        ("x", ["x", "y", "x"]),
    ):
        given: Any = user.name != name
        if kind == "function":
            given = lambda cls: cls.name != name  # noqa: B023, E731
        session.execute(
            update(user)
            .values(name="x" if name == "sandy" else "y")
            .options(with_loader_criteria(user, given)),
            execution_options={"synchronize_session": synchronize},
        )
        assert [u.name for u in found] == expected
        session.expire_all()
        assert [u.name for u in found] == expected


@pytest.mark.parametrize("synchronize", ["auto", "evaluate", "fetch"])
def test_delete(session: Session, models: Models, synchronize: Any) -> None:
    address = models.Address
    found = session.scalars(select(address).order_by(address.id)).all()
    session.execute(
        delete(address).where(address.id > 1).options(not_address(models, 3)),
        execution_options={"synchronize_session": synchronize},
    )
    assert [a in session for a in found] == [True, False, True]
    assert ids(session.scalars(select(address))) == [1, 3]


def test_update_of_an_alias(session: Session, models: Models) -> None:
    other = aliased(models.User)
    option = with_loader_criteria(
        models.User, models.User.name != "sandy", include_aliases=True
    )
    session.execute(update(other).values(name="x").options(option))
    assert [u.name for u in users(session, models)] == ["x", "sandy", "x"]


def test_bulk_update_by_key_finds_every_row(session: Session, models: Models) -> None:
    user = models.User
    option = with_loader_criteria(user, user.name != "sandy")
    session.execute(
        update(user).options(option), [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]
    )
    assert [u.name for u in users(session, models)] == ["a", "b", "patrick"]
