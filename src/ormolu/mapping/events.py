"""Events of mappers: their configuration, and the rows that flushes write."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any
from weakref import WeakKeyDictionary

from .._core.events import (
    Events,
    EventTarget,
    ask_first,
    listener_of,
    same_listener_for,
    with_listener,
)
from ..instrument.events import InstanceEvents, listen_on_hold
from ..instrument.listening import (
    Hold,
    is_foreign,
    is_mapper,
    mapped_subclasses,
    populate,
)
from ..instrument.manager import manager_of_class
from ..instrument.mapper_symbol import event_target
from ..instrument.state import inspect_instance


class EventAnswer(Enum):
    """What a listener may answer with ``retval=True``."""

    EXT_CONTINUE = 1
    EXT_SKIP = 2
    EXT_STOP = 3
    NO_KEY = 4


EXT_CONTINUE = EventAnswer.EXT_CONTINUE
EXT_SKIP = EventAnswer.EXT_SKIP
EXT_STOP = EventAnswer.EXT_STOP

FLUSH_EVENTS = frozenset(
    {
        "before_insert",
        "after_insert",
        "before_update",
        "after_update",
        "before_delete",
        "after_delete",
    }
)
FOR_ALL = frozenset({"before_configured", "after_configured"})


class MapperTarget(EventTarget):
    """What the events of mappers are listened for on.

    Attributes:
        _hears_flush: whether somebody listens for the rows of this mapper.
    """

    _is_ormolu_mapper = True
    _hears_flush = False
    dispatch: Any


@ask_first
class MapperEvents(Events[MapperTarget]):
    """Events of a mapper.

    Source: ``sqlalchemy.orm.MapperEvents``.  Targets are mapped classes, classes to
    be mapped, mappers, and the ``Mapper`` class for all of them.
    """

    _target_class_doc = "SomeClass"
    _dispatch_target: Any = MapperTarget

    @classmethod
    def _accept_with(cls, target: Any, identifier: str) -> Any:
        target = event_target(target)
        if identifier in FOR_ALL:
            return target if isinstance(target, type) and is_mapper(target) else None
        if is_mapper(target):
            return target
        if not isinstance(target, type):
            return None
        manager = manager_of_class(target)
        if manager is not None and manager.mapper is not None:
            return manager.mapper
        return None if is_foreign(target) else MapperHold.of(target)

    @classmethod
    def _listen(
        cls,
        event_key: Any,
        raw: bool = False,
        retval: bool = False,
        propagate: bool = False,
        **kw: Any,
    ) -> None:
        target, identifier = event_key.dispatch_target, event_key.identifier
        wrapped = _adapted(listener_of(event_key), identifier, raw, retval)
        event_key = with_listener(event_key, wrapped)
        event_key.base_listen(propagate=propagate, **kw)
        _take_note(target, identifier)
        if propagate and not isinstance(target, type):
            for manager in mapped_subclasses(target.class_):
                mapper = manager.mapper
                if mapper is not None:
                    same_listener_for(event_key, mapper).base_listen(
                        propagate=True, **kw
                    )
                    _take_note(mapper, identifier)

    @classmethod
    def _clear(cls) -> None:
        super()._clear()
        MapperHold.all_holds.clear()

    def instrument_class(self, mapper: Any, class_: Any) -> None:
        """Called when a mapper begins to instrument its class."""

    def after_mapper_constructed(self, mapper: Any, class_: Any) -> None:
        """Called when a mapper was made, before it is configured."""

    def before_mapper_configured(self, mapper: Any, class_: Any) -> Any:
        """Called before a mapper is configured; ``EXT_SKIP`` passes it over."""

    def mapper_configured(self, mapper: Any, class_: Any) -> None:
        """Called after a mapper was configured."""

    def before_configured(self) -> None:
        """Called before mappers are configured, on ``Mapper`` only."""

    def after_configured(self) -> None:
        """Called after mappers were configured, on ``Mapper`` only."""

    def before_insert(self, mapper: Any, connection: Any, target: Any) -> None:
        """Called before the row of an instance is inserted."""

    def after_insert(self, mapper: Any, connection: Any, target: Any) -> None:
        """Called after the row of an instance was inserted."""

    def before_update(self, mapper: Any, connection: Any, target: Any) -> None:
        """Called before the row of a changed instance is updated."""

    def after_update(self, mapper: Any, connection: Any, target: Any) -> None:
        """Called after the row of a changed instance was updated."""

    def before_delete(self, mapper: Any, connection: Any, target: Any) -> None:
        """Called before the row of an instance is deleted."""

    def after_delete(self, mapper: Any, connection: Any, target: Any) -> None:
        """Called after the row of an instance was deleted."""


class MapperHold(Hold):
    """Mapper listeners of classes that are not mapped yet."""

    all_holds: WeakKeyDictionary[type, Any] = WeakKeyDictionary()


class HeldMapperEvents(MapperEvents):
    """Receives what is listened for on a class that is not mapped yet."""

    _dispatch_target = MapperHold

    @classmethod
    def _listen(  # type: ignore[override]  # the options pass through
        cls, event_key: Any, propagate: bool = False, **kw: Any
    ) -> None:
        hold = event_key.dispatch_target
        listen_on_hold(hold, event_key, propagate, kw, MapperEvents)
        if propagate:
            for manager in mapped_subclasses(event_key.target):
                if manager.mapper is not None:
                    key = same_listener_for(event_key, manager.mapper)
                    MapperEvents._listen(key, propagate=True, **kw)


def _adapted(
    fn: Callable[..., Any], identifier: str, raw: bool, retval: bool
) -> Callable[..., Any]:
    """A listener as it is called: with instances, answering what is expected."""
    needs_state = raw and identifier in FLUSH_EVENTS
    needs_answer = identifier == "before_mapper_configured" and not retval
    if not needs_state and not needs_answer:
        return fn

    def adapted(mapper: Any, *args: Any) -> Any:
        if needs_state:
            args = (*args[:-1], _state_of(args[-1]))
        result = fn(mapper, *args)
        return EXT_CONTINUE if needs_answer else result

    return adapted


def _state_of(target: Any) -> Any:
    """The state of an instance; anything else as it is."""
    state = inspect_instance(target)
    return target if state is None else state


def _take_note(target: Any, identifier: str) -> None:
    if identifier in FLUSH_EVENTS:
        target._hears_flush = True


def adopt_listeners(mapper: Any) -> None:
    """Give a new mapper what its bases propagate and what waited for its class."""
    for base in mapper.class_.__mro__[1:]:
        manager = manager_of_class(base)
        if manager is not None and manager.mapper is not None:
            mapper.dispatch._update(manager.mapper.dispatch)
            mapper._hears_flush = mapper._hears_flush or manager.mapper._hears_flush
    populate(MapperHold.all_holds, mapper.class_, mapper, MapperEvents._listen)


def announce(mapper_class: type[MapperTarget], identifier: str) -> None:
    """Fire an event that concerns all mappers together."""
    getattr(mapper_class.dispatch._for_class(mapper_class), identifier)()


def may_configure(mapper: Any) -> bool:
    """Tell that a mapper is about to be configured; False to leave it for later."""
    for fn in mapper.dispatch.before_mapper_configured:
        if fn(mapper, mapper.class_) is EXT_SKIP:
            return False
    return True


__all__ = [
    "EXT_CONTINUE",
    "EXT_SKIP",
    "EXT_STOP",
    "InstanceEvents",
    "MapperEvents",
    "MapperTarget",
    "adopt_listeners",
    "announce",
    "may_configure",
]
