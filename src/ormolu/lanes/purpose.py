"""What a statement that a loader made is for, as listeners are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import util as sa_util

NO_OPTIONS: Mapping[str, Any] = sa_util.EMPTY_DICT

LOAD_OPTION = "_ormolu_load"
"""Execution option of such statements; holds a `Purpose`."""

TOKEN_OPTION = "_ormolu_identity_token"
"""Execution option of `Session.get`: the identity token that it was given."""


OVERWRITE_OPTION = "_ormolu_overwrite"
"""Execution option of `Session.get` with row locks: load over what is loaded."""


def identity_token_of(options: Mapping[str, Any]) -> Any:
    """The token that keeps the identities of loaded objects apart, None for none."""
    if TOKEN_OPTION in options:
        return options[TOKEN_OPTION]
    return options.get("identity_token")


class Purpose:
    """What a loader's statement is for.

    Attributes:
        column: reloads column attributes of an instance.
        relationship: loads related objects.
        lazy_from: the instance whose attribute was read.
        path: the properties that led to the load.
        inherited: the options of the statement that it follows, where some are the
            user's own.
        execution_options: those of the statement that it belongs to, for loads that
            come with another one.
        record: the record of the load of the instance, where its options are those
            inherited ones.
    """

    __slots__ = (
        "column",
        "execution_options",
        "inherited",
        "lazy_from",
        "path",
        "record",
        "relationship",
    )

    def __init__(
        self,
        *,
        column: bool = False,
        relationship: bool = False,
        lazy_from: Any = None,
        path: tuple[Any, ...] = (),
        inherited: tuple[Any, ...] = (),
        execution_options: Mapping[str, Any] = NO_OPTIONS,
        record: Any = None,
    ) -> None:
        self.record = record
        self.column = column
        self.relationship = relationship
        self.lazy_from = lazy_from
        self.path = path
        self.inherited = inherited
        self.execution_options = execution_options

    @property
    def needs_session(self) -> bool:
        """Whether the load cannot be executed without looking at the purpose."""
        return bool(self.execution_options or self.inherited)


NO_PURPOSE = Purpose()
COLUMN_LOAD = Purpose(column=True)


def column_purpose(origin: Any) -> Purpose:
    """The purpose of a load of columns of an instance, by the record of its load."""
    if origin is None or not origin.inherited:
        return COLUMN_LOAD
    return Purpose(column=True, inherited=origin.inherited, record=origin)


def lazy_purpose(
    prop: Any,
    obj: Any,
    origin: Any,
    execution_options: Mapping[str, Any] = NO_OPTIONS,
) -> Purpose:
    """The purpose of a lazy load."""
    return Purpose(
        relationship=True,
        lazy_from=obj,
        path=(prop,),
        inherited=() if origin is None else origin.inherited,
        execution_options=execution_options,
        record=origin,
    )
