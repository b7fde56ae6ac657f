"""The classes of the fault tests, mapped with either ORM, in both modes of state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table

Mode = Literal["embedded", "adopted"]
MODES: tuple[Mode, ...] = ("embedded", "adopted")


@dataclass
class Models:
    """One set of classes: users with addresses, and tags with keys given by hand."""

    registry: Any
    metadata: MetaData
    User: Any
    Address: Any
    Tag: Any


def columns_of(prefix: str) -> dict[str, list[Column[Any]]]:
    """The columns of each table."""
    return {
        "users": [
            Column("id", Integer, primary_key=True),
            Column("name", String(40), nullable=False, unique=True),
            Column("note", String(40)),
        ],
        "addresses": [
            Column("id", Integer, primary_key=True),
            Column("email", String(40)),
            Column("user_id", ForeignKey(f"{prefix}users.id")),
        ],
        "tags": [
            Column("code", String(20), primary_key=True),
            Column("rank", Integer, unique=True),
        ],
    }


def build(orm: Any, mode: Mode, prefix: str = "") -> Models:
    """Map a new set of classes.

    Args:
        orm: ``ormolu`` or ``sqlalchemy.orm``.
    """
    registry = orm.registry()
    tables = {
        name: Table(prefix + name, registry.metadata, *columns)
        for name, columns in columns_of(prefix).items()
    }
    bases: tuple[type, ...] = ()
    if mode == "embedded":
        bases = (
            type(
                "Base",
                (orm.DeclarativeBase,),
                {"registry": registry, "metadata": registry.metadata},
            ),
        )
    made = {}
    for name, table in (("User", "users"), ("Address", "addresses"), ("Tag", "tags")):
        relationships = _relationships(orm, name)
        if mode == "embedded":
            made[name] = type(
                name, bases, {"__table__": tables[table], **relationships}
            )
        else:
            made[name] = type(name, (), {"__init__": _take_values})
            registry.map_imperatively(
                made[name], tables[table], properties=relationships
            )
    registry.configure()
    return Models(registry, registry.metadata, **made)


def _relationships(orm: Any, name: str) -> dict[str, Any]:
    if name == "User":
        return {
            "addresses": orm.relationship(
                "Address", back_populates="user", cascade="all, delete-orphan"
            )
        }
    if name == "Address":
        return {"user": orm.relationship("User", back_populates="addresses")}
    return {}


def _take_values(self: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(self, name, value)
