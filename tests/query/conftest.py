"""Two mapped classes and a few rows for the tests of ``Query`` and its kin."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import ForeignKey, create_engine

from ormolu import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    addresses: Mapped[list["Address"]] = relationship(
        back_populates="user", order_by="Address.id"
    )


class Address(Base):
    __tablename__ = "addresses"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    email: Mapped[str]
    user: Mapped[User] = relationship(back_populates="addresses")


@pytest.fixture
def session() -> Iterator[Session]:
    """Three users; the first has two addresses, the second has one."""
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        for name, emails in (("ann", ["a@x", "b@x"]), ("bob", ["c@x"]), ("cy", [])):
            user: Any = User(name=name)
            user.addresses = [Address(email=e) for e in emails]
            session.add(user)
        session.commit()
        session.expunge_all()
        yield session
    engine.dispose()


@pytest.fixture
def users() -> Any:
    return User


@pytest.fixture
def addresses() -> Any:
    return Address
