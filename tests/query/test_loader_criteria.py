"""``with_loader_criteria()``: what it adds to a statement, and where."""

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import (
    ForeignKey,
    Table,
    bindparam,
    delete,
    exc,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    union,
    update,
)

from ormolu import (
    Bundle,
    DeclarativeBase,
    LoaderCriteriaOption,
    Mapped,
    Session,
    aliased,
    contains_eager,
    declared_attr,
    joinedload,
    mapped_column,
    outerjoin,
    relationship,
    selectinload,
    with_loader_criteria,
)
from ormolu import join as orm_join


class Named:
    name = mapped_column()


class Labelled:
    @declared_attr
    def label(cls) -> Mapped[str | None]:
        return mapped_column()


class Unrelated:
    name = mapped_column()


class Base(DeclarativeBase):
    pass


class User(Named, Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    mails: Mapped[list["Mail"]] = relationship(back_populates="user")


class Mail(Labelled, Base):
    __tablename__ = "mails"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    text: Mapped[str]
    user: Mapped[User] = relationship(back_populates="mails")
    tags: Mapped[list["Tag"]] = relationship(secondary="mail_tags")


class Tag(Base):
    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("tags.id"))
    word: Mapped[str]
    below: Mapped[list["Tag"]] = relationship()


Table(
    "mail_tags",
    Base.metadata,
    mapped_column("mail_id", ForeignKey("mails.id")).column,
    mapped_column("tag_id", ForeignKey("tags.id")).column,
)

USERS = "SELECT users.id, users.name FROM users"
NOT_ED = "users.name != :name_1"
NOT_FOO = "mails.text != :text_1"

OtherUser = aliased(User)
OtherMail = aliased(Mail)


def not_ed(**kw: Any) -> LoaderCriteriaOption:
    return with_loader_criteria(User, User.name != "ed", **kw)


def not_foo(**kw: Any) -> LoaderCriteriaOption:
    return with_loader_criteria(Mail, Mail.text != "foo", **kw)


def sql_of(statement: Any) -> str:
    return " ".join(str(statement).split())


# -- WHERE -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (lambda: select(User), f"{USERS} WHERE {NOT_ED}"),
        (lambda: select(User.id), f"SELECT users.id FROM users WHERE {NOT_ED}"),
        (
            lambda: select(User.name + "x"),
            "SELECT users.name || :name_1 AS anon_1 FROM users "
            "WHERE users.name != :name_2",
        ),
        (
            lambda: select(func.count(User.id)),
            f"SELECT count(users.id) AS count_1 FROM users WHERE {NOT_ED}",
        ),
        (
            lambda: select(func.count()).select_from(User),
            f"SELECT count(*) AS count_1 FROM users WHERE {NOT_ED}",
        ),
        (
            lambda: select(literal(1)).where(User.id == 5),
            f"SELECT :param_1 AS anon_1 FROM users WHERE users.id = :id_1 AND {NOT_ED}",
        ),
        (
            lambda: select(Bundle("b", User.id, User.name)),
            f"{USERS} WHERE {NOT_ED}",
        ),
        (
            lambda: select(User).where(or_(User.id == 1, User.id == 2)),
            f"{USERS} WHERE (users.id = :id_1 OR users.id = :id_2) AND {NOT_ED}",
        ),
        (
            lambda: select(User.id).with_only_columns(
                func.count(), maintain_column_froms=True
            ),
            f"SELECT count(*) AS count_1 FROM users WHERE {NOT_ED}",
        ),
        (lambda: select(User.__table__), USERS),
        (
            lambda: select(OtherUser),
            "SELECT users_1.id, users_1.name FROM users AS users_1",
        ),
    ],
)
def test_what_selects_from_an_entity(made: Callable[[], Any], expected: str) -> None:
    assert sql_of(made().options(not_ed())) == expected


def test_criteria_of_several_entities_in_their_order() -> None:
    statement = select(User, Mail).where(User.id == Mail.user_id)
    assert sql_of(statement.options(not_foo(), not_ed())).endswith(
        f"WHERE users.id = mails.user_id AND {NOT_ED} AND {NOT_FOO}"
    )


def test_several_criteria_of_one_entity() -> None:
    statement = select(User).options(
        not_ed(), with_loader_criteria(User, or_(User.id > 1, User.id < 0))
    )
    assert sql_of(statement).endswith(
        f"WHERE {NOT_ED} AND (users.id > :id_1 OR users.id < :id_2)"
    )


def test_options_given_before_the_columns_were_replaced() -> None:
    statement = select(User).select_from(User).options(not_ed())
    assert sql_of(statement.with_only_columns(func.count())) == (
        f"SELECT count(*) AS count_1 FROM users WHERE {NOT_ED}"
    )


# -- ON --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (
            lambda: select(User).join(User.mails),
            f"JOIN mails ON users.id = mails.user_id AND {NOT_FOO} WHERE {NOT_ED}",
        ),
        (
            lambda: select(User).join(Mail),
            f"JOIN mails ON users.id = mails.user_id AND {NOT_FOO} WHERE {NOT_ED}",
        ),
        (
            lambda: select(User).outerjoin(Mail, Mail.user_id == User.id),
            "LEFT OUTER JOIN mails ON mails.user_id = users.id "
            f"AND {NOT_FOO} WHERE {NOT_ED}",
        ),
        (
            lambda: select(User).join(User.mails.and_(Mail.id > 1)),
            f"JOIN mails ON users.id = mails.user_id AND {NOT_FOO} "
            f"AND mails.id > :id_1 WHERE {NOT_ED}",
        ),
        (
            lambda: select(Mail.id).join_from(User, Mail, User.mails),
            f"JOIN mails ON users.id = mails.user_id AND {NOT_FOO} WHERE {NOT_ED}",
        ),
        (
            lambda: select(User).join(OtherMail, User.mails),
            f"JOIN mails AS mails_1 ON users.id = mails_1.user_id WHERE {NOT_ED}",
        ),
        (
            lambda: select(User).join(User.mails).options(contains_eager(User.mails)),
            f"JOIN mails ON users.id = mails.user_id AND {NOT_FOO} WHERE {NOT_ED}",
        ),
        (
            lambda: select(User).select_from(outerjoin(User, Mail, User.mails)),
            f"LEFT OUTER JOIN mails ON users.id = mails.user_id WHERE {NOT_ED}",
        ),
        (
            lambda: select(func.count()).select_from(
                orm_join(User, Mail, User.mails).join(Tag, Tag.id == Mail.id)
            ),
            f"JOIN tags ON tags.id = mails.id WHERE {NOT_ED}",
        ),
    ],
)
def test_what_joins_to_an_entity(made: Callable[[], Any], expected: str) -> None:
    assert sql_of(made().options(not_foo(), not_ed())).endswith(expected)


@pytest.mark.parametrize("outer", [False, True])
def test_a_join_by_way_of_a_secondary_table(outer: bool) -> None:
    statement = select(Mail.id).join(Mail.tags, isouter=outer)
    text = sql_of(
        statement.options(with_loader_criteria(Tag, lambda cls: cls.word != "x"))
    )
    on_tags = "JOIN tags ON tags.id = mail_tags_1.tag_id AND tags.word != :word_1"
    if outer:
        assert text.endswith(
            f"LEFT OUTER JOIN (mail_tags AS mail_tags_1 {on_tags}) "
            "ON mails.id = mail_tags_1.mail_id"
        )
    else:
        assert text.endswith(on_tags)


# -- aliases ---------------------------------------------------------------------------


@pytest.mark.parametrize("criteria", ["expression", "function"])
def test_aliases_where_asked_for(criteria: str) -> None:
    given: Any = User.name != "ed"
    if criteria == "function":
        given = lambda cls: cls.name != "ed"  # noqa: E731
    option = with_loader_criteria(User, given, include_aliases=True)
    assert sql_of(select(OtherUser).options(option)) == (
        "SELECT users_1.id, users_1.name FROM users AS users_1 "
        "WHERE users_1.name != :name_1"
    )
    joined = select(Mail.id).join(OtherUser, Mail.user)
    assert sql_of(joined.options(option)).endswith(
        "ON users_1.id = mails.user_id AND users_1.name != :name_1"
    )


def test_an_alias_of_a_subquery() -> None:
    user = aliased(User, select(User).subquery())
    statement = select(Mail.id).join(user, user.id == Mail.user_id)
    assert sql_of(statement.options(not_ed(include_aliases=True))).endswith(
        f"WHERE {NOT_ED}) AS anon_1 ON anon_1.id = mails.user_id "
        "AND anon_1.name != :name_1"
    )


def test_criteria_of_one_alias_alone() -> None:
    option = with_loader_criteria(OtherUser, OtherUser.name != "ed")
    statement = select(OtherUser.id, User.id).where(OtherUser.id == User.id)
    assert sql_of(statement.options(option)).endswith(
        "WHERE users_1.id = users.id AND users_1.name != :name_1"
    )
    assert "name" not in sql_of(select(User.id).options(option))


# -- base classes ----------------------------------------------------------------------


@pytest.mark.parametrize("base", [Named, Base])
def test_a_base_class_is_for_all_mapped_classes_below(base: type) -> None:
    option = with_loader_criteria(base, User.name != "ed", include_aliases=True)
    assert sql_of(select(User).options(option)) == f"{USERS} WHERE {NOT_ED}"


def test_a_mixin_whose_attribute_is_made_by_a_function() -> None:
    option = with_loader_criteria(
        Labelled, lambda cls: cls.label == "x", include_aliases=True
    )
    assert sql_of(select(Mail.id).options(option)).endswith(
        "WHERE mails.label = :label_1"
    )


def test_a_mixin_that_nothing_mapped_has() -> None:
    option = with_loader_criteria(
        Unrelated, lambda cls: cls.name != "ed", include_aliases=True
    )
    assert sql_of(select(User).options(option)) == USERS


def test_a_base_class_without_aliases_is_for_eager_joins_alone() -> None:
    option = with_loader_criteria(Named, lambda cls: cls.name != "ed")
    statement = select(Mail.id, Mail).options(joinedload(Mail.user), option)
    assert "AND users_1.name != :name_1" in sql_of(statement)
    assert sql_of(select(User).options(option)) == USERS


# -- inside of the statement -----------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (
            lambda: User.mails.any(Mail.id > 1),
            "(EXISTS (SELECT 1 FROM mails WHERE users.id = mails.user_id "
            f"AND mails.id > :id_1 AND {NOT_FOO}))",
        ),
        (
            lambda: exists(1).where(Mail.user_id == User.id),
            "(EXISTS (SELECT 1 FROM mails WHERE mails.user_id = users.id "
            f"AND {NOT_FOO}))",
        ),
        (
            lambda: User.id.in_(select(Mail.user_id)),
            f"users.id IN (SELECT mails.user_id FROM mails WHERE {NOT_FOO})",
        ),
        (
            lambda: (
                User.id
                == select(func.max(Mail.user_id))
                .where(Mail.user_id == User.id)
                .scalar_subquery()
            ),
            "users.id = (SELECT max(mails.user_id) AS max_1 FROM mails "
            f"WHERE mails.user_id = users.id AND {NOT_FOO})",
        ),
    ],
)
def test_subqueries_of_the_where_clause(made: Any, expected: str) -> None:
    statement = select(User).where(made()).options(not_ed(), not_foo())
    assert sql_of(statement) == f"{USERS} WHERE {expected} AND {NOT_ED}"


def test_has() -> None:
    statement = select(Mail.id).where(Mail.user.has()).options(not_ed())
    assert sql_of(statement).endswith(
        "WHERE EXISTS (SELECT 1 FROM users "
        f"WHERE users.id = mails.user_id AND {NOT_ED})"
    )


def test_any_of_the_same_class_is_an_alias() -> None:
    option = with_loader_criteria(Tag, Tag.word != "x", include_aliases=True)
    statement = select(Tag.id).where(Tag.below.any()).options(option)
    assert sql_of(statement).endswith(
        "WHERE (EXISTS (SELECT 1 FROM tags AS tags_1 WHERE tags.id = "
        "tags_1.parent_id AND tags_1.word != :word_1)) AND tags.word != :word_1"
    )


@pytest.mark.parametrize("kind", ["subquery", "cte"])
def test_subqueries_of_the_from_clause(kind: str) -> None:
    inner = getattr(select(User.id), kind)()
    text = sql_of(select(func.count()).select_from(inner).options(not_ed()))
    assert f"SELECT users.id AS id FROM users WHERE {NOT_ED})" in text


def test_members_of_a_union() -> None:
    nested = union(select(User.id), union(select(User.id), select(Mail.id)))
    text = sql_of(nested.options(not_ed()))
    assert text.count(NOT_ED) == 2


def test_the_statement_whose_rows_are_taken() -> None:
    inner = select(User).where(User.id < 9)
    statement = select(User).from_statement(inner).options(not_ed())
    assert sql_of(statement) == f"{USERS} WHERE users.id < :id_1 AND {NOT_ED}"


def test_options_of_an_inner_statement_are_nobodys() -> None:
    inner = select(Mail.user_id).options(not_foo())
    assert "text" not in sql_of(select(User).where(User.id.in_(inner)))


def test_a_correlated_entity_has_its_criteria_outside() -> None:
    inner = select(Mail.id).where(Mail.user_id == User.id)
    statement = select(User.id).where(inner.exists()).options(not_ed())
    assert sql_of(statement).endswith(
        "FROM mails WHERE mails.user_id = users.id)) AND " + NOT_ED
    )
    apart = select(User.id).where(inner.correlate(None).exists()).options(not_ed())
    assert sql_of(apart).endswith(
        f"FROM mails, users WHERE mails.user_id = users.id AND {NOT_ED})) AND {NOT_ED}"
    )


def test_a_lateral_subquery_correlates_and_another_does_not() -> None:
    inner = select(Mail.id).where(Mail.user_id == User.id)
    lateral = select(User.id).join(inner.lateral(), true()).options(not_ed())
    assert sql_of(lateral).count(NOT_ED) == 1
    beside = select(User.id).select_from(inner.subquery()).options(not_ed())
    assert sql_of(beside).count(NOT_ED) == 2


def test_criteria_are_not_applied_within_themselves() -> None:
    options = (
        with_loader_criteria(User, User.mails.any()),
        with_loader_criteria(Mail, Mail.user.has(User.name != "ed")),
    )
    assert sql_of(select(User.id).options(*options)) == (
        "SELECT users.id FROM users WHERE EXISTS (SELECT 1 FROM mails "
        "WHERE users.id = mails.user_id AND (EXISTS (SELECT 1 FROM users "
        f"WHERE users.id = mails.user_id AND {NOT_ED})))"
    )


def test_criteria_that_join_along_a_relationship() -> None:
    inner = select(Mail.user_id).join(Mail.user).where(User.id > 1)
    option = with_loader_criteria(User, User.id.in_(inner))
    assert sql_of(select(User.id).options(option)) == (
        "SELECT users.id FROM users WHERE users.id IN (SELECT mails.user_id FROM mails "
        "JOIN users ON users.id = mails.user_id WHERE users.id > :id_1)"
    )


# -- eager joins -----------------------------------------------------------------------


@pytest.mark.parametrize("option", [not_foo(), not_foo(include_aliases=True)])
def test_joined_eager_loading(option: Any) -> None:
    statement = select(User).options(joinedload(User.mails), option)
    assert sql_of(statement).endswith(
        "LEFT OUTER JOIN mails AS mails_1 ON users.id = mails_1.user_id "
        "AND mails_1.text != :text_1"
    )


def test_joined_eager_loading_by_way_of_a_secondary_table() -> None:
    statement = select(Mail).options(
        joinedload(Mail.tags), with_loader_criteria(Tag, Tag.word != "x")
    )
    assert sql_of(statement).endswith(
        "LEFT OUTER JOIN (mail_tags AS mail_tags_1 JOIN tags AS tags_1 ON tags_1.id = "
        "mail_tags_1.tag_id AND tags_1.word != :word_1) ON mails.id = "
        "mail_tags_1.mail_id"
    )


def test_joined_eager_loading_needs_criteria_that_loaders_repeat() -> None:
    option = not_foo(propagate_to_loaders=False)
    statement = select(User).options(joinedload(User.mails), option)
    assert sql_of(statement).endswith("ON users.id = mails_1.user_id")


def test_joined_eager_loading_of_an_alias_has_the_criteria_of_the_alias() -> None:
    option = with_loader_criteria(OtherMail, OtherMail.text != "foo")
    to_alias = joinedload(User.mails.of_type(OtherMail))
    assert sql_of(select(User).options(to_alias, option)).endswith(
        "ON users.id = mails_1.user_id AND mails_1.text != :text_1"
    )
    assert "text !=" not in sql_of(select(User).options(joinedload(User.mails), option))


# -- INSERT, UPDATE, DELETE ------------------------------------------------------------


def test_update_and_delete() -> None:
    option = not_ed()
    updated = update(User).where(User.id > 1).values(name="x").options(option)
    assert sql_of(updated) == (
        f"UPDATE users SET name=:name WHERE users.id > :id_1 AND {NOT_ED}"
    )
    assert sql_of(delete(User).options(option)) == f"DELETE FROM users WHERE {NOT_ED}"
    plain = update(User.__table__).values(name="x").options(option)
    assert sql_of(plain) == "UPDATE users SET name=:name"


def test_selects_inside_of_dml() -> None:
    inner = select(Mail.user_id).where(Mail.id > 1)
    text = sql_of(delete(User).where(User.id.in_(inner)).options(not_foo()))
    assert text.endswith(f"FROM mails WHERE mails.id > :id_1 AND {NOT_FOO})")
    copied = insert(Tag).from_select(["id", "word"], select(User.id, User.name))
    assert sql_of(copied.options(not_ed())).endswith(f"FROM users WHERE {NOT_ED}")


# -- the option itself -----------------------------------------------------------------


def test_what_the_option_says_of_itself() -> None:
    option = not_ed(include_aliases=True, propagate_to_loaders=False)
    assert option.entity is User.__mapper__
    assert option.root_entity is None
    assert not option.deferred_where_criteria
    assert str(option.where_criteria) == NOT_ED
    assert (option.include_aliases, option.propagate_to_loaders) == (True, False)
    mixin = with_loader_criteria(Named, lambda cls: cls.name == "x")
    assert mixin.root_entity is Named
    assert mixin.entity is None
    assert mixin.deferred_where_criteria


def key_of(option: Any) -> Any:
    return option._generate_cache_key()


def test_the_cache_key_holds_values_apart() -> None:
    def made(value: Any) -> Any:
        return with_loader_criteria(User, lambda cls: cls.name != value)

    first, second = key_of(made("a")), key_of(made("b"))
    assert first.key == second.key
    assert [b.value for b in first.bindparams + second.bindparams] == ["a", "b"]
    assert key_of(not_ed()) == key_of(not_ed())
    assert key_of(not_ed()) != key_of(not_ed(include_aliases=True))
    assert key_of(not_ed()) != key_of(not_ed(propagate_to_loaders=False))


def test_closure_variables_that_are_no_values() -> None:
    class Limits:
        lowest = 3

    limits = Limits()
    with pytest.raises(exc.InvalidRequestError, match="Closure variable named 'limit"):
        with_loader_criteria(User, lambda cls: cls.id > limits.lowest)
    option = with_loader_criteria(
        User, lambda cls: cls.id > limits.lowest, track_closure_variables=False
    )
    statement = select(User.id).options(option)
    assert statement.compile().params == {"lowest_1": 3}


@pytest.mark.parametrize("entity", ["User", User.__table__, User.name, None])
def test_criteria_of_what_is_no_entity(entity: Any) -> None:
    with pytest.raises(exc.ArgumentError, match="expects a mapped class, an alias"):
        with_loader_criteria(entity, User.name != "ed")


@pytest.mark.parametrize("criteria", [5, lambda cls: 5])
def test_criteria_that_are_no_expression(criteria: Any) -> None:
    with pytest.raises(exc.ArgumentError, match="WHERE/HAVING role expected, got 5"):
        with_loader_criteria(User, criteria)


def test_options_of_a_loader_option_cannot_have_it() -> None:
    with pytest.raises(
        exc.ArgumentError, match=r"not compatible with the Load.options"
    ):
        selectinload(User.mails).options(not_foo())


def named_x(cls: Any) -> Any:
    return cls.name == "x"


@pytest.mark.parametrize("entity", [User, Named])
def test_pickling(entity: type) -> None:
    option = with_loader_criteria(entity, named_x, include_aliases=True)
    restored = pickle.loads(pickle.dumps(option))
    assert key_of(restored) == key_of(option)
    assert (
        sql_of(select(User).options(restored)) == f"{USERS} WHERE users.name = :name_1"
    )


def not_b(cls: Any) -> Any:
    return cls.email != "b@x"


def test_pickled_objects_go_on_as_their_load_asked(
    session: Session, users: Any, addresses: Any
) -> None:
    option = with_loader_criteria(addresses, not_b)
    ann = session.scalars(select(users).where(users.id == 1).options(option)).one()
    session.close()
    restored = pickle.loads(pickle.dumps(ann))
    session.add(restored)
    assert [a.email for a in restored.addresses] == ["a@x"]


# -- Query -----------------------------------------------------------------------------


def test_query(session: Session, users: Any, addresses: Any) -> None:
    option = with_loader_criteria(users, users.name != "ann")
    query = session.query(users).options(option)
    assert {u.name for u in query} == {"bob", "cy"}
    assert query.count() == 2
    joined = session.query(addresses.email).join(addresses.user).options(option)
    assert joined.all() == [("c@x",)]
    either = query.union(session.query(users))
    assert {u.name for u in either} == {"bob", "cy"}


def test_query_get(session: Session, users: Any) -> None:
    option = with_loader_criteria(users, users.name != bindparam(None, "ann"))
    assert session.get(users, 1, options=[option]) is None
    assert session.get(users, 2, options=[option]) is not None
