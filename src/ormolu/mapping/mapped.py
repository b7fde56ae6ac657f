"""``Mapped``: the typing face of every mapped attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from sqlalchemy.sql import roles
from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.sql.elements import SQLColumnExpression
from sqlalchemy.sql.operators import ColumnOperators

_T = TypeVar("_T", bound=Any)
_T_co = TypeVar("_T_co", bound=Any, covariant=True)


class SQLORMOperations(Generic[_T_co]):
    """Operations of mapped attributes beyond those of Core's expressions."""

    __slots__ = ()


class SQLORMExpression(
    SQLORMOperations[_T_co],
    roles.ExpressionElementRole[_T_co],
    Generic[_T_co],
):
    """An attribute of a mapped class as it stands in a SQL expression."""

    __slots__ = ()


class MappedBase(Generic[_T_co]):
    """Base of the annotations that declare a mapped attribute."""

    __slots__ = ()


class Mapped(
    SQLORMExpression[_T_co],
    roles.TypedColumnsClauseRole[_T_co],
    roles.DDLConstraintColumnRole,
    MappedBase[_T_co],
):
    """Declares, in an annotation, an attribute that the mapper instruments."""

    __slots__ = ()

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: Any) -> Any: ...

        @overload
        def __get__(self, instance: object, owner: Any) -> _T_co: ...

        def __get__(self, instance: object | None, owner: Any) -> Any: ...

        def __set__(self, instance: Any, value: Any) -> None: ...

        def __delete__(self, instance: Any) -> None: ...


class DynamicMapped(MappedBase[_T_co]):
    """Declares a relationship with ``lazy="dynamic"``."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __get__(self, instance: object | None, owner: Any) -> Any: ...

        def __set__(self, instance: Any, value: Any) -> None: ...


class WriteOnlyMapped(MappedBase[_T_co]):
    """Declares a relationship with ``lazy="write_only"``."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __get__(self, instance: object | None, owner: Any) -> Any: ...

        def __set__(self, instance: Any, value: Any) -> None: ...


class ORMDescriptor(Generic[_T_co]):
    """Anything of a mapped class that is an expression there, a value on instances."""

    __slots__ = ()


__all__ = [
    "ColumnOperators",
    "DynamicMapped",
    "ExecutableOption",
    "Mapped",
    "MappedBase",
    "ORMDescriptor",
    "SQLColumnExpression",
    "SQLORMExpression",
    "SQLORMOperations",
    "WriteOnlyMapped",
]
