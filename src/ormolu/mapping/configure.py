"""``configure_mappers``: what mappings say of each other is resolved together."""

from __future__ import annotations

import threading
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy import exc as sa_exc

from .._core.warnings import from_configuring
from .._speedups import state as kernel
from ..instrument.manager import manager_of_class, unmapped_error
from .events import announce, may_configure

lock = threading.RLock()
"""Held while classes are mapped or configured: others see neither half done."""
_mappers: WeakKeyDictionary[Any, WeakKeyDictionary[Any, None]] = WeakKeyDictionary()
"""The mappers of each registry, in the order in which they were made.

Their classes alone keep them alive, so that a class which nobody needs any more goes.
"""
_waiting: WeakSet[Any] = WeakSet()
_configurer: int | None = None
"""The thread that configures; others wait for it."""


def _configuring() -> bool:
    """Whether this very thread is configuring."""
    return _configurer == threading.get_ident()


def add_mapper(mapper: Any) -> None:
    """Note a new mapper; its registry must be configured before it is used.

    Classes that are in use already are announced anew, because the new mapper may
    add a backref to them.
    """
    with lock:
        registry = mapper.registry
        for other in _mappers_of(registry):
            kernel.unregister_layout(other.class_)
        _mappers.setdefault(registry, WeakKeyDictionary())[mapper] = None
        _waiting.add(registry)


def _mappers_of(registry: Any) -> list[Any]:
    return list(_mappers.get(registry, ()))


def forget(mapper: Any) -> None:
    """Drop a mapper that was disposed of."""
    with lock:
        _mappers.get(mapper.registry, {}).pop(mapper, None)


def extend(mapper: Any) -> None:
    """A configured mapper has a new property: announce its class anew."""
    if mapper.configured and not _configuring():
        kernel.register_layout(mapper.class_, mapper.layout)


def ensure(mapper: Any) -> None:
    """Configure the mapper's registry if anything in it is not."""
    if mapper.registry in _waiting and not _configuring():
        _configure_for_use(mapper.registry)


@from_configuring
def _configure_for_use(registry: Any) -> None:
    configure_registry(registry)


def configure_mappers() -> None:
    """Configure every mapper of every registry.

    Raises:
        InvalidRequestError: when a mapper failed before.
        ArgumentError and others: what a mapping has wrong.
    """
    with lock:
        waiting = list(_waiting)
    _run(waiting)


def configure_registry(registry: Any, cascade: bool = True) -> None:
    """Configure the mappers of one registry and those that they depend on.

    Args:
        cascade: also those of other registries.

    Raises:
        InvalidRequestError: others need to be, and ``cascade`` does not allow for them.
    """
    if registry in _waiting:
        _run([registry], cascade)


def _run(registries: list[Any], cascade: bool = True) -> None:
    if _configuring() or not registries:
        return
    with lock:
        found = {type(m) for r in registries for m in _mappers_of(r)}
        for mapper_class in found:
            announce(mapper_class, "before_configured")
        for registry in registries:
            _configure_one(registry, cascade)
    for mapper_class in found:
        announce(mapper_class, "after_configured")


def _configure_one(registry: Any, cascade: bool) -> None:
    global _configurer
    with lock:
        if _configuring() or registry not in _waiting:
            return
        before = getattr(registry, "_before_configure", None)
        if before is not None:
            before()
        _configurer = threading.get_ident()
        try:
            _configure(registry, cascade)
        finally:
            _configurer = None
        after = getattr(registry, "_after_configure", None)
        if after is not None:
            after()


def _configure(registry: Any, cascade: bool) -> None:
    _configure_mappers_of(registry)
    mappers = _mappers_of(registry)
    if all(m.configured for m in mappers):
        _waiting.discard(registry)
    mappers = [m for m in mappers if m.configured]
    for mapper in mappers:
        mapper._forget_memos()
        kernel.register_layout(mapper.class_, mapper.layout)
    _configure_targets(mappers, cascade)


def _configure_mappers_of(registry: Any) -> None:
    seen: set[Any] = set()
    while found := [m for m in _mappers_of(registry) if m not in seen]:
        seen.update(found)  # a listener may map more while these are configured
        for mapper in found:
            if not mapper.configured and may_configure(mapper):
                _raise_if_failed(mapper)
                if not mapper.configured:
                    _configure_mapper(mapper)


def _configure_mapper(mapper: Any) -> None:
    try:
        for prop in list(mapper._props.values()):
            if prop.parent is mapper and not prop._configure_started:
                prop.init()
        mapper.configured = True
        mapper.dispatch.mapper_configured(mapper, mapper.class_)
    except Exception as error:
        if not hasattr(error, "_configure_failed"):
            mapper._configure_failed = error
        raise


def _raise_if_failed(mapper: Any) -> None:
    cause = mapper._configure_failed
    if cause is None:
        return
    raise sa_exc.InvalidRequestError(
        "One or more mappers failed to initialize - can't proceed with initialization "
        f"of other mappers. Triggering mapper: '{mapper}'. "
        f"Original exception was: {cause}"
    ) from cause


def _configure_targets(mappers: list[Any], cascade: bool) -> None:
    for mapper in mappers:
        for prop in mapper._relationship_props:
            target = prop.mapper.registry
            if target not in _waiting or target is mapper.registry:
                continue
            if not cascade:
                raise sa_exc.InvalidRequestError(
                    "configure was called with cascade=False but additional registries "
                    "remain"
                )
            _configure(target, cascade)


@from_configuring
def layout_for(cls: type) -> Any:
    """The kernel asks for the layout of a class that it does not know yet."""
    manager = manager_of_class(cls)
    if manager is None or manager.mapper is None:
        raise unmapped_error(cls)
    mapper = manager.mapper
    if _configuring():
        return mapper.layout
    _configure_for_use(mapper.registry)
    if mapper.configured:
        kernel.register_layout(cls, mapper.layout)
    return mapper.layout


kernel.set_missing_layout_hook(layout_for)


def all_mappers() -> list[Any]:
    """Every mapper of every registry."""
    with lock:
        return [m for known in list(_mappers.values()) for m in list(known)]


def registries() -> list[Any]:
    """Every registry that has mappers."""
    with lock:
        return list(_mappers)
