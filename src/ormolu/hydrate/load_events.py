"""Load and refresh events: load plans fire them only where somebody listens."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from .._speedups import state as kernel
from ..instrument.events import changed_load_listeners
from ..instrument.load_watch import was_broken_off
from ..instrument.manager import manager_of_layout
from .context import context_of

_plans: WeakSet[Any] = WeakSet()


class _SessionListeners:
    """Whether any session has somebody who listens for loaded objects."""

    present = False


def watch(plan: Any) -> None:
    """Have a load plan fire events, now or once somebody listens."""
    _plans.add(plan)
    _switch(plan)


def _switch(plan: Any) -> None:
    for load, entity_plan in plan.entities:
        hears = load.mapper.class_manager.hears_loads or any(
            m.class_manager.hears_loads for m in load.mapper.self_and_descendants
        )
        entity_plan.on_load = fire_load if hears or _SessionListeners.present else None
        entity_plan.on_refresh = fire_refresh if hears else None


def _switch_all() -> None:
    for plan in list(_plans):
        _switch(plan)


changed_load_listeners.append(_switch_all)


def hear_sessions() -> None:
    """A session has a listener for ``loaded_as_persistent``: tell it of objects."""
    if not _SessionListeners.present:
        _SessionListeners.present = True
        _switch_all()


def fire_load(obj: Any, run: Any) -> None:
    """Tell of an object that was made from a row."""
    manager = manager_of_layout(kernel.layout_of(obj))
    if manager.hears_loads:
        manager.dispatch.load(obj, context_of(run))
    session = None if run.tracker is None else run.tracker.owner
    if session is not None and session._hears:
        session.dispatch.loaded_as_persistent(session, obj)
    if was_broken_off(obj):
        run.settle(obj)


def fire_refresh(obj: Any, run: Any, keys: list[str]) -> None:
    """Tell of an object whose attributes were loaded anew (None: all of them)."""
    manager = manager_of_layout(kernel.layout_of(obj))
    if not manager.hears_loads:
        return
    whole = run.populate_existing or (run.refresh is obj and run.refresh_slots is None)
    manager.dispatch.refresh(obj, context_of(run), None if whole else set(keys))
    if was_broken_off(obj):
        run.settle(obj)
