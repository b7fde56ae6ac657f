"""The events of a registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from .._core.declarative import Events, EventTarget
from .type_map import TypeResolve


class RegistryTarget(EventTarget):
    """What the events of a registry are listened for on."""

    dispatch: Any


class RegistryEvents(Events[RegistryTarget]):
    """Events of a ``registry``, or of the base class that has it.

    Source: ``sqlalchemy.orm.RegistryEvents``.
    """

    _target_class_doc = "SomeBaseClass"
    _dispatch_target = RegistryTarget

    @classmethod
    def _accept_with(cls, target: Any, identifier: str) -> Any:
        if isinstance(target, RegistryTarget):
            return target
        if isinstance(target, type):
            if issubclass(target, RegistryTarget):
                return target
            if "__mapper__" in vars(target):
                return None  # a mapped class; only its base stands for the registry
            found = getattr(target, "registry", None)
            if isinstance(found, RegistryTarget):
                return found
        return None

    @classmethod
    def _listen(cls, event_key: Any, **kw: Any) -> None:
        if event_key.identifier == "resolve_type_annotation":
            kw["retval"] = True
            event_key.base_listen(**{k: v for k, v in kw.items() if k != "retval"})
            return
        kw.pop("retval", None)
        event_key.base_listen(**kw)

    def resolve_type_annotation(self, resolve_type: TypeResolve) -> Any | None:
        """Find the SQL type for a Python type of an annotation.

        Args:
            resolve_type: the type, and where it stands.

        Returns:
            The SQL type, or None to go on with other listeners and the type map.
        """

    def before_configured(self, registry: Any) -> None:
        """Called before mappers of the registry are configured."""

    def after_configured(self, registry: Any) -> None:
        """Called after the mappers of the registry were configured."""


Listener = Callable[..., Any]
listen = event.listen
