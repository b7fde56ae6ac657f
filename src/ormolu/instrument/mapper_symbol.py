"""``mapper``: no function any more, but what old programs listen to."""

from __future__ import annotations

from typing import Any, NoReturn

from sqlalchemy import exc as sa_exc

from .._core.warnings import warn_deprecated


class MapperSymbol:
    """Stands for the ``Mapper`` class as the target of events.

    Source: ``sqlalchemy.orm.mapper``.
    """

    stands_for: Any = None

    def __call__(self, *args: Any, **kw: Any) -> NoReturn:
        """Refuse to map a class.

        Raises:
            InvalidRequestError: always.
        """
        raise sa_exc.InvalidRequestError(
            "The 'sqlalchemy.orm.mapper()' function is removed as of SQLAlchemy 2.0.  "
            "Use the 'sqlalchemy.orm.registry.map_imperatively()` method of the "
            "``sqlalchemy.orm.registry`` class to perform classical mapping."
        )


mapper = MapperSymbol()


def event_target(target: Any) -> Any:
    """What a listener is for; the ``Mapper`` class in place of the old symbol."""
    if target is not mapper:
        return target
    warn_deprecated(
        "The `sqlalchemy.orm.mapper()` symbol is deprecated and will be removed in a "
        "future release. For the mapper-wide event target, use the "
        "'sqlalchemy.orm.Mapper' class.",
        "2.0",
    )
    return mapper.stands_for
