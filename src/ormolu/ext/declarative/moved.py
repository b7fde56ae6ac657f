"""Functions that were here before they moved to ``ormolu``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy.exc import MovedIn20Warning

from ... import as_declarative as _as_declarative
from ... import declarative_base as _declarative_base
from ... import has_inherited_table as _has_inherited_table
from ... import synonym_for as _synonym_for
from ..._core.warnings import deprecated

_F = TypeVar("_F", bound=Callable[..., Any])


def _moved(name: str, function: _F) -> _F:
    decorate = deprecated(
        "2.0",
        f"The ``{name}()`` function is now available as sqlalchemy.orm.{name}().",
        MovedIn20Warning,
    )
    return decorate(function)


declarative_base = _moved("declarative_base", _declarative_base)
as_declarative = _moved("as_declarative", _as_declarative)
has_inherited_table = _moved("has_inherited_table", _has_inherited_table)
synonym_for = _moved("synonym_for", _synonym_for)
