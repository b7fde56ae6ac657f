"""The metaclasses of declarative classes."""

from __future__ import annotations

import sys
from typing import Any

from sqlalchemy.exc import InvalidRequestError

from ..instrument.entity import Entity, EntityMeta
from .attribute_setting import delete_attribute, set_attribute
from .mapping import map_class
from .registry_events import RegistryTarget


class DeclarativeAttributeIntercept(EntityMeta):
    """Metaclass that maps what is set on a mapped class."""

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kw: Any
    ) -> Any:
        # a class made by a call belongs to the module of the caller
        namespace.setdefault(
            "__module__", sys._getframe(1).f_globals.get("__name__", "builtins")
        )
        if any(issubclass(base, Entity) for base in bases):
            return super().__new__(mcs, name, bases, namespace, **kw)
        # a mixin: its instances, if any, are ordinary objects
        return type.__new__(mcs, name, bases, namespace, **kw)

    def __setattr__(cls, key: str, value: Any) -> None:
        if "__mapper__" in cls.__dict__:
            set_attribute(cls, key, value)
        else:
            type.__setattr__(cls, key, value)

    def __delattr__(cls, key: str) -> None:
        if "__mapper__" in cls.__dict__:
            delete_attribute(cls, key)
        else:
            type.__delattr__(cls, key)


class DeclarativeMeta(DeclarativeAttributeIntercept):
    """Metaclass of the classes that ``declarative_base()`` makes; maps subclasses."""

    def __init__(
        cls, name: str, bases: tuple[type, ...], namespace: Any, **kw: Any
    ) -> None:
        found = getattr(cls, "_sa_registry", None)
        if found is None:
            found = vars(cls).get("registry")
            if not isinstance(found, RegistryTarget):
                raise InvalidRequestError(
                    "Declarative base class has no 'registry' attribute, or registry "
                    "is not a sqlalchemy.orm.registry() object"
                )
            type.__setattr__(cls, "_sa_registry", found)
        if not vars(cls).get("__abstract__", False):
            map_class(found, cls)
        super().__init__(name, bases, namespace)
