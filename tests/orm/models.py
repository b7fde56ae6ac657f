"""The mapped classes that most of the tests share, in both modes of state.

``embedded``: Declarative classes, whose instances hold their state themselves.
``adopted``: plain classes mapped imperatively, whose instances get a companion.
"""

from dataclasses import dataclass, field
from typing import Any, Literal, Optional

from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from ormolu import (
    DeclarativeBase,
    Mapped,
    deferred,
    mapped_column,
    registry,
    relationship,
)

Mode = Literal["embedded", "adopted"]


@dataclass
class Models:
    """One set of mapped classes, with their tables."""

    mode: Mode
    registry: registry
    User: Any
    Address: Any
    Order: Any
    Item: Any
    Person: Any
    Passport: Any
    Node: Any
    Document: Any
    Owner: Any
    Pet: Any
    Membership: Any
    script: str = field(init=False)

    def __post_init__(self) -> None:
        self.script = create_script(self.metadata)

    @property
    def metadata(self) -> MetaData:
        """The tables of all the classes."""
        return self.registry.metadata


def create_script(metadata: MetaData) -> str:
    """The CREATE TABLE statements, for SQLite."""
    dialect = sqlite.dialect()
    return "".join(
        f"{CreateTable(table).compile(dialect=dialect)};"
        for table in metadata.sorted_tables
    )


class ReadableUser:
    """The repr of the tutorial."""

    id: Any
    name: Any
    fullname: Any

    def __repr__(self) -> str:
        return f"User(id={self.id!r}, name={self.name!r}, fullname={self.fullname!r})"


def build(mode: Mode, prefix: str = "") -> Models:
    """Map a new set of classes, to tables whose names start with the prefix."""
    if mode == "embedded":
        return build_embedded(prefix)
    return build_adopted(prefix)


def build_embedded(prefix: str = "") -> Models:
    """Map the classes with Declarative."""

    class Base(DeclarativeBase):
        pass

    class User(ReadableUser, Base):
        __tablename__ = prefix + "user_account"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(30))
        fullname: Mapped[Optional[str]] = mapped_column(String(100))
        addresses: Mapped[list["Address"]] = relationship(back_populates="user")

    class Address(Base):
        __tablename__ = prefix + "address"
        id: Mapped[int] = mapped_column(primary_key=True)
        email_address: Mapped[str] = mapped_column(String(100))
        user_id: Mapped[Optional[int]] = mapped_column(
            ForeignKey(f"{prefix}user_account.id")
        )
        user: Mapped[Optional[User]] = relationship(back_populates="addresses")

    order_item = Table(
        prefix + "order_item",
        Base.metadata,
        Column("order_id", ForeignKey(f"{prefix}orders.id"), primary_key=True),
        Column("item_id", ForeignKey(f"{prefix}item.id"), primary_key=True),
    )

    class Order(Base):
        __tablename__ = prefix + "orders"
        id: Mapped[int] = mapped_column(primary_key=True)
        description: Mapped[Optional[str]] = mapped_column(String(30))
        items: Mapped[list["Item"]] = relationship(
            secondary=order_item, back_populates="orders"
        )

    class Item(Base):
        __tablename__ = prefix + "item"
        id: Mapped[int] = mapped_column(primary_key=True)
        description: Mapped[Optional[str]] = mapped_column(String(30))
        orders: Mapped[list[Order]] = relationship(
            secondary=order_item, back_populates="items"
        )

    class Person(Base):
        __tablename__ = prefix + "person"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(30))
        passport: Mapped[Optional["Passport"]] = relationship(back_populates="person")

    class Passport(Base):
        __tablename__ = prefix + "passport"
        id: Mapped[int] = mapped_column(primary_key=True)
        number: Mapped[str] = mapped_column(String(30))
        person_id: Mapped[Optional[int]] = mapped_column(
            ForeignKey(f"{prefix}person.id")
        )
        person: Mapped[Optional[Person]] = relationship(back_populates="passport")

    class Node(Base):
        __tablename__ = prefix + "node"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(30))
        parent_id: Mapped[Optional[int]] = mapped_column(ForeignKey(f"{prefix}node.id"))
        children: Mapped[list["Node"]] = relationship(back_populates="parent")
        parent: Mapped[Optional["Node"]] = relationship(
            back_populates="children", remote_side=[id]
        )

    class Document(Base):
        __tablename__ = prefix + "document"
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(String(30))
        body: Mapped[Optional[str]] = mapped_column(Text, deferred=True)
        summary: Mapped[Optional[str]] = mapped_column(
            Text, deferred=True, deferred_group="extras"
        )
        notes: Mapped[Optional[str]] = mapped_column(
            Text, deferred=True, deferred_group="extras"
        )

    class Owner(Base):
        __tablename__ = prefix + "owner"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(30))
        pets: Mapped[list["Pet"]] = relationship(
            back_populates="owner", cascade="all, delete-orphan"
        )

    class Pet(Base):
        __tablename__ = prefix + "pet"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(30))
        owner_id: Mapped[int] = mapped_column(ForeignKey(f"{prefix}owner.id"))
        owner: Mapped[Owner] = relationship(back_populates="pets")

    class Membership(Base):
        __tablename__ = prefix + "membership"
        team_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
        member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
        role: Mapped[Optional[str]] = mapped_column(String(30))

    return Models(
        mode="embedded",
        registry=Base.registry,
        User=User,
        Address=Address,
        Order=Order,
        Item=Item,
        Person=Person,
        Passport=Passport,
        Node=Node,
        Document=Document,
        Owner=Owner,
        Pet=Pet,
        Membership=Membership,
    )


def build_adopted(prefix: str = "") -> Models:
    """Map plain classes imperatively, to the same tables."""
    mapper_registry = registry()
    metadata = mapper_registry.metadata

    user_account = Table(
        prefix + "user_account",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String(30), nullable=False),
        Column("fullname", String(100)),
    )
    address = Table(
        prefix + "address",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("email_address", String(100), nullable=False),
        Column("user_id", ForeignKey(f"{prefix}user_account.id")),
    )
    orders = Table(
        prefix + "orders",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("description", String(30)),
    )
    item = Table(
        prefix + "item",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("description", String(30)),
    )
    order_item = Table(
        prefix + "order_item",
        metadata,
        Column("order_id", ForeignKey(f"{prefix}orders.id"), primary_key=True),
        Column("item_id", ForeignKey(f"{prefix}item.id"), primary_key=True),
    )
    person = Table(
        prefix + "person",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String(30), nullable=False),
    )
    passport = Table(
        prefix + "passport",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("number", String(30), nullable=False),
        Column("person_id", ForeignKey(f"{prefix}person.id")),
    )
    node = Table(
        prefix + "node",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String(30), nullable=False),
        Column("parent_id", ForeignKey(f"{prefix}node.id")),
    )
    document = Table(
        prefix + "document",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("title", String(30), nullable=False),
        Column("body", Text),
        Column("summary", Text),
        Column("notes", Text),
    )
    owner = Table(
        prefix + "owner",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String(30), nullable=False),
    )
    pet = Table(
        prefix + "pet",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String(30), nullable=False),
        Column("owner_id", ForeignKey(f"{prefix}owner.id"), nullable=False),
    )
    membership = Table(
        prefix + "membership",
        metadata,
        Column("team_id", Integer, primary_key=True, autoincrement=False),
        Column("member_id", Integer, primary_key=True, autoincrement=False),
        Column("role", String(30)),
    )

    class User(ReadableUser):
        pass

    class Address:
        pass

    class Order:
        pass

    class Item:
        pass

    class Person:
        pass

    class Passport:
        pass

    class Node:
        pass

    class Document:
        pass

    class Owner:
        pass

    class Pet:
        pass

    class Membership:
        pass

    map_imperatively = mapper_registry.map_imperatively
    map_imperatively(
        User,
        user_account,
        properties={"addresses": relationship(Address, back_populates="user")},
    )
    map_imperatively(
        Address,
        address,
        properties={"user": relationship(User, back_populates="addresses")},
    )
    map_imperatively(
        Order,
        orders,
        properties={
            "items": relationship(Item, secondary=order_item, back_populates="orders")
        },
    )
    map_imperatively(
        Item,
        item,
        properties={
            "orders": relationship(Order, secondary=order_item, back_populates="items")
        },
    )
    map_imperatively(
        Person,
        person,
        properties={
            "passport": relationship(Passport, back_populates="person", uselist=False)
        },
    )
    map_imperatively(
        Passport,
        passport,
        properties={"person": relationship(Person, back_populates="passport")},
    )
    map_imperatively(
        Node,
        node,
        properties={
            "children": relationship(Node, back_populates="parent"),
            "parent": relationship(
                Node, back_populates="children", remote_side=[node.c.id]
            ),
        },
    )
    map_imperatively(
        Document,
        document,
        properties={
            "body": deferred(document.c.body),
            "summary": deferred(document.c.summary, group="extras"),
            "notes": deferred(document.c.notes, group="extras"),
        },
    )
    map_imperatively(
        Owner,
        owner,
        properties={
            "pets": relationship(
                Pet, back_populates="owner", cascade="all, delete-orphan"
            )
        },
    )
    map_imperatively(
        Pet, pet, properties={"owner": relationship(Owner, back_populates="pets")}
    )
    map_imperatively(Membership, membership)

    return Models(
        mode="adopted",
        registry=mapper_registry,
        User=User,
        Address=Address,
        Order=Order,
        Item=Item,
        Person=Person,
        Passport=Passport,
        Node=Node,
        Document=Document,
        Owner=Owner,
        Pet=Pet,
        Membership=Membership,
    )


ROWS = """
INSERT INTO user_account (id, name, fullname) VALUES
    (1, 'spongebob', 'Spongebob Squarepants'),
    (2, 'sandy', 'Sandy Cheeks'),
    (3, 'patrick', 'Patrick Star');
INSERT INTO address (id, email_address, user_id) VALUES
    (1, 'spongebob@sqlalchemy.org', 1),
    (2, 'sandy@sqlalchemy.org', 2),
    (3, 'sandy@squirrelpower.org', 2);
INSERT INTO orders (id, description) VALUES (1, 'breakfast'), (2, 'supper');
INSERT INTO item (id, description) VALUES (1, 'egg'), (2, 'toast'), (3, 'soup');
INSERT INTO order_item (order_id, item_id) VALUES (1, 1), (1, 2), (2, 2), (2, 3);
INSERT INTO person (id, name) VALUES (1, 'pearl'), (2, 'plankton');
INSERT INTO passport (id, number, person_id) VALUES (1, 'P-1', 1);
INSERT INTO node (id, name, parent_id) VALUES
    (1, 'root', NULL), (2, 'left', 1), (3, 'right', 1), (4, 'leaf', 2);
INSERT INTO document (id, title, body, summary, notes) VALUES
    (1, 'first', 'a long text', 'short', 'none'), (2, 'second', NULL, NULL, NULL);
INSERT INTO owner (id, name) VALUES (1, 'squidward'), (2, 'larry');
INSERT INTO pet (id, name, owner_id) VALUES (1, 'snellie', 1), (2, 'rocky', 1);
INSERT INTO membership (team_id, member_id, role) VALUES
    (1, 1, 'captain'), (1, 2, 'goalkeeper');
"""
