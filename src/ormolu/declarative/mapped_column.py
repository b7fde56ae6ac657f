"""``mapped_column()``: a column together with what its annotation says of it."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import Column
from sqlalchemy.exc import ArgumentError
from sqlalchemy.sql.operators import ColumnOperators

from .._core.declarative import (
    NO_ARG,
    NULL_UNSPECIFIED,
    collect_pending_foreign_keys,
    copy_column,
    is_null_type,
    sentinel_default,
    set_creation_order,
    user_defined_nullable,
)
from ..mapping.mapped import Mapped
from ..mapping.properties import ColumnProperty
from .annotated_column import apply_annotation
from .attribute_options import DEFAULT_OPTIONS, AttributeOptions, options_of
from .defaulted_column import DefaultedColumn, is_shown
from .plan import Attribute

_T = TypeVar("_T", bound=Any)


class MappedColumn(Mapped[_T], ColumnOperators):
    """A column of a declarative class, its type yet to be taken from an annotation.

    Made by ``mapped_column()``.  It can stand in expressions of the class body.
    """

    mapped = True

    def __init__(self, *arg: Any, **kw: Any) -> None:
        self._attribute_options = kw.pop("attribute_options", None) or DEFAULT_OPTIONS
        self._use_existing_column: bool = kw.pop("use_existing_column", False)
        self._has_dataclass_arguments = self._attribute_options != DEFAULT_OPTIONS
        insert_default = kw.pop("insert_default", NO_ARG)
        default = options_of(self).dataclasses_default
        self._has_insert_default = insert_default is not NO_ARG
        if self._has_insert_default:
            kw["default"] = insert_default
        elif default is not NO_ARG:
            kw["default"] = default
        self.deferred_group: str | None = kw.pop("deferred_group", None)
        self.deferred_raiseload: bool | None = kw.pop("deferred_raiseload", None)
        self.deferred: Any = kw.pop("deferred", NO_ARG)
        self.active_history: bool = kw.pop("active_history", False)
        self._sort_order: Any = kw.pop("sort_order", NO_ARG)
        self._has_nullable = kw.get("nullable") not in (None, NULL_UNSPECIFIED)
        self.column: Column[_T] = Column(*arg, **kw)
        self.foreign_keys = self.column.foreign_keys
        set_creation_order(self)

    @classmethod
    def around(cls, column: Column[Any]) -> MappedColumn[Any]:
        """The construct for a column that exists."""
        new = cls()
        new.column = column
        new.foreign_keys = column.foreign_keys
        new._has_nullable = user_defined_nullable(column) is not NULL_UNSPECIFIED
        new._has_insert_default = column.default is not None
        return new

    # -- what it becomes -------------------------------------------------

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def info(self) -> Any:
        return self.column.info

    @property
    def _effective_deferred(self) -> bool:
        if self.deferred is NO_ARG:
            return bool(self.deferred_group or self.deferred_raiseload)
        return bool(self.deferred)

    @property
    def _has_default(self) -> bool:
        """Whether the dataclass field has a default of any kind."""
        return self._is_dataclass and options_of(self).dataclasses_default is not NO_ARG

    @property
    def _has_default_value(self) -> bool:
        """Whether instances show a dataclass default while nothing is set."""
        return self._has_default and is_shown(options_of(self).dataclasses_default)

    _is_dataclass = False
    _shares_column = False

    @property
    def mapper_property_to_assign(self) -> ColumnProperty | None:
        """The property, when it has to be more than the plain column."""
        deferred = self._effective_deferred
        if not (deferred or self.active_history or self._has_default):
            return None
        arguments: dict[str, Any] = {
            "deferred": deferred,
            "group": self.deferred_group,
            "raiseload": bool(self.deferred_raiseload),
            "active_history": self.active_history,
            "attribute_options": self._attribute_options,
        }
        if self._has_default_value:
            default = options_of(self).dataclasses_default
            made = DefaultedColumn(default, self.column, **arguments)
            if self._shares_column:
                made.own_insert_default = default
            return made
        return ColumnProperty(self.column, **arguments)

    @property
    def columns_to_assign(self) -> list[tuple[Column[_T], int]]:
        """The columns for the table, each with its sort order."""
        order = 0 if self._sort_order is NO_ARG else self._sort_order
        return [(self.column, order)]

    # -- in expressions --------------------------------------------------

    def __clause_element__(self) -> Column[_T]:
        return self.column

    def operate(self, op: Any, *other: Any, **kw: Any) -> Any:
        return op(self.column, *other, **kw)

    def reverse_operate(self, op: Any, other: Any, **kw: Any) -> Any:
        return op(other, self.column, **kw)

    __hash__ = object.__hash__

    # -- copies ----------------------------------------------------------

    def _copy(self, **kw: Any) -> MappedColumn[_T]:
        return self._copy_as(type(self), **kw)

    def _copy_as(self, cls: type[MappedColumn[Any]], **kw: Any) -> MappedColumn[_T]:
        new = cls.__new__(cls)
        new.__dict__.update(self.__dict__)
        new.column = copy_column(self.column, **kw)
        new.foreign_keys = new.column.foreign_keys
        set_creation_order(new)
        return new

    def check_foreign_keys(self) -> bool:
        """Whether a copy of the column has foreign keys that work."""
        return not any(collect_pending_foreign_keys(self.column))

    def found_in_pep593_annotated(self) -> MappedColumn[Any]:
        """What an attribute gets that has the construct in ``Annotated`` alone."""
        return type(self)()

    # -- the scan --------------------------------------------------------

    def declarative_scan(self, attribute: Attribute) -> None:
        """Complete the column from the annotation of its attribute."""
        column = self.column
        if self._use_existing_column:
            column = self._take_existing(attribute)
        if attribute.annotation is not None:
            self._take_annotation(attribute)
        elif is_null_type(column.type) and not column.foreign_keys:
            raise attribute.annotation_required(type(self).__name__)
        name_column(self.column, attribute.key)

    def _take_annotation(self, attribute: Attribute) -> None:
        if attribute.annotation is None or attribute.annotation.inner is None:
            return
        had_existing = self._use_existing_column
        apply_annotation(self, attribute)
        if self._use_existing_column and not had_existing:
            name_column(self.column, attribute.key)
            self._take_existing(attribute)

    def _take_existing(self, attribute: Attribute) -> Column[_T]:
        """The column that the parent's table has of this name, if it has one."""
        own: Any = self.column
        self.column = attribute.existing_column(own)
        self._shares_column = self.column is not own
        return self.column

    def __repr__(self) -> str:
        return object.__repr__(self)


class UnmappedColumn(MappedColumn[_T]):
    """A column that the table has and the mapper does not."""

    mapped = False

    def declarative_scan(self, attribute: Attribute) -> None:
        super().declarative_scan(attribute)
        self.refuse_mapped_arguments(attribute)

    def refuse_mapped_arguments(self, attribute: Attribute) -> None:
        """Raise for arguments that only a mapped attribute can use."""
        given = {
            "deferred": self.deferred not in (NO_ARG, False),
            "deferred_group": self.deferred_group is not None,
            "deferred_raiseload": self.deferred_raiseload is not None,
            "active_history": self.active_history,
        }
        names = ", ".join(repr(name) for name, there in given.items() if there)
        if names:
            raise ArgumentError(
                f'Attribute "{attribute}" is not mapped, and does not accept the '
                f"argument(s) {names}"
            )

    @property
    def mapper_property_to_assign(self) -> ColumnProperty | None:
        return None


def is_free(column: Any) -> bool:
    """Whether a column belongs to no table yet."""
    return getattr(column, "table", None) is None


def name_column(column: Column[Any], key: str) -> None:
    """Give a column without name or key those of its attribute."""
    column.key = column.key or key
    column.name = column.name or key


def _dataclass_options(
    init: Any,
    repr: Any,
    default: Any,
    default_factory: Any,
    compare: Any,
    kw_only: Any,
    hash: Any,
    metadata: Any,
) -> AttributeOptions:
    return AttributeOptions(
        init, repr, default, default_factory, compare, kw_only, hash, metadata
    )


def mapped_column(
    __name_pos: Any = None,
    __type_pos: Any = None,
    /,
    *args: Any,
    init: Any = NO_ARG,
    repr: Any = NO_ARG,
    default: Any = NO_ARG,
    default_factory: Any = NO_ARG,
    compare: Any = NO_ARG,
    kw_only: Any = NO_ARG,
    hash: Any = NO_ARG,
    nullable: Any = NULL_UNSPECIFIED,
    primary_key: bool | None = False,
    deferred: Any = NO_ARG,
    deferred_group: str | None = None,
    deferred_raiseload: bool | None = None,
    use_existing_column: bool = False,
    name: str | None = None,
    type_: Any = None,
    autoincrement: Any = "auto",
    doc: str | None = None,
    key: str | None = None,
    index: bool | None = None,
    unique: bool | None = None,
    info: Any = None,
    onupdate: Any = None,
    insert_default: Any = NO_ARG,
    server_default: Any = None,
    server_onupdate: Any = None,
    active_history: bool = False,
    quote: bool | None = None,
    system: bool = False,
    comment: str | None = None,
    sort_order: Any = NO_ARG,
    dataclass_metadata: Any = NO_ARG,
    **kw: Any,
) -> MappedColumn[Any]:
    """Declare a mapped column of a declarative class.

    Takes the arguments of `sqlalchemy.Column`, and those of a dataclass field.
    What isn't given comes from the ``Mapped[]`` annotation: the type from the
    registry's type map, ``nullable`` from ``Optional``.

    Args:
        insert_default: the default of the column, where ``default`` is that of
            the dataclass field.
        deferred: load the column only when it is accessed, alone or with others
            of ``deferred_group``; ``deferred_raiseload`` forbids even that.
        use_existing_column: in single table inheritance, use the column of this
            name if the table has it already.
        sort_order: position among the columns of the table; columns of one order
            keep theirs.
        active_history: load the old value when the attribute is set.

    Returns:
        A construct that Declarative replaces by the mapped attribute.
    """
    options = _dataclass_options(
        init,
        repr,
        default,
        default_factory,
        compare,
        kw_only,
        hash,
        dataclass_metadata,
    )
    if default is not NO_ARG and insert_default is not NO_ARG:
        raise ArgumentError(
            "The 'default' and 'insert_default' parameters of Column are mutually "
            "exclusive"
        )
    return MappedColumn(
        __name_pos,
        __type_pos,
        *args,
        name=name,
        type_=type_,
        autoincrement=autoincrement,
        insert_default=insert_default,
        attribute_options=options,
        doc=doc,
        key=key,
        index=index,
        unique=unique,
        info=info,
        active_history=active_history,
        nullable=nullable,
        onupdate=onupdate,
        primary_key=primary_key,
        server_default=server_default,
        server_onupdate=server_onupdate,
        use_existing_column=use_existing_column,
        quote=quote,
        comment=comment,
        system=system,
        deferred=deferred,
        deferred_group=deferred_group,
        deferred_raiseload=deferred_raiseload,
        sort_order=sort_order,
        **kw,
    )


def unmapped_column(
    __name_pos: Any = None,
    __type_pos: Any = None,
    /,
    *args: Any,
    init: bool = False,
    default: Any = NO_ARG,
    insert_default: Any = NO_ARG,
    **kw: Any,
) -> UnmappedColumn[Any]:
    """Declare a column that is part of the table and not of the mapping.

    Takes the arguments of `sqlalchemy.Column`, with ``use_existing_column`` and
    ``sort_order`` of `mapped_column`; goes with the ``Unmapped[]`` annotation.
    """
    if default is not NO_ARG:
        insert_default = default
    kw.setdefault("nullable", NULL_UNSPECIFIED)
    return UnmappedColumn(
        __name_pos, __type_pos, *args, insert_default=insert_default, **kw
    )


def orm_insert_sentinel(
    name: str | None = None,
    type_: Any = None,
    *,
    default: Any = None,
    omit_from_statements: bool = True,
) -> MappedColumn[Any]:
    """Declare the column that matches the rows of RETURNING to those inserted.

    It is a column of the table and no attribute of instances, unless its name is not
    that of the attribute or ``omit_from_statements`` is False.

    Args:
        default: what fills it; by default the position in the batch.
        omit_from_statements: leave it out of every statement that does not sort rows.
    """
    return mapped_column(
        name,
        type_=type_,
        default=sentinel_default() if default is None else default,
        nullable=True,
        use_existing_column=True,
        insert_sentinel=True,
        _omit_from_statements=omit_from_statements,
    )
