"""Functions among the elements of a SELECT: ``select(lambda: User).join(...)``.

Core calls them once and keeps what they gave; here it takes their place, since a
SELECT of entities has to know them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def without_lambdas(statement: Any) -> Any:
    """A SELECT with functions among its columns and FROM elements resolved.

    Returns:
        the statement itself, if there are none.
    """
    if not getattr(statement, "is_select", False):
        return statement
    setups = statement._setup_joins
    if not (
        any(map(_is_lambda, statement._raw_columns))
        or any(map(_is_lambda, statement._from_obj))
        or any(_is_lambda(part) for setup in setups for part in setup[:2])
    ):
        return statement
    copied = statement._generate()
    copied._raw_columns = list(_resolved(statement._raw_columns))
    copied._from_obj = tuple(_resolved(statement._from_obj))
    copied._setup_joins = tuple(
        (*(_one(part) for part in setup[:2]), *setup[2:]) for setup in setups
    )
    return copied


def _is_lambda(element: Any) -> bool:
    return getattr(element, "_is_lambda_element", False) is True


def _resolved(elements: Iterable[Any]) -> Iterator[Any]:
    for element in elements:
        if not _is_lambda(element):
            yield element
        elif element._is_sequence:
            yield from element._resolved
        else:
            yield element._resolved


def _one(element: Any) -> Any:
    return element._resolved if _is_lambda(element) else element
