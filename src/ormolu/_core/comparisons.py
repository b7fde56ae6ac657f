"""Comparisons of a column with plain values, copied from those that Core made.

``User.id == 5`` takes Core a dozen calls, whose outcome depends on the column, the
operator and the class of the value alone.  So one made by Core is kept, and the next is
a copy of it with another value.  The same goes for ``User.id.in_([5, 6])``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.sql.elements import (
    BinaryExpression,
    BindParameter,
    ColumnElement,
    _anonymous_label,
)
from sqlalchemy.sql.operators import in_op, not_in_op
from sqlalchemy.sql.type_api import TypeEngine, _resolve_value_to_type

OPERATORS = frozenset(
    (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge)
)

MEMBERSHIP = frozenset((in_op, not_in_op))
"""Operators that compare with a list of values."""

VALUES = frozenset((int, str, float, Decimal, date, datetime, time, UUID))
"""Classes of values; True, False and None are compared in ways of their own."""

_new_label: Callable[..., Any] = str.__new__


class Comparison:
    """What makes comparisons of one column by one operator.

    Args:
        made: one that Core made.
    """

    __slots__ = ("_bind", "_body", "_fields", "_left_hash")

    def __init__(self, made: Any) -> None:
        self._fields = dict(made.__dict__)
        self._bind = {n: v for n, v in made.right.__dict__.items() if n in _BIND_FIELDS}
        self._body = self._bind["_anon_map_key"].partition(" ")[2]
        self._left_hash = made._orig[0]

    def with_value(self, value: Any) -> ColumnElement[bool]:
        """The comparison with a value; 1.1 us where Core takes 7."""
        bind: Any = object.__new__(BindParameter)
        name = f"{id(bind)} {self._body}"
        label = _new_label(_anonymous_label, f"%({name})s")
        label.quote = None
        bind.__dict__ = fields = self._bind.copy()
        fields["key"] = fields["_identifying_key"] = label
        fields["_anon_map_key"] = name
        fields["value"] = value
        made: BinaryExpression[bool] = object.__new__(BinaryExpression)
        made.__dict__ = fields = self._fields.copy()
        fields["right"] = bind
        fields["_orig"] = (self._left_hash, hash(bind))
        fields["modifiers"] = {}
        return made


def class_of_values(values: Any) -> Any:
    """The class of all values of a list, if it is one of `VALUES`; else None."""
    classes = set(map(type, values))
    if len(classes) != 1 or not classes <= VALUES:
        return None
    return classes.pop()


def comparison_like(made: Any, value: Any) -> Comparison | None:
    """What repeats a comparison, None when its value may have decided about its form.

    Args:
        made: what Core made of a column, an operator and the value.
        value: a plain value, or a list of them.
    """
    if type(made) is not BinaryExpression or made.modifiers:
        return None
    left, bind = made.left, made.right
    if type(bind) is not BindParameter or bind.value != value:
        return None
    if bind.expanding:
        if made.operator not in MEMBERSHIP or bind.expand_op is not made.operator:
            return None
        value = value[0]
    plain = bind.unique and bind.callable is None and not bind.literal_execute
    if not plain or bind.type is not left.type:
        return None
    if not _is_plain_type(left.type, value) or not _known_fields(made, bind):
        return None
    return Comparison(made)


def _is_plain_type(type_: Any, value: Any) -> bool:
    """Whether a type of Core's own takes all values of a class for its own."""
    cls = type(type_)
    return (
        cls.__module__.startswith("sqlalchemy.")
        and cls.coerce_compared_value is TypeEngine.coerce_compared_value
        and type_._type_affinity is _resolve_value_to_type(value)._type_affinity
    )


_FIELDS = frozenset(
    [
        "_orig",
        "_propagate_attrs",
        "left",
        "right",
        "operator",
        "type",
        "negate",
        "_is_implicitly_boolean",
        "modifiers",
    ]
)
_BIND_FIELDS = frozenset(
    [
        "key",
        "_anon_map_key",
        "_identifying_key",
        "_orig_key",
        "unique",
        "value",
        "callable",
        "isoutparam",
        "required",
        "expanding",
        "expand_op",
        "literal_execute",
        "type",
    ]
)
_CLONE_FIELDS = frozenset(("_is_clone_of", "_cloned_set", "_memoized_keys"))
"""What says that Core made a parameter in two steps; the copy is made in one."""


def _known_fields(made: Any, bind: Any) -> bool:
    """Whether the elements have the fields that are known, and no memo of their own."""
    own = made.__dict__.keys() == _FIELDS
    return own and bool(bind.__dict__.keys() - _CLONE_FIELDS == _BIND_FIELDS)
