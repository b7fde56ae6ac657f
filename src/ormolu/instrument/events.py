"""Events of mapped instances, and of the instrumentation of classes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary, ref

from sqlalchemy import event
from sqlalchemy.exc import InvalidRequestError

from .._core.events import (
    Events,
    EventTarget,
    ask_first,
    dispatch_of,
    event_names,
    listen_elsewhere,
    listener_of,
    same_listener_for,
    with_listener,
)
from .._speedups import state as kernel
from .entity import Entity, default_constructor
from .listening import Hold, is_foreign, is_mapper, mapped_subclasses, populate
from .load_watch import watching
from .manager import ClassManager, all_managers, manager_of_class
from .mapper_symbol import event_target
from .state import inspect_instance

changed_load_listeners: list[Callable[[], None]] = []
"""Called when load or refresh listeners were added: load plans take note."""


@ask_first
class InstanceEvents(Events[Any]):
    """Events of the instances of a mapped class.

    Source: ``sqlalchemy.orm.InstanceEvents``.  Targets are mapped classes, classes
    to be mapped, mappers, and the ``Mapper`` class for all.  Listeners receive the
    instance; with ``raw=True`` its `InstanceState`.
    """

    _target_class_doc = "SomeClass"
    _dispatch_target: Any = ClassManager

    @classmethod
    def _accept_with(cls, target: Any, identifier: str) -> Any:
        target = event_target(target)
        if isinstance(target, ClassManager):
            return target
        if not isinstance(target, type):
            return target.class_manager if is_mapper(target) else None
        if issubclass(target, ClassManager):
            return target
        if is_mapper(target):
            return ClassManager
        manager = manager_of_class(target)
        if manager is not None:
            return manager
        return None if is_foreign(target) else InstanceHold.of(target)

    @classmethod
    def _listen(
        cls,
        event_key: Any,
        raw: bool = False,
        propagate: bool = False,
        restore_load_context: bool = False,
        **kw: Any,
    ) -> None:
        target = event_key.dispatch_target
        if raw and event_key.identifier != "first_init":
            event_key = with_listener(event_key, _given_states(listener_of(event_key)))
        if event_key.identifier in ("load", "refresh"):
            fn = watching(listener_of(event_key), 0, restore_load_context)
            event_key = with_listener(event_key, fn)
        event_key.base_listen(propagate=propagate, **kw)
        _take_note(target, event_key.identifier)
        if propagate and isinstance(target, ClassManager):
            for manager in mapped_subclasses(target.class_):
                key = same_listener_for(event_key, manager)
                key.base_listen(propagate=True, **kw)
                _take_note(manager, event_key.identifier)

    @classmethod
    def _clear(cls) -> None:
        super()._clear()
        InstanceHold.all_holds.clear()

    def first_init(self, manager: Any, cls: Any) -> None:
        """Called when the first instance of a class is constructed."""

    def init(self, target: Any, args: Any, kwargs: Any) -> None:
        """Called before the constructor of an instance runs."""

    def init_failure(self, target: Any, args: Any, kwargs: Any) -> None:
        """Called when the constructor of an instance raised."""

    def load(self, target: Any, context: Any) -> None:
        """Called after an instance was made from a row."""

    def refresh(self, target: Any, context: Any, attrs: Any) -> None:
        """Called after attributes of an instance were loaded anew."""

    def refresh_flush(self, target: Any, flush_context: Any, attrs: Any) -> None:
        """Called after a flush brought server-side values back."""

    def expire(self, target: Any, attrs: Any) -> None:
        """Called after attributes of an instance (None: all) were expired."""

    def pickle(self, target: Any, state_dict: Any) -> None:
        """Called when the state of an instance is pickled."""

    def unpickle(self, target: Any, state_dict: Any) -> None:
        """Called when the state of an instance was unpickled."""


class InstanceHold(Hold):
    """Instance listeners of classes that are not mapped yet."""

    all_holds: WeakKeyDictionary[type, Any] = WeakKeyDictionary()


class HeldInstanceEvents(InstanceEvents):
    """Receives what is listened for on a class that is not mapped yet."""

    _dispatch_target = InstanceHold

    @classmethod
    def _listen(  # type: ignore[override]  # the options pass through
        cls, event_key: Any, propagate: bool = False, **kw: Any
    ) -> None:
        hold = event_key.dispatch_target
        listen_on_hold(hold, event_key, propagate, kw, InstanceEvents)
        if propagate:
            for manager in mapped_subclasses(event_key.target):
                key = same_listener_for(event_key, manager)
                InstanceEvents._listen(key, propagate=True, **kw)


def listen_on_hold(
    hold: Hold, event_key: Any, propagate: bool, kw: dict[str, Any], family: Any
) -> None:
    """Keep a listener for later; another ORM may come to map a plain class."""
    event_key.base_listen(propagate=propagate, insert=kw.get("insert", False))
    hold.note(event_key, propagate, kw)
    if not issubclass(event_key.target, Entity):
        options = {**kw, "propagate": propagate}
        listen_elsewhere(
            (family,), event_key.target, event_key.identifier, event_key.fn, **options
        )


def _given_states(fn: Callable[..., Any]) -> Callable[..., Any]:
    """A listener that wants states, as one that is given instances."""

    def with_state(obj: Any, *args: Any) -> Any:
        state = inspect_instance(obj)
        return fn(obj if state is None else state, *args)

    return (
        functools.update_wrapper(with_state, fn)
        if hasattr(fn, "__name__")
        else with_state
    )


def _take_note(target: Any, identifier: str) -> None:
    """Switch on what fires an event, now that there is a listener."""
    if isinstance(target, ClassManager):
        _switch_on(target, identifier)
        return
    target.heard_by_all = target.heard_by_all | {identifier}
    for manager in all_managers():
        if isinstance(manager, target):
            _switch_on(manager, identifier)


def _switch_on(manager: ClassManager, identifier: str) -> None:
    if identifier in ("init", "init_failure", "first_init"):
        watch_init(manager)
    elif identifier == "expire":
        manager.on_expire = functools.partial(_fire_expire, manager)
    elif identifier in ("load", "refresh"):
        manager.hears_loads = True
        for changed in changed_load_listeners:
            changed()


def _fire_expire(manager: ClassManager, obj: Any, names: Any) -> None:
    manager.dispatch.expire(obj, names)


def adopt_listeners(manager: ClassManager) -> None:
    """Give a new manager what its bases propagate and what waited for its class."""
    for base in manager.class_.__mro__[1:]:
        inherited = manager_of_class(base)
        if inherited is not None:
            manager.dispatch._update(inherited.dispatch)
    for identifier in _names:
        if getattr(manager.dispatch, identifier):
            _switch_on(manager, identifier)
    populate(InstanceHold.all_holds, manager.class_, manager, InstanceEvents._listen)


_names = event_names(InstanceEvents)


# -- construction ---------------------------------------------------------------------


def make_states(manager: ClassManager) -> None:
    """Have a user's constructor begin with the state that is kept beside the instance.

    An instance that was made before its class was mapped has none, and is refused.
    """
    user_init: Any = manager.class_.__init__  # type: ignore[misc]  # only wrapped
    _begin_first(manager, user_init)


def _begin_first(manager: ClassManager, user_init: Any) -> None:
    """Have the instances of a class begin before a constructor of the user's runs."""

    @functools.wraps(user_init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        if manager_of_class(type(self)) is not None:
            kernel.begin(self)
        user_init(self, *args, **kwargs)

    wrapper: Any = __init__
    try:
        wrapper.__signature__ = inspect.signature(user_init)
    except (TypeError, ValueError):
        pass  # a constructor in C that tells nothing
    manager.replace("__init__", wrapper)


def configure_at_first(manager: ClassManager) -> None:
    """Have the first instance that a user's constructor makes configure the mappers.

    The constructor sees the attributes that backrefs give its class; from then on
    it stands alone again.
    """
    cls = manager.class_
    own = cls.__dict__.get("__init__")
    user_init = cls.__init__  # type: ignore[misc]
    if not isinstance(user_init, FunctionType):
        return

    @functools.wraps(user_init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        if manager_of_class(type(self)) is not None:
            kernel.layout_of(self)
        if cls.__dict__.get("__init__") is __init__:
            if own is None:
                type.__delattr__(cls, "__init__")
            else:
                type.__setattr__(cls, "__init__", own)
        user_init(self, *args, **kwargs)

    __init__.__signature__ = inspect.signature(user_init)  # type: ignore[attr-defined]
    manager.replace("__init__", __init__)


def begin_with_defaults(manager: ClassManager) -> None:
    """Have a user's constructor find what every instance of the class begins with.

    The default constructor sees to that by itself, and so does the one of a class
    whose state is kept beside the instance.
    """
    cls = manager.class_
    user_init: Any = cls.__init__  # type: ignore[misc]  # compared and wrapped
    is_default = user_init is default_constructor or user_init is kernel.constructor
    if not issubclass(cls, Entity) or is_default:
        return
    if isinstance(user_init, FunctionType):
        _begin_first(manager, user_init)


def refuse_init(manager: ClassManager, text: str) -> None:
    """Have no instance of a class be constructed, but for those of its subclasses."""
    cls = manager.class_
    user_init: Any = cls.__init__  # type: ignore[misc]  # only wrapped

    @functools.wraps(user_init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        if type(self) is cls:
            raise InvalidRequestError(text)
        user_init(self, *args, **kwargs)

    manager.replace("__init__", __init__)


def reconstruct_with(manager: ClassManager, fn: Callable[[Any], Any]) -> None:
    """Have a method called for each instance of a class that is made from a row."""
    event.listen(manager, "load", lambda obj, context: fn(obj))


def watch_init(manager: ClassManager) -> None:
    """Have the constructor of a class fire its events; it does not until then."""
    cls = manager.class_
    current = cls.__init__  # type: ignore[misc]
    if getattr(current, "_ormolu_watches", None) is manager:
        return

    @functools.wraps(current)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        if type(self) is not cls:
            current(self, *args, **kwargs)
            return
        _construct(manager, current, self, args, kwargs)

    __init__._ormolu_watches = manager  # type: ignore[attr-defined]
    manager.replace("__init__", __init__)


def _construct(
    manager: ClassManager, init: Any, obj: Any, args: Any, kwargs: dict[str, Any]
) -> None:
    dispatch = manager.dispatch
    kernel.begin(obj)  # listeners may use the instance already
    if dispatch.first_init and not manager.constructed:
        manager.constructed = True
        dispatch.first_init(manager, manager.class_)
    dispatch.init(obj, args, kwargs)
    try:
        init(obj, *args, **kwargs)
    except BaseException:
        dispatch.init_failure(obj, args, kwargs)
        raise


# -- instrumentation ------------------------------------------------------------------


class InstrumentationFactory(EventTarget):
    """What the events of instrumentation are kept on."""

    dispatch: Any


@ask_first
class InstrumentationEvents(Events[Any]):
    """Events of classes and attributes that are being instrumented.

    Source: ``sqlalchemy.orm.InstrumentationEvents``.
    """

    _target_class_doc = "SomeBaseClass"
    _dispatch_target = InstrumentationFactory

    @classmethod
    def _accept_with(cls, target: Any, identifier: str) -> Any:
        if isinstance(target, type) and not is_foreign(target):
            return _InstrumentedClass(target)
        return None

    @classmethod
    def _listen(cls, event_key: Any, propagate: bool = True, **kw: Any) -> None:
        wanted = ref(event_key.target)
        fn = listener_of(event_key)

        def listen(target: type, *args: Any) -> Any:
            class_ = wanted()
            if class_ is not None and (
                target is class_ or (propagate and issubclass(target, class_))
            ):
                return fn(target, *args)
            return None

        key = same_listener_for(event_key, instrumentation)
        with_listener(key, listen).base_listen(propagate=propagate, **kw)

    @classmethod
    def _clear(cls) -> None:
        super()._clear()
        instrumentation.dispatch._clear()

    def class_instrument(self, cls: Any) -> None:
        """Called after a class was instrumented."""

    def class_uninstrument(self, cls: Any) -> None:
        """Called before the instrumentation of a class is removed."""

    def attribute_instrument(self, cls: Any, key: Any, inst: Any) -> None:
        """Called when an attribute was put on a class."""


class _InstrumentedClass(EventTarget):
    """Stands for a class among the targets of `InstrumentationEvents`."""

    dispatch = dispatch_of(InstrumentationEvents)

    def __init__(self, class_: type) -> None:
        self.class_ = class_


instrumentation = InstrumentationFactory()


def class_instrumented(class_: type) -> None:
    """Tell that a class is being instrumented."""
    instrumentation.dispatch.class_instrument(class_)


def class_uninstrumented(class_: type) -> None:
    """Tell that the instrumentation of a class is being removed."""
    instrumentation.dispatch.class_uninstrument(class_)


def attribute_instrumented(class_: type, key: str, attr: Any) -> None:
    """Tell that an attribute was put on a class."""
    instrumentation.dispatch.attribute_instrument(class_, key, attr)
