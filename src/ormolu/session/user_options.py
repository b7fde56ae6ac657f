"""``UserDefinedOption``: what users attach to statements for their own listeners."""

from __future__ import annotations

from typing import Any

from sqlalchemy.sql.base import ExecutableOption


class UserDefinedOption(ExecutableOption):
    """An option that carries the user's own data to ``do_orm_execute`` listeners.

    Args:
        payload: the data.

    Source: ``sqlalchemy.orm.UserDefinedOption``.
    """

    __slots__ = ("payload",)

    _is_legacy_option = False
    propagate_to_loaders = False

    def __init__(self, payload: Any = None) -> None:
        self.payload = payload
