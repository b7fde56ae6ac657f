"""Exceptions of the ORM; Core's own come from ``sqlalchemy.exc``.

The names, bases and texts are those documented for ``sqlalchemy.orm.exc``.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy.exc import MultipleResultsFound as MultipleResultsFound
from sqlalchemy.exc import NoResultFound as NoResultFound

NO_STATE = (AttributeError, KeyError)
"""What an object without instance state raises when its state is read."""


class StaleDataError(sa_exc.SQLAlchemyError):
    """A flush met a row count that its objects do not explain."""


ConcurrentModificationError = StaleDataError


class FlushError(sa_exc.SQLAlchemyError):
    """An invalid condition was met during a flush."""


class MappedAnnotationError(sa_exc.ArgumentError):
    """An annotation of a mapped class cannot be interpreted."""


class UnmappedError(sa_exc.InvalidRequestError):
    """Base of the errors about something that is not mapped."""


class ObjectDereferencedError(sa_exc.SQLAlchemyError):
    """An operation needs an object that was already garbage collected."""


class DetachedInstanceError(sa_exc.SQLAlchemyError):
    """An attribute must be loaded, but the instance has no session."""

    code = "bhk3"


class LoaderStrategyException(sa_exc.InvalidRequestError):
    """A loader strategy that an attribute does not have was asked for."""


def class_name(cls: type) -> str:
    """``module.ClassName`` of a class, as the messages show it."""
    return f"{cls.__module__}.{cls.__name__}"


class UnmappedInstanceError(UnmappedError):
    """An instance of a class that is not mapped was given.

    Args:
        obj: the instance (or, by mistake, the class).
        msg: the text; made from ``obj`` when not given.
    """

    def __init__(self, obj: Any, msg: str | None = None) -> None:
        if msg is None:
            msg = _instance_message(obj)
        super().__init__(msg)

    def __reduce__(self) -> Any:
        return self.__class__, (None, self.args[0])


def _instance_message(obj: Any) -> str:
    cls = type(obj)
    text = f"Class {class_name(cls)!r} is not mapped"
    if isinstance(obj, type):
        text += (
            "; was a class"
            f" ({class_name(obj)}) supplied where an instance was required?"
        )
    return text


class UnmappedClassError(UnmappedError):
    """A class that is not mapped was given where a mapped one is needed."""

    def __init__(self, cls: Any, msg: str | None = None) -> None:
        if msg is None:
            msg = f"Class {class_name(cls)!r} is not mapped"
        super().__init__(msg)

    def __reduce__(self) -> Any:
        return self.__class__, (None, self.args[0])


class ObjectDeletedError(sa_exc.InvalidRequestError):
    """A row that an expired object must be refreshed from is gone."""

    def __init__(self, obj: Any, msg: str | None = None) -> None:
        if msg is None:
            if getattr(obj, "is_instance", False):
                obj = obj.obj()
            msg = (
                f"Instance '{instance_text(obj)}' has been deleted, "
                "or its row is otherwise not present."
            )
        super().__init__(msg)

    def __reduce__(self) -> Any:
        return self.__class__, (None, self.args[0])


class UnmappedColumnError(sa_exc.InvalidRequestError):
    """A column that the mapping does not contain was asked for."""


def instance_text(obj: Any) -> str:
    """``<ClassName at 0x...>`` of an instance, without its own ``repr``."""
    if obj is None:
        return "None"
    return f"<{type(obj).__name__} at 0x{id(obj):x}>"
