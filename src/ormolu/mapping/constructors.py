"""The functions with which users declare properties."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy.exc import ArgumentError
from sqlalchemy.sql.base import _NoArg

from .._core.warnings import warn_deprecated
from .composite import Composite
from .properties import ColumnProperty
from .query_expression import QueryExpression
from .relationships import Relationship
from .synonym import Synonym

NO_ARG = _NoArg.NO_ARG


class AttributeOptions(NamedTuple):
    """Arguments that only mapped dataclasses look at."""

    dataclasses_init: Any = NO_ARG
    dataclasses_repr: Any = NO_ARG
    dataclasses_default: Any = NO_ARG
    dataclasses_default_factory: Any = NO_ARG
    dataclasses_compare: Any = NO_ARG
    dataclasses_kw_only: Any = NO_ARG
    dataclasses_hash: Any = NO_ARG
    dataclasses_dataclass_metadata: Any = NO_ARG

    @property
    def given(self) -> bool:
        """Whether any of them was given."""
        return any(value is not NO_ARG for value in self)


def _options(kw: dict[str, Any]) -> AttributeOptions:
    names = {
        "init": "dataclasses_init",
        "repr": "dataclasses_repr",
        "default": "dataclasses_default",
        "default_factory": "dataclasses_default_factory",
        "compare": "dataclasses_compare",
        "kw_only": "dataclasses_kw_only",
        "hash": "dataclasses_hash",
        "dataclass_metadata": "dataclasses_dataclass_metadata",
    }
    return AttributeOptions(
        **{target: kw.pop(name) for name, target in names.items() if name in kw}
    )


def _warn_of_writing(kw: dict[str, Any]) -> None:
    """Warn of arguments that only an attribute which can be set has a use for."""
    for name in ("init", "default", "default_factory", "kw_only"):
        if kw.get(name, NO_ARG) is not NO_ARG:
            warn_deprecated(
                f"The column_property.{name} parameter is deprecated for "
                "column_property().  This parameter applies to a writeable-attribute "
                "in a Declarative Dataclasses configuration only, and "
                "column_property() is treated as a read-only attribute in this "
                "context.",
                "2.0",
            )


def relationship(
    argument: Any = None,
    secondary: Any = None,
    *,
    lazy: Any = "select",
    **kw: Any,
) -> Any:
    """Declare an attribute that refers to objects of another mapped class.

    Takes the arguments of `sqlalchemy.orm.relationship`.
    """
    options = _options(kw)
    if options.dataclasses_default not in (NO_ARG, None):
        raise ArgumentError(
            "Only 'None' is accepted as dataclass default for a relationship()"
        )
    return Relationship(argument, secondary, lazy=lazy, attribute_options=options, **kw)


def column_property(column: Any, *additional_columns: Any, **kw: Any) -> ColumnProperty:
    """Map an attribute to a column or SQL expression.

    Takes the arguments of `sqlalchemy.orm.column_property`.
    """
    _warn_of_writing(kw)
    options = _options(kw)
    return ColumnProperty(column, *additional_columns, attribute_options=options, **kw)


def composite(composite_class: Any = None, *attrs: Any, **kw: Any) -> Composite:
    """Map an attribute to an object that several columns make up.

    Takes the arguments of `sqlalchemy.orm.composite`.
    """
    options = _options(kw)
    return Composite(composite_class, *attrs, attribute_options=options, **kw)


def synonym(name: str, **kw: Any) -> Synonym:
    """Another name of a mapped attribute.

    Takes the arguments of `sqlalchemy.orm.synonym`.
    """
    options = _options(kw)
    return Synonym(name, attribute_options=options, **kw)


def deferred(
    column: Any,
    *additional_columns: Any,
    group: str | None = None,
    raiseload: bool = False,
    **kw: Any,
) -> ColumnProperty:
    """Map a column that is only loaded when it is read."""
    options = _options(kw)
    return ColumnProperty(
        column,
        *additional_columns,
        attribute_options=options,
        group=group,
        deferred=True,
        raiseload=raiseload,
        **kw,
    )


def query_expression(
    default_expr: Any = None,
    *,
    repr: Any = NO_ARG,
    compare: Any = NO_ARG,
    expire_on_flush: bool = True,
    info: dict[Any, Any] | None = None,
    doc: str | None = None,
) -> QueryExpression:
    """Declare an attribute that takes its SQL from ``with_expression()``.

    Args:
        default_expr: the expression of statements that say nothing.
        repr: whether the ``repr()`` of a dataclass shows it.
        compare: whether it counts where objects of a dataclass are compared.
        expire_on_flush: forget the value when the object is flushed.
        info: what the user wants to note.
        doc: the attribute's docstring.
    """
    return QueryExpression(
        default_expr,
        attribute_options=AttributeOptions(
            dataclasses_repr=repr, dataclasses_compare=compare
        ),
        expire_on_flush=expire_on_flush,
        info=info,
        doc=doc,
    )


def backref(name: str, **kwargs: Any) -> tuple[str, dict[str, Any]]:
    """The name and arguments of the relationship that ``backref`` generates."""
    return name, kwargs


def dynamic_loader(argument: Any = None, **kw: Any) -> Any:
    """A relationship with ``lazy="dynamic"``."""
    kw["lazy"] = "dynamic"
    return relationship(argument, **kw)
