"""Classes with a collection that is too large to load, in both modes of state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table

from ormolu import DeclarativeBase, backref, registry, relationship
from tests.orm.models import Mode

ACCOUNT_ROWS = """
INSERT INTO account (id, name) VALUES (1, 'ed'), (2, 'jack');
INSERT INTO entry (id, text, account_id) VALUES (1, 'a', 1), (2, 'b', 1), (3, 'c', 2);
INSERT INTO label (id, name) VALUES (1, 'red'), (2, 'blue');
INSERT INTO account_label (account_id, label_id) VALUES (1, 1);
"""


@dataclass
class Large:
    """An account with entries (one to many) and labels (many to many)."""

    Account: Any
    Entry: Any
    Label: Any
    registry: registry

    @property
    def metadata(self) -> MetaData:
        """The tables."""
        return self.registry.metadata


def build_large(mode: Mode, lazy: str, **entries: Any) -> Large:
    """Map new classes.

    Args:
        mode: how instances hold their state.
        lazy: the loading style of ``Account.entries`` and ``Account.labels``.
        entries: further arguments of the relationship ``Account.entries``.
    """
    if mode == "embedded":

        class Base(DeclarativeBase):
            pass

        mapper_registry = Base.registry
    else:
        mapper_registry = registry()
    tables = _tables(mapper_registry.metadata)
    entries.setdefault("backref", backref("account"))
    properties = {
        "entries": relationship("Entry", lazy=lazy, **entries),
        "labels": relationship(
            "Label",
            secondary=tables["account_label"],
            lazy=lazy,
            passive_deletes=entries.get("passive_deletes", False),
        ),
    }
    if mode == "embedded":
        made = _embedded(Base, tables, properties)
    else:
        made = _adopted(mapper_registry, tables, properties)
    return Large(*made, mapper_registry)


def _tables(metadata: MetaData) -> dict[str, Table]:
    def key() -> Column[int]:
        return Column("id", Integer, primary_key=True)

    tables = [
        Table("account", metadata, key(), Column("name", String(30))),
        Table(
            "entry",
            metadata,
            key(),
            Column("text", String(30)),
            Column("account_id", ForeignKey("account.id")),
        ),
        Table("label", metadata, key(), Column("name", String(30))),
        Table(
            "account_label",
            metadata,
            Column("account_id", ForeignKey("account.id"), primary_key=True),
            Column("label_id", ForeignKey("label.id"), primary_key=True),
        ),
    ]
    return {table.name: table for table in tables}


def _embedded(
    base: Any, tables: dict[str, Table], properties: dict[str, Any]
) -> list[Any]:
    return [
        type(name, (base,), {"__table__": tables[name.lower()], **namespace})
        for name, namespace in _classes(properties)
    ]


def _adopted(
    mapper_registry: registry, tables: dict[str, Table], properties: dict[str, Any]
) -> list[Any]:
    made = []
    for name, given in _classes(properties):
        cls = type(name, (), {})
        mapper_registry.map_imperatively(cls, tables[name.lower()], properties=given)
        made.append(cls)
    return made


def _classes(properties: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [("Account", properties), ("Entry", {}), ("Label", {})]
