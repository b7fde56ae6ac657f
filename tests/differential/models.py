"""The classes of `schema`, mapped once for an ORM and a way of mapping."""

import sqlite3
import sys
from types import ModuleType, SimpleNamespace
from typing import Any, Literal

from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    create_engine,
)

from .schema import SCHEMA, bases_of

Mode = Literal["declarative", "imperative"]

# pickle finds the classes here, by a dotted name
PICKLED = "tests_differential_mapped"
HOLDER = sys.modules.setdefault(PICKLED, ModuleType(PICKLED))


def tables(metadata: MetaData) -> dict[str, Table]:
    """The tables by the name of the class, and the one of the association."""

    def table(name: str, *columns: Any) -> Table:
        return Table(name, metadata, *columns)

    def key() -> Column[int]:
        return Column("id", Integer, primary_key=True)

    return {
        "Author": table(
            "author",
            key(),
            Column("name", String, nullable=False),
            Column("note", String, server_default="none"),
            Column("rank", Integer, default=3),
        ),
        "Book": table(
            "book",
            key(),
            Column("title", String),
            Column("year", Integer),
            Column("body", String),
            Column("author_id", ForeignKey("author.id")),
            Column("country_code", ForeignKey("country.code", onupdate="CASCADE")),
        ),
        "Tag": table("tag", key(), Column("name", String, unique=True)),
        "book_tag": table(
            "book_tag",
            Column("book_id", ForeignKey("book.id"), primary_key=True),
            Column("tag_id", ForeignKey("tag.id"), primary_key=True),
        ),
        "Profile": table(
            "profile",
            key(),
            Column("bio", String, server_default="empty"),
            Column("author_id", ForeignKey("author.id")),
        ),
        "Badge": table(
            "badge",
            key(),
            Column("label", String),
            Column("author_id", ForeignKey("author.id")),
        ),
        "Loan": table(
            "loan",
            Column("author_id", ForeignKey("author.id"), primary_key=True),
            Column("tag_id", ForeignKey("tag.id"), primary_key=True),
            Column("role", String),
        ),
        "Node": table(
            "node",
            key(),
            Column("name", String),
            Column("parent_id", ForeignKey("node.id")),
        ),
        "Country": table(
            "country",
            Column("code", String, primary_key=True),
            Column("name", String),
        ),
        "City": table(
            "city",
            key(),
            Column("name", String),
            Column("country_code", ForeignKey("country.code", onupdate="CASCADE")),
        ),
        "River": table(
            "river",
            key(),
            Column("name", String),
            Column("country_code", ForeignKey("country.code", onupdate="CASCADE")),
        ),
        "Folder": table("folder", key(), Column("name", String)),
        "File": table(
            "file",
            key(),
            Column("name", String),
            Column("folder_id", ForeignKey("folder.id", ondelete="CASCADE")),
        ),
        "Item": table(
            "item",
            key(),
            Column("code", String, nullable=False),
            Column("quantity", Integer, server_default="7"),
            Column("price", Integer, default=5),
            Column("stamp", String, onupdate="new"),
            UniqueConstraint("code"),
        ),
        "Drawing": table("drawing", key(), Column("name", String)),
        "Shape": table(
            "shape",
            key(),
            Column("kind", String, nullable=False),
            Column("name", String),
            Column("drawing_id", ForeignKey("drawing.id")),
            Column("side", Integer, default=4),
        ),
        "Circle": table(
            "circle",
            Column("id", ForeignKey("shape.id"), primary_key=True),
            Column("radius", Integer, server_default="1"),
        ),
        "Ring": table(
            "ring",
            Column("id", ForeignKey("circle.id"), primary_key=True),
            Column("width", Integer),
        ),
    }


def properties(orm: Any, of: Any, table: dict[str, Table]) -> dict[str, dict[str, Any]]:
    """What is mapped beside the plain columns, by class.

    Args:
        of: the classes, once they are there.
    """
    related = orm.relationship
    return {
        "Author": {
            "books": related(
                lambda: of.Book,
                cascade="all, delete-orphan",
                backref="author",
                order_by=table["Book"].c.title,
            ),
            "profile": related(
                lambda: of.Profile,
                uselist=False,
                cascade="all",
                back_populates="author",
            ),
            "badges": related(
                lambda: of.Badge, collection_class=set, back_populates="author"
            ),
            "loans": related(
                lambda: of.Loan, cascade="all, delete-orphan", back_populates="author"
            ),
        },
        "Book": {
            "body": orm.deferred(table["Book"].c.body),
            "tags": related(
                lambda: of.Tag, secondary=table["book_tag"], back_populates="books"
            ),
            "country": related(lambda: of.Country),
        },
        "Tag": {
            "books": related(
                lambda: of.Book, secondary=table["book_tag"], back_populates="tags"
            )
        },
        "Profile": {"author": related(lambda: of.Author, back_populates="profile")},
        "Badge": {"author": related(lambda: of.Author, back_populates="badges")},
        "Loan": {
            "author": related(lambda: of.Author, back_populates="loans"),
            "tag": related(lambda: of.Tag),
        },
        "Node": {
            "children": related(
                lambda: of.Node,
                cascade="all",
                back_populates="parent",
                order_by=table["Node"].c.id,
            ),
            "parent": related(
                lambda: of.Node,
                back_populates="children",
                remote_side=table["Node"].c.id,
            ),
        },
        "Country": {
            "cities": related(
                lambda: of.City, passive_updates=False, back_populates="country"
            ),
            "rivers": related(lambda: of.River, order_by=table["River"].c.name),
        },
        "City": {"country": related(lambda: of.Country, back_populates="cities")},
        "River": {},
        "Folder": {
            "files": related(
                lambda: of.File,
                cascade="all, delete-orphan",
                passive_deletes=True,
                back_populates="folder",
            )
        },
        "File": {"folder": related(lambda: of.Folder, back_populates="files")},
        "Item": {},
        "Drawing": {
            "shapes": related(
                lambda: of.Shape,
                cascade="all, delete-orphan",
                back_populates="drawing",
                order_by=table["Shape"].c.id,
            )
        },
        "Shape": {"drawing": related(lambda: of.Drawing, back_populates="shapes")},
        "Circle": {},
        "Ring": {},
        "Square": {"side": table["Shape"].c.side},
    }


def mapper_options(name: str, table: dict[str, Table]) -> dict[str, Any]:
    """What the mapper of a class in a hierarchy is told."""
    if "Shape" not in bases_of(name):
        return {}
    options: dict[str, Any] = {"polymorphic_identity": name.lower()}
    if name == "Shape":
        options["polymorphic_on"] = table[name].c.kind
        options["exclude_properties"] = ["side"]
    return options


class Models:
    """The mapped classes of one ORM.

    Args:
        orm: ``ormolu`` or ``sqlalchemy.orm``.
        mode: how the classes are mapped.
        number: tells apart what is mapped several times.
    """

    def __init__(self, orm: Any, mode: Mode, number: int = 0) -> None:
        self.orm = orm
        self.mode = mode
        registry = orm.registry()
        self.table = tables(registry.metadata)
        self.metadata = registry.metadata
        self.classes = SimpleNamespace()
        mapped = properties(orm, self.classes, self.table)
        base = registry.generate_base() if mode == "declarative" else object
        holder = f"{orm.__name__.replace('.', '_')}_{mode}_{number}"
        setattr(HOLDER, holder, self.classes)
        for name, props in mapped.items():
            place = {"__module__": PICKLED, "__qualname__": f"{holder}.{name}"}
            own, options = self.table.get(name), mapper_options(name, self.table)
            above = SCHEMA[name].base
            if mode == "declarative":
                bases = (base if above is None else self[above],)
                namespace = {**props, **place, "__mapper_args__": options}
                if own is not None:
                    namespace["__table__"] = own
                cls = type(base)(name, bases, namespace)
            else:
                bases = (object if above is None else self[above],)
                cls = type(name, bases, {**place, "__init__": keywords})
                if above is not None:
                    options["inherits"] = self[above]
                registry.map_imperatively(cls, own, properties=props, **options)
            setattr(self.classes, name, cls)
        registry.configure()

    def __getitem__(self, name: str) -> Any:
        return getattr(self.classes, name)


def keywords(self: Any, **values: Any) -> None:
    """The constructor of the plain classes."""
    for name, value in values.items():
        setattr(self, name, value)


ROWS = """
INSERT INTO author (id, name, note, rank) VALUES (1, 'ann', 'x', 1), (2, 'bob', NULL, 2);
INSERT INTO country (code, name) VALUES ('at', 'ann'), ('be', 'bob');
INSERT INTO book (id, title, year, body, author_id, country_code) VALUES
    (1, 'cid', 1, 'long', 1, 'at'), (2, 'bob', 2, NULL, 1, NULL), (3, 'ann', 7, NULL, 2, 'be');
INSERT INTO tag (id, name) VALUES (1, 'ann'), (2, 'bob');
INSERT INTO book_tag (book_id, tag_id) VALUES (1, 1), (1, 2), (2, 2);
INSERT INTO profile (id, bio, author_id) VALUES (1, 'ann', 1), (2, 'bob', NULL);
INSERT INTO badge (id, label, author_id) VALUES (1, 'ann', 1), (2, 'bob', 1), (3, 'cid', NULL);
INSERT INTO loan (author_id, tag_id, role) VALUES (1, 1, 'ann'), (1, 2, 'bob');
INSERT INTO node (id, name, parent_id) VALUES (1, 'ann', NULL), (2, 'bob', 1), (3, 'cid', 1), (4, 'dot', 2);
INSERT INTO city (id, name, country_code) VALUES (1, 'ann', 'at'), (2, 'bob', 'at'), (3, 'cid', NULL);
INSERT INTO river (id, name, country_code) VALUES (1, 'ann', 'at'), (2, 'bob', 'be');
INSERT INTO folder (id, name) VALUES (1, 'ann'), (2, 'bob');
INSERT INTO file (id, name, folder_id) VALUES (1, 'ann', 1), (2, 'bob', 1), (3, 'cid', 2);
INSERT INTO item (id, code, quantity, price, stamp) VALUES (1, 'ann', 1, 1, 'old'), (2, 'bob', NULL, NULL, NULL);
INSERT INTO drawing (id, name) VALUES (1, 'ann'), (2, 'bob');
INSERT INTO shape (id, kind, name, drawing_id, side) VALUES
    (1, 'ring', 'ann', 1, NULL), (2, 'circle', 'bob', 1, NULL), (3, 'square', 'cid', 2, 3), (4, 'shape', 'dot', NULL, NULL);
INSERT INTO circle (id, radius) VALUES (1, 2), (2, 7);
INSERT INTO ring (id, width) VALUES (1, 1);
"""


def template() -> sqlite3.Connection:
    """A database with the tables and the rows that every program starts from."""
    connection = sqlite3.connect(":memory:")
    metadata = MetaData()
    tables(metadata)
    engine = create_engine("sqlite://", creator=lambda: connection)
    metadata.create_all(engine)
    connection.executescript(ROWS)
    connection.commit()
    return connection
