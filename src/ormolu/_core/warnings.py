"""Core's marks of methods that users do not call themselves.

A warning from below a marked method says so at its end.
"""

from __future__ import annotations

from sqlalchemy import exc
from sqlalchemy.util.langhelpers import tag_method_for_warnings

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

__all__ = ["from_autoflush", "from_configuring"]
