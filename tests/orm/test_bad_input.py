"""Bad input: the exception, what its message names, and a session that goes on.

Where a configuration is at fault, see test_configuration_errors.py.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import (
    Engine,
    ForeignKey,
    bindparam,
    distinct,
    inspect,
    literal,
    select,
    union,
)
from sqlalchemy.exc import (
    ArgumentError,
    IntegrityError,
    InterfaceError,
    NoInspectionAvailable,
    OperationalError,
    ProgrammingError,
    StatementError,
)

from ormolu import (
    DeclarativeBase,
    Mapped,
    Session,
    aliased,
    exc,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
)
from tests.orm.conftest import MakeEngine
from tests.orm.models import Models


class Plain:
    """A class that nobody mapped."""

    name = "x"


@pytest.fixture
def goes_on(session: Session, models: Models) -> Iterator[None]:
    """The session can load, change and commit when the test is over."""
    yield
    session.rollback()
    user = session.get_one(models.User, 1)
    user.fullname = "goes on"
    session.add(models.User(name="squidward"))
    session.commit()
    assert user.fullname == "goes on"


@pytest.mark.usefixtures("goes_on")
class TestUnmapped:
    @pytest.mark.parametrize("method", ["add", "delete", "expunge", "refresh", "merge"])
    def test_an_unmapped_object_names_its_class(
        self, session: Session, method: str
    ) -> None:
        with pytest.raises(
            exc.UnmappedInstanceError, match=r"Class '.*\.Plain' is not mapped"
        ):
            getattr(session, method)(Plain())

    def test_an_unmapped_object_among_others_names_its_class(
        self, session: Session, models: Models
    ) -> None:
        with pytest.raises(exc.UnmappedInstanceError, match="Plain"):
            session.add_all([models.User(name="x"), Plain()])

    def test_a_class_in_place_of_an_object_is_explained(
        self, session: Session, models: Models
    ) -> None:
        with pytest.raises(
            exc.UnmappedInstanceError,
            match="was a class .*User.* supplied where an instance was required",
        ):
            session.add(models.User)

    def test_get_of_an_unmapped_class_is_refused(self, session: Session) -> None:
        with pytest.raises(NoInspectionAvailable):
            session.get(Plain, 1)

    def test_select_of_an_unmapped_class_names_it(self, session: Session) -> None:
        with pytest.raises(ArgumentError, match="Plain"):
            session.scalars(select(Plain))  # type: ignore[call-overload]

    def test_inspect_of_an_unmapped_class_is_refused(self, session: Session) -> None:
        with pytest.raises(NoInspectionAvailable):
            inspect(Plain)
        assert inspect(Plain, raiseerr=False) is None

    def test_inspect_of_an_unmapped_object_is_refused(self, session: Session) -> None:
        with pytest.raises(NoInspectionAvailable, match="Plain"):
            inspect(Plain())


@pytest.mark.usefixtures("goes_on")
class TestConstructor:
    def test_a_wrong_keyword_names_keyword_and_class(
        self, session: Session, models: Models
    ) -> None:
        with pytest.raises(
            TypeError, match="'nickname' is an invalid keyword argument for User"
        ):
            models.User(name="x", nickname="y")

    def test_a_column_name_that_is_no_attribute_is_refused(
        self, session: Session, models: Models
    ) -> None:
        with pytest.raises(TypeError, match="'user_account' .* for User"):
            models.User(user_account=1)


@pytest.mark.usefixtures("goes_on")
class TestValues:
    def test_a_null_where_the_database_refuses_it_names_the_column(
        self, session: Session, models: Models
    ) -> None:
        session.add(models.User(fullname="without a name"))
        with pytest.raises(
            IntegrityError, match=r"NOT NULL constraint failed: user_account\.name"
        ) as caught:
            session.flush()
        assert "INSERT INTO user_account" in str(caught.value.statement)
        assert caught.value.params == (None, "without a name")

    def test_a_null_by_update_names_the_column(
        self, session: Session, models: Models
    ) -> None:
        session.get_one(models.User, 1).name = None
        with pytest.raises(
            IntegrityError, match=r"NOT NULL constraint failed: user_account\.name"
        ):
            session.commit()

    def test_a_duplicate_key_names_the_column(
        self, session: Session, models: Models
    ) -> None:
        session.add(models.User(id=1, name="double"))
        with pytest.raises(
            IntegrityError, match=r"UNIQUE constraint failed: user_account\.id"
        ):
            session.commit()

    def test_a_value_that_the_driver_cannot_bind_is_a_database_error(
        self, session: Session, models: Models
    ) -> None:
        session.add(models.User(name=object()))
        with pytest.raises(
            (InterfaceError, ProgrammingError), match="(?i)type 'object' is not support"
        ):
            session.flush()

    def test_a_dictionary_for_a_column_is_a_database_error(
        self, session: Session, models: Models
    ) -> None:
        statement = select(models.User).where(models.User.name == object())
        with pytest.raises(StatementError, match="SELECT"):
            session.scalars(statement).all()

    def test_a_scalar_for_a_collection_is_refused(
        self, session: Session, models: Models
    ) -> None:
        user = session.get_one(models.User, 1)
        with pytest.raises(TypeError, match="Incompatible collection type"):
            user.addresses = 7

    def test_a_plain_object_in_a_collection_is_refused(
        self, session: Session, models: Models
    ) -> None:
        user = session.get_one(models.User, 1)
        with pytest.raises((AttributeError, exc.UnmappedInstanceError), match="Plain"):
            user.addresses.append(Plain())

    def test_a_plain_object_for_a_many_to_one_is_refused(
        self, session: Session, models: Models
    ) -> None:
        address = session.get_one(models.Address, 1)
        with pytest.raises((AttributeError, exc.UnmappedInstanceError), match="Plain"):
            address.user = Plain()


@pytest.mark.usefixtures("goes_on")
class TestStatements:
    def test_a_missing_table_is_an_operational_error(
        self, session: Session, models: Models
    ) -> None:
        session.connection().exec_driver_sql("DROP TABLE node")
        with pytest.raises(OperationalError, match="no such table: node"):
            session.scalars(select(models.Node)).all()

    def test_a_loader_option_of_another_class_names_both(
        self, session: Session, models: Models
    ) -> None:
        statement = select(models.User).options(selectinload(models.Order.items))
        with pytest.raises(
            ArgumentError,
            match=r"(?s)Mapped class .*Order.* does not apply to any of the root "
            r"entities in this query, e\.g\. .*User",
        ):
            session.scalars(statement).all()

    def test_a_loader_option_with_a_string_is_explained(self, models: Models) -> None:
        with pytest.raises(ArgumentError, match=r"(?i)string.*class-bound attributes"):
            joinedload("addresses")  # type: ignore[arg-type]

    def test_a_loader_option_for_a_column_names_it(
        self, session: Session, models: Models
    ) -> None:
        statement = select(models.User).options(selectinload(models.User.name))
        with pytest.raises(exc.LoaderStrategyException, match=r'property "User\.name"'):
            session.scalars(statement).all()

    def test_a_missing_bind_parameter_names_it(
        self, session: Session, models: Models
    ) -> None:
        statement = select(models.User).where(models.User.id == bindparam("key"))
        with pytest.raises(StatementError, match="(?i)bind parameter 'key'"):
            session.scalars(statement).all()

    def test_a_string_is_not_a_statement(self, session: Session) -> None:
        with pytest.raises(ArgumentError, match=r"(?i)text\('SELECT 1'\)|executable"):
            session.execute("SELECT 1")  # type: ignore[call-overload]


@pytest.mark.usefixtures("goes_on")
class TestDetached:
    def test_an_attribute_of_a_detached_object_names_the_class(
        self, session: Session, models: Models
    ) -> None:
        user = session.get_one(models.User, 2)
        session.commit()
        session.expunge(user)
        with pytest.raises(exc.DetachedInstanceError, match="Instance <User at"):
            user.name

    def test_a_relationship_of_a_detached_object_names_the_attribute(
        self, session: Session, models: Models
    ) -> None:
        user = session.get_one(models.User, 2)
        session.expunge(user)
        with pytest.raises(exc.DetachedInstanceError, match="<User at .*'addresses'"):
            user.addresses


def test_unknown_options_of_the_session_are_refused(engine: Engine) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'autocomit'"):
        Session(engine, autocomit=True)  # type: ignore[call-arg]


def test_a_session_bound_to_nonsense_is_refused() -> None:
    with pytest.raises(ArgumentError), Session(binds={"nonsense": 1}):  # type: ignore[dict-item]
        pass


def test_reading_an_attribute_that_does_not_exist_names_both(models: Models) -> None:
    user: Any = models.User()
    with pytest.raises(AttributeError, match="'User' object has no attribute 'nick'"):
        user.nick


def test_an_object_of_the_wrong_class_names_class_and_attribute(
    make_engine: MakeEngine,
) -> None:
    class Base(DeclarativeBase):
        pass

    class Parent(Base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children: Mapped[list["Child"]] = relationship()

    class Child(Base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int | None] = mapped_column(ForeignKey("parent.id"))

    with Session(make_engine(Base.metadata)) as session:
        with pytest.raises(
            AssertionError,
            match=r"(?s)'children'.*Parent.*doesn't handle objects of type .*Parent",
        ):
            session.add(Parent(children=[Parent()]))
        session.rollback()
        session.add(Parent(children=[Child()]))
        session.commit()


def test_an_instance_is_no_sql_literal(models: Models) -> None:
    user: Any = models.User(name="x")
    for build in (
        lambda: distinct(user),
        lambda: models.User.name == user,
        lambda: models.User.name.in_([user]),
        lambda: models.User.name > user,
        lambda: literal(5) == user,
    ):
        with pytest.raises(ArgumentError, match="expected, got|not legal as a SQL"):
            build()


def test_an_alias_is_not_of_a_select(models: Models) -> None:
    one = select(models.User.id)
    for element in (one, union(one, one)):
        with pytest.raises(ArgumentError, match=r"use the \.subquery\(\) method"):
            aliased(element)
    assert "anon_1" in str(select(aliased(one.subquery())))
