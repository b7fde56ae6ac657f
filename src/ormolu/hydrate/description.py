"""What a compiled SELECT loads, position by position; the input of load plans."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class LoadRecord:
    """What the objects of one load share: the options that they were loaded with.

    Attributes:
        node: the options below the entity (a path node), or None.
        options: the statement's options that lazy loads repeat.
    """

    __slots__ = ("__weakref__", "node", "options", "path")

    def __init__(self, node: Any, options: tuple[Any, ...] = ()) -> None:
        self.node = node
        self.options = options
        self.path: Any = None

    def __reduce__(self) -> Any:
        return LoadRecord, (self.node, self.options)

    def __deepcopy__(self, memo: dict[int, Any]) -> LoadRecord:
        return self


@dataclass(slots=True)
class JoinedLoad:
    """A relationship whose rows come with the row of its parent."""

    prop: Any
    entity: EntityLoad


@dataclass(slots=True)
class PostLoad:
    """A relationship that a second statement loads for all objects of the first."""

    prop: Any
    strategy: str
    step: Any
    node: Any


@dataclass(slots=True, eq=False)
class EntityLoad:
    """One entity of a row.

    Attributes:
        entity: mapper or alias.
        positions: by column attribute key, the index in the row.
        pk_positions: indexes of the primary key's columns.
        partial: whether the rows lack columns that are not deferred.
    """

    entity: Any
    mapper: Any
    positions: dict[str, int]
    pk_positions: list[int]
    node: Any = None
    joined: list[JoinedLoad] = field(default_factory=list)
    post: list[PostLoad] = field(default_factory=list)
    options: tuple[Any, ...] = ()
    name: str = ""
    path: tuple[Any, ...] = ()
    partial: bool = False


@dataclass(slots=True, eq=False)
class ColumnLoad:
    """One column of a row, given to the user as it is."""

    position: int
    name: str
    keys: tuple[Any, ...] = ()


@dataclass(slots=True, eq=False)
class BundleLoad:
    """Several outputs given to the user as one row of their own."""

    bundle: Any
    parts: list[Any]
    name: str


@dataclass(slots=True, eq=False)
class LoadDescription:
    """All that a statement's rows turn into.

    Attributes:
        outputs: what each element of a result row is.
        plans: kernel plans by what they depend on (processors of the driver).
        needs_unique: whether a joined collection repeats the entity.
        user_options: whether options of the user's own kinds go on to lazy loads;
            they are not part of a cache key, each execution has its own.
        keys: where the primary key of the statement's own entity stands, when it was
            asked for.
    """

    outputs: list[Any]
    column_count: int
    needs_unique: bool = False
    populate_existing: bool = False
    plans: dict[Any, Any] = field(default_factory=dict)
    metadata: Any = None
    user_options: bool = False
    keys: list[int] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [o.name for o in self.outputs]
