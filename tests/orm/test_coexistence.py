"""Ormolu and the ORM that comes with SQLAlchemy, in one process or apart."""

import subprocess
import sys
import textwrap

import pytest

TOUR = """
    from typing import Optional
    from sqlalchemy import ForeignKey, create_engine, func, inspect, select
    from ormolu import (
        DeclarativeBase, Mapped, Session, joinedload, mapped_column, registry,
        relationship, selectinload, sessionmaker,
    )

    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "user_account"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        addresses: Mapped[list["Address"]] = relationship(back_populates="user")

    class Address(Base):
        __tablename__ = "address"
        id: Mapped[int] = mapped_column(primary_key=True)
        user_id: Mapped[Optional[int]] = mapped_column(ForeignKey("user_account.id"))
        user: Mapped[Optional[User]] = relationship(back_populates="addresses")

    class Plain:
        pass

    registry(metadata=Base.metadata).map_imperatively(Plain, Address.__table__)

    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(User(name="sandy", addresses=[Address(), Address()]))
        session.commit()
        sandy = session.scalars(select(User).filter_by(name="sandy")).one()
        assert len(sandy.addresses) == 2
        session.expunge_all()
        for option in (selectinload(User.addresses), joinedload(User.addresses)):
            [user] = session.scalars(select(User).options(option)).unique()
            assert [address.user for address in user.addresses] == [user, user]
        user.name = "changed"
        session.delete(user.addresses[0])
        session.flush()
        session.rollback()
        session.refresh(user)
        assert session.scalar(select(func.count()).select_from(Plain)) == 2
        assert inspect(user).persistent
        assert inspect(User).relationships.keys() == ["addresses"]
    with sessionmaker(engine).begin() as session:
        session.delete(session.get_one(User, 1))
    engine.dispose()
"""

OTHER = """
    import sqlalchemy as sa
    from sqlalchemy import orm as other

    class OtherBase(other.DeclarativeBase):
        pass

    class OtherUser(OtherBase):
        __tablename__ = "user_account"
        id: other.Mapped[int] = other.mapped_column(primary_key=True)
        name: other.Mapped[str]
        addresses: other.Mapped[list["OtherAddress"]] = other.relationship()

    class OtherAddress(OtherBase):
        __tablename__ = "address"
        id: other.Mapped[int] = other.mapped_column(primary_key=True)
        user_id: other.Mapped[int] = other.mapped_column(
            sa.ForeignKey("user_account.id")
        )

    other_engine = sa.create_engine("sqlite://")
    OtherBase.metadata.create_all(other_engine)
    with other.Session(other_engine) as other_session:
        other_session.add(OtherUser(name="other", addresses=[OtherAddress()]))
        other_session.commit()
        statement = sa.select(OtherUser).options(other.selectinload(OtherUser.addresses))
        [other_user] = other_session.scalars(statement)
        assert len(other_user.addresses) == 1
        assert sa.inspect(other_user).persistent
        assert sa.inspect(OtherUser).class_ is OtherUser
    other_engine.dispose()
"""


def run(*parts: str) -> str:
    """Run the program in a fresh interpreter that takes warnings for errors."""
    program = "\n".join(textwrap.dedent(part) for part in parts)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


LOADED = """
    import sys
    print(sorted(
        name for name in sys.modules
        if name == "sqlalchemy.orm" or name.startswith(("sqlalchemy.orm.", "sqlalchemy.ext."))
    ))
"""


def test_importing_loads_no_other_orm() -> None:
    assert run("import ormolu", LOADED) == "[]"


def test_using_loads_no_other_orm() -> None:
    assert run(TOUR, LOADED) == "[]"


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(("import ormolu", "import sqlalchemy.orm"), id="ormolu-first"),
        pytest.param(("import sqlalchemy.orm", "import ormolu"), id="ormolu-second"),
    ],
)
def test_both_can_be_imported_in_either_order(parts: tuple[str, str]) -> None:
    run(*parts)


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param((TOUR, OTHER), id="ormolu-first"),
        pytest.param((OTHER, TOUR), id="ormolu-second"),
        pytest.param((TOUR, OTHER, TOUR), id="ormolu-around"),
        pytest.param(("import sqlalchemy.orm", TOUR, OTHER), id="imported-used"),
        pytest.param(("import ormolu", OTHER, TOUR), id="imported-used-reverse"),
    ],
)
def test_both_work_side_by_side(parts: tuple[str, ...]) -> None:
    run(*parts)


INSPECT = """
    import sqlalchemy as sa
    from sqlalchemy.exc import NoInspectionAvailable

    assert sa.inspect(User) is User.__mapper__
    assert sa.inspect(OtherUser) is OtherUser.__mapper__
    assert sa.inspect(User()).mapper is User.__mapper__
    assert sa.inspect(OtherUser()).mapper is OtherUser.__mapper__
    assert isinstance(sa.inspect(OtherUser), other.Mapper)
    assert not isinstance(sa.inspect(User), other.Mapper)

    class Unmapped:
        pass

    for thing in (Unmapped, Unmapped(), 7, None):
        assert sa.inspect(thing, raiseerr=False) is None, thing
        try:
            sa.inspect(thing)
        except NoInspectionAvailable:
            pass
        else:
            raise AssertionError(thing)
"""


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param((TOUR, OTHER, INSPECT), id="ormolu-first"),
        pytest.param((OTHER, TOUR, INSPECT), id="ormolu-second"),
    ],
)
def test_inspect_tells_the_two_apart(parts: tuple[str, ...]) -> None:
    run(*parts)


STRANGERS = """
    import ormolu
    from ormolu import exc

    with ormolu.Session() as session:
        try:
            session.add(OtherUser(name="x"))
        except exc.UnmappedInstanceError as error:
            assert "OtherUser" in str(error)
        else:
            raise AssertionError("added")
    with other.Session() as session:
        try:
            session.add(User(name="x"))
        except other.exc.UnmappedInstanceError as error:
            assert "User" in str(error)
        else:
            raise AssertionError("added")
"""


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param((TOUR, OTHER, STRANGERS), id="ormolu-first"),
        pytest.param((OTHER, TOUR, STRANGERS), id="ormolu-second"),
    ],
)
def test_each_refuses_the_objects_of_the_other(parts: tuple[str, ...]) -> None:
    run(*parts)


ONE_ENGINE = """
    from sqlalchemy.pool import StaticPool

    engine = sa.create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(User(name="ours", addresses=[Address()]))
        session.commit()
    with other.Session(engine) as session:
        user = session.scalars(sa.select(OtherUser)).one()
        assert (user.name, len(user.addresses)) == ("ours", 1)
        user.name = "theirs"
        session.commit()
    with Session(engine) as session:
        assert session.get_one(User, 1).name == "theirs"
    engine.dispose()
"""


def test_both_use_one_engine() -> None:
    run(TOUR, OTHER, ONE_ENGINE)
