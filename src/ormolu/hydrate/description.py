"""What a compiled SELECT loads, position by position; the input of load plans."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary


def repeated_options(options: Iterable[Any]) -> tuple[Any, ...]:
    """The options of a statement that the loads of its objects repeat."""
    return tuple(o for o in options if getattr(o, "propagate_to_loaders", False))


def inherited_options(options: Iterable[Any]) -> tuple[Any, ...]:
    """Those of them, where any has values that plans don't know; else none."""
    repeated = repeated_options(options)
    return repeated if any(not is_loader_option(o) for o in repeated) else ()


def is_loader_option(option: Any) -> bool:
    """Whether an option says how to load, which plans and cache keys know."""
    return getattr(option, "_is_loader_option", False) is True


def is_criteria_option(option: Any) -> bool:
    """Whether an option adds criteria to statements (``with_loader_criteria()``)."""
    return getattr(option, "_is_criteria_option", False) is True


def with_criteria(statement: Any, options: Iterable[Any]) -> Any:
    """A statement of a loader, with the criteria options among some others."""
    criteria = [o for o in options if is_criteria_option(o)]
    return statement.options(*criteria) if criteria else statement


NOTHING: frozenset[str] = frozenset()


class LoadRecord:
    """What the objects of one load share: the options that they were loaded with.

    Attributes:
        node: the options below the entity (a path node), or None.
        options: the statement's options that lazy loads repeat.
        inherited: those options where some are the user's own, whose values a plan
            must not keep from one statement for the next; empty otherwise.
        loads: what later loads of the objects share on account of those.
        own: the record of the objects' own load, None where that had no options; this
            one, unless later loads that met the objects have added to it.
        statement: tells the records of a statement from those of others.
        is_root: whether the statement selects the objects themselves.
        via: the relationships that the load came along to the objects.
        leaves_columns: whether a column that an object lacks may be one that the load
            has left for later.
        partial: whether its rows lacked columns that no option has left for later.
        missing: attributes of the class that the rows, those of a base class, lacked;
            where an object has no value for them they are expired.
        only_lacks: whether there is nothing else to tell.
    """

    __slots__ = (
        "__weakref__",
        "_instead",
        "_over",
        "inherited",
        "is_root",
        "leaves_columns",
        "loads",
        "missing",
        "node",
        "only_lacks",
        "options",
        "own",
        "partial",
        "statement",
        "via",
    )

    def __init__(
        self,
        node: Any,
        options: tuple[Any, ...] = (),
        statement: Any = None,
        is_root: bool = False,
        via: tuple[Any, ...] = (),
    ) -> None:
        self.node = node
        self.via = via
        self.options = options
        self.own: LoadRecord | None = self
        self.statement = statement
        self.is_root = is_root
        self.leaves_columns = True
        self.partial = False
        self.missing: frozenset[str] = NOTHING
        self.only_lacks = False
        # what this record becomes, by the records of loads that meet its objects; the
        # memo is on this side because what is in it may refer to this one
        self._instead: Memo | None = None
        self.inherited = inherited_options(options)
        self.loads: dict[Any, Any] | None = None
        self._over: Memo | None = None

    def over(self, old: LoadRecord | None) -> LoadRecord | None:
        """The record of an object that this load met, and filled where it lacked.

        What the options say of its later loads holds from now on; a refresh goes on
        as the object's own load asked.  One that the same statement has made for the
        sake of another is from now on as if it had been selected first.
        """
        if self.is_root and old is not None and old.statement is self.statement:
            return self
        node = None if self.node is None else self.node.later_loads()
        missing = self.missing if old is None else self.missing | old.missing
        if node is None and (not missing or (old and missing == old.missing)):
            return old
        memo = _memo_of(self if old is None else old, "_over")
        found = memo.get(self)
        if found is None:
            found = _laid_over(node, old)
            found.missing = missing
            memo[self] = _memo_of(found, "_over")[self] = found
        return found

    def in_place_of(self, old: LoadRecord | None) -> LoadRecord:
        """The record of an object that this load has loaded anew."""
        if old is None or not self.only_lacks:
            return self
        memo = _memo_of(old, "_instead")
        found = memo.get(self)
        if found is None:
            found = memo[self] = _laid_over(None, old)
            found.missing = self.missing
        return found

    def of_made_transient(self) -> LoadRecord:
        """The record of an object that has lost its row, and may be given another.

        A refresh and lazy loads go on as the load asked, but what it left out is gone.
        """
        found = LoadRecord(self.node, self.options)
        found.own = self.own
        found.leaves_columns = False
        return found

    def __reduce__(self) -> Any:
        own = self.own is self or self.own
        left = (self.leaves_columns, self.partial, self.missing)
        return _restored_record, (self.node, self.options, own, *left)

    def __deepcopy__(self, memo: dict[int, Any]) -> LoadRecord:
        return self


Memo = WeakKeyDictionary[LoadRecord, LoadRecord]


def _memo_of(record: LoadRecord, name: str) -> Memo:
    memo: Memo | None = getattr(record, name)
    if memo is None:
        memo = WeakKeyDictionary()
        setattr(record, name, memo)
    return memo


def _laid_over(node: Any, old: LoadRecord | None) -> LoadRecord:
    """A record with more options for later loads."""
    if old is None:
        found = LoadRecord(node, ())
        found.own = None
        return found
    merged = old.node
    if node is not None:
        merged = node if merged is None else merged.overlaid(node)
    found = LoadRecord(merged, old.options)
    found.own = old.own
    found.leaves_columns = old.leaves_columns
    found.partial = old.partial
    return found


def _restored_record(
    node: Any,
    options: tuple[Any, ...],
    own: LoadRecord | bool | None,
    leaves_columns: bool = True,
    partial: bool = False,
    missing: frozenset[str] = frozenset(),
) -> LoadRecord:
    found = LoadRecord(node, options)
    found.leaves_columns = leaves_columns
    found.partial = partial
    found.missing = missing
    if own is not True:
        found.own = own or None
    return found


def node_of_own_load(origin: Any) -> Any:
    """The options that a refresh goes by: those of an object's own load."""
    own = None if origin is None else origin.own
    return None if own is None else own.node


def has_passed(origin: Any, mapper: Any) -> bool:
    """Whether an object's own load came from an object of some mapper's hierarchy."""
    own = None if origin is None else origin.own
    via = () if own is None else own.via
    return any(prop.parent.base_mapper is mapper.base_mapper for prop in via)


def merged_record(
    given: LoadRecord | None, target: LoadRecord | None
) -> LoadRecord | None:
    """The record of an object that the state of another one is merged into.

    A refresh goes on as the given object's load asked; what the target's own load has
    left for later still is.
    """
    if target is None:
        # what the given object lacks is no matter of a new one
        return _laid_over(None, given) if given and given.missing else given
    later = None if target.node is None else target.node.later_loads()
    if given is not None and given.node is not None:
        later = given.node if later is None else later.overlaid(given.node)
    found = LoadRecord(later, () if given is None else given.options)
    found.own = None if given is None else given.own
    found.partial = target.partial or (given is not None and given.partial)
    found.missing = target.missing
    return found


@dataclass(slots=True)
class JoinedLoad:
    """A relationship whose rows come with the row of its parent."""

    prop: Any
    entity: EntityLoad


@dataclass(slots=True)
class PostLoad:
    """A relationship that a second statement loads for all objects of the first.

    Attributes:
        prepared: what its loader keeps for the next execution of the plan.
    """

    prop: Any
    strategy: str
    step: Any
    node: Any
    prepared: Any = None


@dataclass(slots=True, eq=False)
class SubclassLoad:
    """A second statement that loads the attributes of some descendants.

    Attributes:
        entity: what it selects.
        classes: the mappers of the objects that it is for.
        keys: the attributes.
        node: the options of the objects.
        prepared: what its loader keeps for the next execution of the plan.
    """

    entity: Any
    classes: frozenset[Any]
    keys: frozenset[str]
    node: Any = None
    prepared: Any = None


@dataclass(slots=True, eq=False)
class EntityLoad:
    """One entity of a row.

    Attributes:
        entity: mapper or alias.
        positions: by column attribute key, the index in the row.
        pk_positions: indexes of the primary key's columns.
        partial: whether the rows lack columns that are not deferred.
        root: which element of the statement it was selected or joined from.
        chain: the relationships that lead to it from there.
        found: by property and by mapped column, the index in the row.
        missing: attributes that the rows lack, as they are those of a base class.
        switch: the classes that a row may be of; None for this one alone.
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
    root: int = 0
    chain: tuple[Any, ...] = ()
    found: dict[Any, int] = field(default_factory=dict)
    missing: frozenset[str] = NOTHING
    switch: PolymorphicSwitch | None = None


@dataclass(slots=True, eq=False)
class PolymorphicSwitch:
    """Tells by the discriminator in a row which class its object has.

    Attributes:
        position: where the discriminator stands.
        loads: by mapper, what the rows of a descendant's objects hold.
        later: what second statements load of them.
    """

    position: int
    loads: dict[Any, EntityLoad]
    later: list[SubclassLoad] = field(default_factory=list)


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
        keys: where the primary key of the statement's own entity stands, when it was
            asked for.
        asked: the elements of the statement that it was made from, one an output.
        metadata: the keys of the rows, once there are any.
        fleeting: (place among the outputs, index in the row, element) of those asked
            elements that another statement with the description has not.
    """

    outputs: list[Any]
    column_count: int
    needs_unique: bool = False
    populate_existing: bool = False
    plans: dict[Any, Any] = field(default_factory=dict)
    metadata: Any = None
    keys: list[int] = field(default_factory=list)
    asked: tuple[Any, ...] = ()
    fleeting: tuple[tuple[int, int, Any], ...] = ()

    @property
    def names(self) -> list[str]:
        return [o.name for o in self.outputs]
