"""Loader options: paths, wildcards, contradictions, and where loading ends."""

import pickle
from typing import Any

import pytest
from sqlalchemy import ForeignKey, inspect, select
from sqlalchemy.exc import (
    ArgumentError,
    InvalidRequestError,
    NoInspectionAvailable,
    SADeprecationWarning,
)

from ormolu import (
    DeclarativeBase,
    Load,
    Mapped,
    Session,
    aliased,
    contains_eager,
    defaultload,
    defer,
    immediateload,
    joinedload,
    lazyload,
    load_only,
    mapped_column,
    noload,
    raiseload,
    relationship,
    selectinload,
    subqueryload,
    synonym,
    undefer,
)
from ormolu.exc import LoaderStrategyException
from tests.orm.conftest import MakeEngine
from tests.orm.models import Models
from tests.orm.recording import Recorder


def load(session: Session, entity: Any, *options: Any) -> list[Any]:
    statement = select(entity).order_by(entity.id).options(*options)
    return list(session.scalars(statement).unique())


# -- how a path is built ---------------------------------------------------------------


def test_every_option_is_a_load(models: Models) -> None:
    option = joinedload(models.User.addresses)
    assert isinstance(option, Load)
    assert isinstance(Load(models.User).lazyload("*"), Load)
    assert not hasattr(option, "__dict__")


def test_an_option_survives_pickling(models: Models) -> None:
    statement_option = joinedload(Child.parent).selectinload(Parent.children)
    copied = pickle.loads(pickle.dumps(statement_option))
    assert copied.steps == statement_option.steps
    assert copied.steps != selectinload(Child.parent).steps


def test_a_pickled_option_leaves_aliases_behind() -> None:
    parent, child = aliased(Parent), aliased(Child)
    for option in (
        lazyload(parent.children),
        lazyload(Parent.children.of_type(child)),
        joinedload(parent.children.of_type(child)).defer(child.id),
        contains_eager(Parent.children, alias=child),
        Load(parent).lazyload("*"),
    ):
        copied: Any = pickle.loads(pickle.dumps(option))
        assert copied.steps[0].parent is inspect(Parent)


def test_a_step_must_begin_where_the_one_before_ends(models: Models) -> None:
    message = (
        'ORM mapped entity or attribute "Order.items" does not link from relationship '
        '"User.addresses".'
    )
    for build in (
        lambda: lazyload(models.User.addresses).joinedload(models.Order.items),
        lambda: joinedload(models.User.addresses, models.Order.items),
        lambda: joinedload(models.User.addresses).options(defer(models.Order.items)),
    ):
        with pytest.raises(ArgumentError, match=message):
            build()


def test_a_load_begins_at_its_entity(models: Models) -> None:
    with pytest.raises(
        ArgumentError,
        match='ORM mapped attribute "Address.user" does not link mapped class "User"',
    ):
        Load(models.User).joinedload(models.Address.user)
    with pytest.raises(ArgumentError, match='mapped class "aliased.User."'):
        Load(aliased(models.User)).joinedload(models.User.addresses)
    with pytest.raises(NoInspectionAvailable):
        Load(str)


def test_nothing_follows_a_wildcard(models: Models) -> None:
    message = "Wildcard token cannot be followed by another entity"
    for build in (
        lambda: lazyload("*", models.User.addresses),
        lambda: (
            joinedload(models.User.addresses)
            .joinedload("*")
            .selectinload(models.User.addresses)
        ),
    ):
        with pytest.raises(ArgumentError, match=message):
            build()


@pytest.mark.parametrize("given", ["addresses", None, 5, [1]])
def test_only_attributes_are_taken(given: Any) -> None:
    for build in (joinedload, load_only, defer):
        with pytest.raises(ArgumentError, match=r"attribute"):
            build(given)


# -- what a statement says of it ---------------------------------------------------------


def test_the_message_names_the_option_and_the_entities(
    session: Session, models: Models
) -> None:
    path = defaultload(models.User.addresses).defer(models.Address.email_address)
    statement = select(models.Order, aliased(models.Order)).options(path)
    with pytest.raises(
        ArgumentError,
        match=r"Mapped class User referenced in option defer\(User.addresses -> "
        r"Address.email_address\) does not apply to any of the root entities in this "
        r"query, e.g. Order, aliased\(Order\). Please specify the full path from one "
        "of the root entities to the target attribute. ",
    ):
        session.execute(statement)


def test_a_statement_of_columns_takes_no_option(
    session: Session, models: Models
) -> None:
    statement = select(models.User.id).options(joinedload(models.User.addresses))
    with pytest.raises(
        ArgumentError,
        match="Query has only expression-based entities; attribute loader option "
        r"joinedload\(User.addresses\) can't be applied here.",
    ):
        session.execute(statement)


def test_a_wildcard_of_another_entity_is_ignored(
    session: Session, models: Models
) -> None:
    assert load(session, models.Order, Load(models.User).lazyload("*"))


def test_options_that_contradict_each_other_are_refused(
    session: Session, models: Models
) -> None:
    user, address = models.User, models.Address
    for first, second, message in (
        (
            joinedload(user.addresses),
            lazyload(user.addresses),
            r"lazyload\(User.addresses\) is in conflict with existing strategy "
            r"joinedload\(User.addresses\)",
        ),
        (
            selectinload(user.addresses).joinedload(address.user),
            selectinload(user.addresses).selectinload(address.user),
            r"selectinload\(User.addresses -> Address.user\) is in conflict",
        ),
        (load_only(user.name), defer(user.name), r"defer\(User.name\) is in conflict"),
        (
            raiseload(user.addresses),
            raiseload(user.addresses, sql_only=True),
            r"raiseload\(User.addresses\) is in conflict",
        ),
    ):
        with pytest.raises(
            InvalidRequestError, match=f"Loader strategy replacement {message}"
        ):
            load(session, user, first, second)


def test_options_that_agree_may_be_repeated(session: Session, models: Models) -> None:
    addresses = models.User.addresses
    for first, second in (
        (joinedload(addresses), joinedload(addresses)),
        (defaultload(addresses), selectinload(addresses)),
        (lazyload("*"), joinedload(addresses)),
        (load_only(models.User.name), load_only(models.User.fullname)),
    ):
        assert len(load(session, models.User, first, second)) == 3


def test_the_strategy_must_fit_the_attribute(session: Session, models: Models) -> None:
    for option, message in (
        (
            defer(models.User.addresses),
            'Can\'t apply "deferred column loader" strategy to property '
            '"User.addresses", which is a "relationship"; this loader strategy is '
            'intended to be used with a "column property".',
        ),
        (
            joinedload(models.User.name),
            'Can\'t apply "joined loader" strategy to property "User.name", which is a '
            '"column property"; this loader strategy is intended to be used with a '
            '"relationship property".',
        ),
    ):
        with pytest.raises(LoaderStrategyException, match=message):
            load(session, models.User, option)


def test_noload_is_deprecated(session: Session, models: Models) -> None:
    with pytest.warns(SADeprecationWarning, match=r"The noload\(\) option is deprecat"):
        option = noload(models.User.addresses)
    with pytest.warns(SADeprecationWarning, match=r"The noload\(\) option is deprecat"):
        Load(models.User).noload(models.User.addresses)
    assert [user.addresses for user in load(session, models.User, option)] == [[]] * 3


# -- synonyms ------------------------------------------------------------------------


class Base(DeclarativeBase):
    pass


class Parent(Base):
    __tablename__ = "parent"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    children: Mapped[list["Child"]] = relationship(back_populates="parent")
    kids = synonym("children")
    title = synonym("name")


class Child(Base):
    __tablename__ = "child"
    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("parent.id"))
    parent: Mapped[Parent | None] = relationship(back_populates="children")


def test_a_synonym_stands_for_its_attribute(
    make_engine: MakeEngine, sql: Recorder
) -> None:
    rows = "INSERT INTO parent (id) VALUES (1); INSERT INTO child VALUES (1, 1);"
    with Session(make_engine(Base.metadata, rows)) as session:
        [parent] = load(session, Parent, selectinload(Parent.kids), defer(Parent.title))
        assert "parent.name" not in sql.take_sql()[0]
        with sql.silence():
            assert len(parent.kids) == 1


# -- where loading ends -----------------------------------------------------------------


def test_wildcards_stop_before_they_recur(
    session: Session, models: Models, sql: Recorder
) -> None:
    for option in (joinedload("*"), Load(models.Node).joinedload("*")):
        sql.clear()
        load(session, models.Node, option)
        assert "JOIN" not in sql.take_sql()[0]


def test_immediateload_goes_as_deep_as_it_is_told(
    session: Session, models: Models, sql: Recorder
) -> None:
    option = immediateload(models.Node.children, recursion_depth=2)
    statement = select(models.Node).where(models.Node.id == 1).options(option)
    root = session.scalars(statement).one()
    sql.clear()
    leaf = root.children[0].children[0]
    assert leaf.name == "leaf"
    assert sql.take() == []
    assert leaf.children == []
    assert len(sql.take()) == 1


def test_immediateload_without_an_end_loads_everything(
    session: Session, models: Models, sql: Recorder
) -> None:
    option = immediateload(models.Node.children, recursion_depth=-1)
    statement = select(models.Node).where(models.Node.id == 1).options(option)
    root = session.scalars(statement).one()
    with sql.silence():
        assert root.children[0].children[0].children == []


def test_options_after_a_recursion_apply_on_every_level(
    session: Session, models: Models, sql: Recorder
) -> None:
    option = selectinload(models.Node.children, recursion_depth=2).joinedload(
        models.Node.parent
    )
    statement = select(models.Node).where(models.Node.id == 1).options(option)
    session.scalars(statement).one()
    assert ["LEFT OUTER JOIN" in s for s in sql.take_sql()] == [False, True, True]


def test_recursion_needs_a_relationship_to_itself(
    session: Session, models: Models
) -> None:
    with pytest.raises(
        InvalidRequestError,
        match="recursion_depth option on relationship User.addresses not valid for "
        "non-self-referential relationship",
    ):
        load(
            session,
            models.User,
            immediateload(models.User.addresses, recursion_depth=1),
        )


def test_where_immediate_loading_ends_the_identity_map_still_answers(
    make_engine: MakeEngine, sql: Recorder
) -> None:
    class Tree(DeclarativeBase):
        pass

    class Twig(Tree):
        __tablename__ = "twig"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int | None] = mapped_column(ForeignKey("twig.id"))
        parent: Mapped["Twig | None"] = relationship(remote_side=[id], lazy="immediate")

    rows = "INSERT INTO twig (id, parent_id) VALUES (1, NULL), (2, 1), (3, 2);"
    with Session(make_engine(Tree.metadata, rows)) as session:
        root, middle = session.get_one(Twig, 1), session.get_one(Twig, 2)
        sql.clear()
        leaf = session.get_one(Twig, 3)
        assert len(sql.take()) == 1
        with sql.silence():
            assert leaf.parent is middle
        session.expunge(root)
        assert middle.parent is root
        session.expunge_all()
        leaf = session.get_one(Twig, 3)
        with sql.count(1):
            assert leaf.parent.id == 2


@pytest.mark.parametrize("first", [selectinload, subqueryload, immediateload])
def test_a_wildcard_joins_the_way_back_of_a_statement_of_its_own(
    session: Session, models: Models, sql: Recorder, first: Any
) -> None:
    option = first(models.User.addresses).joinedload("*")
    users = session.scalars(select(models.User).options(option)).all()
    assert "LEFT OUTER JOIN user_account AS user_account_1" in sql.take_sql()[1]
    with sql.silence():
        assert all(a.user is user for user in users for a in user.addresses)


def test_a_wildcard_joins_no_way_back_within_one_statement(
    session: Session, models: Models, sql: Recorder
) -> None:
    option = joinedload(models.User.addresses).joinedload("*")
    session.scalars(select(models.User).options(option)).unique().all()
    assert sql.take_sql()[0].count("JOIN") == 1


@pytest.mark.parametrize("first", [selectinload, subqueryload])
def test_a_mapped_way_back_is_joined_too(
    make_engine: MakeEngine, sql: Recorder, first: Any
) -> None:
    class Base(DeclarativeBase):
        pass

    class Shelf(Base):
        __tablename__ = "shelf"
        id: Mapped[int] = mapped_column(primary_key=True)
        books: Mapped[list["Book"]] = relationship(back_populates="shelf")

    class Book(Base):
        __tablename__ = "book"
        id: Mapped[int] = mapped_column(primary_key=True)
        shelf_id: Mapped[int] = mapped_column(ForeignKey("shelf.id"))
        shelf: Mapped[Shelf] = relationship(back_populates="books", lazy="joined")

    rows = "INSERT INTO shelf VALUES (1); INSERT INTO book VALUES (1, 1);"
    with Session(make_engine(Base.metadata, rows)) as session:
        (shelf,) = session.scalars(select(Shelf).options(first(Shelf.books)))
        assert "JOIN shelf AS shelf_1" in sql.take_sql()[1]
        assert shelf.books[0].__dict__["shelf"] is shelf
        session.expunge_all()
        (shelf,) = session.scalars(select(Shelf))
        assert shelf.books[0].id == 1  # a lazy load knows the parent
        assert "JOIN" not in sql.take_sql()[1]


def test_a_collection_that_is_mapped_as_immediate_loads_the_whole_tree(
    make_engine: MakeEngine, sql: Recorder
) -> None:
    class Base(DeclarativeBase):
        pass

    class Branch(Base):
        __tablename__ = "branch"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))
        branches: Mapped[list["Branch"]] = relationship(lazy="immediate")

    rows = "INSERT INTO branch VALUES (1, NULL), (2, 1), (3, 2), (4, 3);"
    with Session(make_engine(Base.metadata, rows)) as session:
        root = session.get_one(Branch, 1)
        assert len(sql.take()) == 5
        with sql.silence():
            assert root.branches[0].branches[0].branches[0].branches == []


def test_an_undeferred_column_comes_along(session: Session, models: Models) -> None:
    [first, _] = load(session, models.Document, undefer(models.Document.body))
    assert first.__dict__["body"] == "a long text"


class Levels(DeclarativeBase):
    pass


class Top(Levels):
    __tablename__ = "top"
    id: Mapped[int] = mapped_column(primary_key=True)
    middles: Mapped[list["Middle"]] = relationship()


class Middle(Levels):
    __tablename__ = "middle"
    id: Mapped[int] = mapped_column(primary_key=True)
    top_id: Mapped[int] = mapped_column(ForeignKey("top.id"))
    leaves: Mapped[list["Leaf"]] = relationship()


class Leaf(Levels):
    __tablename__ = "leaf"
    id: Mapped[int] = mapped_column(primary_key=True)
    middle_id: Mapped[int] = mapped_column(ForeignKey("middle.id"))


@pytest.mark.parametrize("option", [joinedload, selectinload])
def test_a_wildcard_holds_for_what_is_loaded_along(
    make_engine: MakeEngine, sql: Recorder, option: Any
) -> None:
    with Session(make_engine(Levels.metadata)) as session:
        session.add_all(
            Top(middles=[Middle(leaves=[Leaf(), Leaf()]), Middle()]) for _ in range(2)
        )
        session.commit()
        session.expunge_all()
        tops = session.scalars(select(Top).options(option("*"))).unique().all()
        with sql.silence():
            leaves = [leaf for top in tops for m in top.middles for leaf in m.leaves]
        assert len(leaves) == 4
        session.expunge_all()
        own = Load(Top).selectinload("*")
        tops = session.scalars(select(Top).options(own)).all()
        middles = [m for top in tops for m in top.middles]
        sql.clear()
        assert sum(len(m.leaves) for m in middles) == 4
        assert len(sql.take()) == len(middles)


# -- columns are no part of the path ---------------------------------------------------


def columns(option: Any, entity: Any) -> set[str]:
    """The columns that a SELECT with an option has, as table.column."""
    text = str(select(entity).options(option)).split("FROM")[0]
    return {part.split(" AS ")[0].strip() for part in text[6:].split(",")}


def test_several_columns_one_after_another(models: Models) -> None:
    user, address = models.User, models.Address
    table = address.__table__.name
    chained = joinedload(user.addresses).defer(address.email_address)
    all_but_two = columns(chained.defer(address.user_id), user)
    assert {c for c in all_but_two if c.startswith(table)} == {f"{table}_1.id"}
    names = {
        c.split(".")[1] for c in columns(defer(user.name).defer(user.fullname), user)
    }
    assert names == {"id"}
    only = load_only(user.name).load_only(user.fullname)
    assert {c.split(".")[1] for c in columns(only, user)} == {"id", "name", "fullname"}


def test_groups_one_after_another(models: Models) -> None:
    document = models.Document
    option = Load(document).defer("*").undefer(document.title).undefer(document.body)
    names = {c.split(".")[1] for c in columns(option, document)}
    assert names == {"id", "title", "body"}


def test_the_path_goes_on_after_columns(models: Models) -> None:
    user, order, item = models.User, models.Order, models.Item
    option = (
        load_only(order.description)
        .joinedload(order.items)
        .load_only(item.description)
        .joinedload(item.orders)
        .defer(order.description)
    )
    table = order.__table__.name
    found = columns(option, order)
    assert f"{table}.description" in found
    assert {c for c in found if c.startswith(f"{table}_1")} == {f"{table}_1.id"}
    with pytest.raises(ArgumentError, match='does not link mapped class "User"'):
        defer(user.name).defer(item.description)
    with pytest.raises(ArgumentError, match='does not link mapped class "User"'):
        load_only(user.name).joinedload(order.items)


def test_options_beside_one_another_have_a_cache_key(models: Models) -> None:
    user, address = models.User, models.Address
    path = joinedload(user.addresses)
    one = path.defer(address.email_address).defer(address.user_id)
    other = path.defer(address.user_id).defer(address.email_address)
    keys = [select(user).options(o)._generate_cache_key() for o in (one, other)]
    assert keys[0] is not None
    assert keys[0] != keys[1]
    assert keys[0] == select(user).options(one)._generate_cache_key()
    assert pickle.loads(pickle.dumps(joinedload(Child.parent).defer(Parent.id)))


def test_the_undocumented_wildcard_is_deprecated(models: Models) -> None:
    for build in (defer, undefer, joinedload, lazyload):
        with pytest.warns(SADeprecationWarning, match="format is deprecated"):
            option = build(".*")
        assert option.steps[0].key == "*"
    with pytest.raises(ArgumentError, match="Strings are not accepted"):
        Load(models.User).joinedload(".*")
