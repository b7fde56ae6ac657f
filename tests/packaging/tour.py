"""A short way through the ORM, for an installed wheel; prints where it runs."""

from __future__ import annotations

import sys

from sqlalchemy import ForeignKey, create_engine, select

import ormolu
from ormolu import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    """The models' base."""


class Author(Base):
    """Has books."""

    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    books: Mapped[list[Book]] = relationship(back_populates="author")


class Book(Base):
    """Has an author."""

    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str | None]
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"))
    author: Mapped[Author] = relationship(back_populates="books")


def main() -> None:
    """Write, read back, change."""
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Author(name="Ada", books=[Book(title="Notes"), Book()]))
        session.commit()
        author = session.scalars(select(Author).filter_by(name="Ada")).one()
        assert [book.title for book in author.books] == ["Notes", None]
        author.name = "Augusta"
        session.commit()
        assert session.scalar(select(Author.name)) == "Augusta"
    assert "sqlalchemy.orm" not in sys.modules
    print(ormolu.__impl__, ormolu.__file__)


if __name__ == "__main__":
    main()
