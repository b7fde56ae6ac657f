"""The classes that the tests of bulk statements share, in both modes of state."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table

from ormolu import DeclarativeBase, Mapped, mapped_column, registry, relationship
from tests.orm.models import Mode, create_script

ROWS = """
INSERT INTO widget (id, name, size_int, note) VALUES
  (1, 'ant', 10, 'a'), (2, 'bee', 20, NULL), (3, 'cat', 30, 'c');
INSERT INTO pair (a, b, value) VALUES (1, 1, 'one'), (1, 2, 'two');
"""


@dataclass
class Models:
    """One set of mapped classes.

    ``Widget.size`` is the column ``size_int``; ``kind`` has a default of the server,
    ``made`` one of Python; ``Pair`` has two columns in its primary key.
    """

    Widget: Any
    Pair: Any
    Part: Any
    metadata: MetaData

    @property
    def script(self) -> str:
        """The tables, with a few rows."""
        return create_script(self.metadata) + ROWS


def build(mode: Mode) -> Models:
    """A new set of the classes."""
    return _declarative() if mode == "embedded" else _imperative()


def _declarative() -> Models:
    class Base(DeclarativeBase):
        pass

    class Widget(Base):
        __tablename__ = "widget"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        size: Mapped[int | None] = mapped_column("size_int")
        note: Mapped[str | None]
        kind: Mapped[str] = mapped_column(server_default="plain")
        made: Mapped[int | None] = mapped_column(default=7)

    class Pair(Base):
        __tablename__ = "pair"

        a: Mapped[int] = mapped_column(primary_key=True)
        b: Mapped[int] = mapped_column(primary_key=True)
        value: Mapped[str | None] = mapped_column(String(20))

    class Part(Base):
        __tablename__ = "part"

        id: Mapped[int] = mapped_column(primary_key=True)
        widget_id: Mapped[int | None] = mapped_column(ForeignKey("widget.id"))
        widget: Mapped[Widget | None] = relationship()

    return Models(Widget, Pair, Part, Base.metadata)


def _imperative() -> Models:
    reg = registry()
    widget = Table(
        "widget",
        reg.metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String, nullable=False),
        Column("size_int", Integer),
        Column("note", String),
        Column("kind", String, server_default="plain", nullable=False),
        Column("made", Integer, default=7),
    )
    pair = Table(
        "pair",
        reg.metadata,
        Column("a", Integer, primary_key=True),
        Column("b", Integer, primary_key=True),
        Column("value", String(20)),
    )
    part = Table(
        "part",
        reg.metadata,
        Column("id", Integer, primary_key=True),
        Column("widget_id", ForeignKey("widget.id")),
    )
    Widget = type("Widget", (), {})
    Pair = type("Pair", (), {})
    Part = type("Part", (), {})
    reg.map_imperatively(Widget, widget, properties={"size": widget.c.size_int})
    reg.map_imperatively(Pair, pair)
    reg.map_imperatively(Part, part, properties={"widget": relationship(Widget)})
    return Models(Widget, Pair, Part, reg.metadata)
