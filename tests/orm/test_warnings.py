"""A warning shows the line of the user that gave its cause."""

import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Column, Engine, ForeignKey, Integer, String, event, select
from sqlalchemy import exc as sa_exc

from ormolu import (
    DeclarativeBase,
    Mapped,
    Query,
    Session,
    configure_mappers,
    mapped_column,
    noload,
    relationship,
)
from ormolu._core.warnings import warn
from tests.orm.models import Models


def here() -> int:
    """The line that asks."""
    return sys._getframe(1).f_lineno


def warned(action: Callable[[], Any], category: type[Warning], text: str) -> int:
    """The line of this file to which an action's one warning is attributed."""
    with pytest.warns(category, match=text) as caught:
        action()
    (warning,) = caught
    assert warning.filename == __file__
    return warning.lineno


def get_nothing(session: Session, models: Models) -> int:
    session.get(models.User, (None,)); return here()  # fmt: skip # noqa: E702


def test_a_call_of_the_session(session: Session, models: Models) -> None:
    lines = []
    line = warned(
        lambda: lines.append(get_nothing(session, models)),
        sa_exc.SAWarning,
        "fully NULL primary key",
    )
    assert [line] == lines


def test_a_deprecated_argument(session: Session, models: Models) -> None:
    user = models.User(name="new")
    session.add(user)
    warned(lambda: session.flush([user]), sa_exc.SADeprecationWarning, "`objects`")


def test_a_deprecated_method(session: Session, models: Models) -> None:
    query = session.query(models.User)
    warned(
        lambda: query.add_column(models.User.id),
        sa_exc.SADeprecationWarning,
        r"^Query.add_column\(\) is deprecated and will be removed in a future release."
        r"  Please use Query.add_columns\(\) \(deprecated since: 1.4\)$",
    )


def test_a_legacy_method(session: Session, models: Models) -> None:
    query = session.query(models.User)
    warned(
        lambda: query.get(1),
        sa_exc.LegacyAPIWarning,
        r"^The Query.get\(\) method is considered legacy as of the 1.x series of "
        r"SQLAlchemy and becomes a legacy construct in 2.0. The method is now "
        r"available as Session.get\(\) \(deprecated since: 2.0\)",
    )


def test_a_deprecated_option(models: Models) -> None:
    warned(lambda: noload(models.User.addresses), sa_exc.SADeprecationWarning, "noload")


def test_documentation_says_what_is_deprecated() -> None:
    assert ".. deprecated:: 1.4 Query.values() is deprecated" in str(
        Query.values.__doc__
    )


def test_a_class_with_a_reserved_name() -> None:
    class Base(DeclarativeBase):
        pass

    def declare() -> None:
        class Reserved(Base):
            __tablename__ = "reserved"
            id: Mapped[int] = mapped_column(primary_key=True)
            ignored = (Column(String),)

    warned(declare, sa_exc.SAWarning, "Ignoring declarative-like tuple value")


def declared_overlap() -> tuple[type, type]:
    class Base(DeclarativeBase):
        pass

    class Parent(Base):
        __tablename__ = "parent"
        id = mapped_column(Integer, primary_key=True)
        children = relationship("Child")

    class Child(Base):
        __tablename__ = "child"
        id = mapped_column(Integer, primary_key=True)
        parent_id = mapped_column(ForeignKey("parent.id"))
        parent = relationship("Parent")

    return Parent, Child


def test_configuration_that_was_asked_for_says_nothing_of_it() -> None:
    classes = declared_overlap()
    with pytest.warns(sa_exc.SAWarning, match="will copy column") as caught:
        configure_mappers()
    assert classes
    assert {warning.filename for warning in caught} == {__file__}
    assert not any("originated from" in str(warning.message) for warning in caught)


def test_configuration_that_nobody_asked_for_says_so() -> None:
    parent, _ = declared_overlap()
    with pytest.warns(
        sa_exc.SAWarning,
        match=r"will copy column(.|\n)*sqlalche.me/e/\d+/qzyx\) \(This warning "
        r"originated from the `configure_mappers\(\)` process, which was invoked "
        "automatically in response to a user-initiated operation.\\)$",
    ) as caught:
        parent()
    assert {warning.filename for warning in caught} == {__file__}


def test_autoflush_says_that_nobody_asked_for_it(
    session: Session, models: Models
) -> None:
    user = models.User(name="new")
    session.add(user)
    other = models.Address(email_address="nowhere")
    with session.no_autoflush:
        user.addresses.append(other)
    session.expunge(other)
    line = warned(
        lambda: session.scalars(select(models.User)).all(),
        sa_exc.SAWarning,
        r"not in session(.|\n)*\(This warning originated from the Session 'autoflush' "
        "process",
    )
    assert line


def test_a_listener_within_a_flush_is_who_gave_cause(
    session: Session, models: Models
) -> None:
    lines = []

    def add_another(*_: Any) -> None:
        session.add(models.User(name="another")); lines.append(here())  # fmt: skip # noqa: E702

    event.listen(models.User, "before_insert", add_another)
    try:
        session.add(models.User(name="new"))
        line = warned(session.flush, sa_exc.SAWarning, "Usage of the 'Session.add")
    finally:
        event.remove(models.User, "before_insert", add_another)
    assert [line] == lines


def test_the_default_filter_shows_each_line_of_the_user_once(
    engine: Engine, models: Models
) -> None:
    with (
        warnings.catch_warnings(record=True) as caught,
        Session(engine) as session,
    ):
        warnings.simplefilter("default")
        for _ in range(2):
            session.get(models.User, (None,))
        session.get(models.User, (None,))
    assert len({warning.lineno for warning in caught}) == len(caught) == 2


def test_a_warning_carries_the_address_of_its_explanation() -> None:
    with pytest.warns(sa_exc.SAWarning, match="sqlalche.me/e/[0-9]+/abcd") as caught:
        warn("Text", code="abcd")
    (warning,) = caught
    assert isinstance(warning.message, sa_exc.SAWarning)
    assert warning.message.code == "abcd"
