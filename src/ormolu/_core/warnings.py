"""Warnings that show the line of the user who gave the cause.

Core's own functions skip the frames of Core alone.  These skip the frames of both
packages.  A warning from below a method that carries one of Core's marks, a method
that users do not call themselves, says so at its end.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from functools import wraps
from inspect import cleandoc
from types import FrameType
from typing import Any, TypeVar, cast

from sqlalchemy import exc
from sqlalchemy.util.langhelpers import (
    _hash_limit_string,
    _not_sa_pattern,
    _warning_tags,
    tag_method_for_warnings,
)

_F = TypeVar("_F", bound=Callable[..., Any])

from_autoflush = tag_method_for_warnings(
    "This warning originated from the Session 'autoflush' process, which was invoked "
    "automatically in response to a user-initiated operation. Consider using "
    "``no_autoflush`` context manager if this warning happened while initializing "
    "objects.",
    exc.SAWarning,
)
from_configuring = tag_method_for_warnings(
    "This warning originated from the `configure_mappers()` process, which was invoked "
    "automatically in response to a user-initiated operation.",
    exc.SAWarning,
)

__all__ = [
    "deprecated",
    "from_autoflush",
    "from_configuring",
    "legacy",
    "warn",
    "warn_deprecated",
    "warn_limited",
]


def warn(message: str, code: str | None = None) -> None:
    """Issue an `SAWarning` at the caller's line.

    Args:
        message: what is wrong.
        code: the key of the page that explains it.
    """
    _issue(exc.SAWarning(message, code=code))


def warn_limited(message: str, *values: object) -> None:
    """Issue an `SAWarning` that is shown for some ten values, not for each of them.

    Args:
        message: what is wrong, with a ``%s`` for each value.
        values: what the warning is about; there may be any number of them.
    """
    _issue(exc.SAWarning(_hash_limit_string(message, 10, values)))


def warn_deprecated(message: str, version: str, code: str | None = None) -> None:
    """Issue an `SADeprecationWarning` at the caller's line.

    Args:
        message: what is deprecated, and what to use in its place.
        version: since when.
        code: the key of the page that explains it.
    """
    _issue_deprecation(exc.SADeprecationWarning, message, version, code)


def deprecated(
    version: str,
    message: str,
    category: type[exc.SADeprecationWarning] = exc.SADeprecationWarning,
) -> Callable[[_F], _F]:
    """Decorate a function whose every call warns of its deprecation.

    Args:
        version: since when.
        message: what is deprecated, and what to use in its place.
        category: the class of the warning.

    Returns:
        The decorator; ``__wrapped__`` of what it makes does not warn.
    """
    said = f"{message} (deprecated since: {version})"

    def decorate(function: _F) -> _F:
        @wraps(function)
        def warning(*args: Any, **kw: Any) -> Any:
            _issue_deprecation(category, said, version)
            return function(*args, **kw)

        plain = cleandoc(function.__doc__ or "")
        warning.__doc__ = f"{plain}\n\n.. deprecated:: {version} {message}\n"
        return cast(_F, warning)

    return decorate


def legacy(name: str, kind: str, alternative: str) -> Callable[[_F], _F]:
    """Decorate a function that SQLAlchemy 2.0 keeps for old programs.

    Args:
        name: what is called.
        kind: what it is: a method, a function, a construct.
        alternative: a sentence that says what to use in its place.

    Returns:
        The decorator, as `deprecated` makes it.
    """
    return deprecated(
        "2.0",
        f"The {name} {kind} is considered legacy as of the 1.x series of SQLAlchemy "
        f"and becomes a legacy construct in 2.0. {alternative}",
        exc.LegacyAPIWarning,
    )


def _issue_deprecation(
    category: type[exc.SADeprecationWarning],
    message: str,
    version: str,
    code: str | None = None,
) -> None:
    warning = category(message, code=code)
    warning.deprecated_since = version
    _issue(warning)


def _issue(warning: Warning) -> None:
    frame: FrameType | None = sys._getframe()
    level = 1
    tags: list[str] = []
    while frame is not None and _is_ours(frame):
        _note_tag(frame, tags)
        frame = frame.f_back
        level += 1
    while frame is not None and not tags:
        _note_tag(frame, tags)
        frame = frame.f_back
    category = type(warning)
    shown: Any = warning
    if tags:
        shown = category(" ".join([str(warning), *tags]))
    elif isinstance(warning.args[0], _hash_limit_string):
        shown = warning.args[0]  # what is shown once is known by its hash
    warnings.warn(shown, category, stacklevel=level)


def _is_ours(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__", "")
    return name.startswith("ormolu.") or _not_sa_pattern.match(name) is not None


def _note_tag(frame: FrameType, tags: list[str]) -> None:
    tag = _warning_tags.get(frame.f_code)
    if tag is not None and (text := f"({tag[0]})") not in tags:
        tags.append(text)
