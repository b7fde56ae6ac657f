"""Small mapped classes, made anew for each implementation of the kernel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from ormolu._speedups._choose import SUFFIXES

COLUMNS = ["id", "a", "b", "c"]
RELATED = ["r", "s"]


@dataclass
class World:
    """One implementation and classes that are mapped with it."""

    state: ModuleType
    hydration: ModuleType
    gather: ModuleType
    embedded: type[Any]
    adopted: type[Any]
    sub: type[Any]
    impl: str = ""

    def layout(self, cls: type[Any]) -> Any:
        return self.state.registered_layout(cls)

    def plan(
        self, cls: type[Any], positions: list[int] | None = None, **kw: Any
    ) -> Any:
        layout = self.layout(cls)
        positions = list(range(len(layout.keys))) if positions is None else positions
        pk = [positions[slot] for slot in layout.pk_slots]
        return self.hydration.EntityPlan(layout, positions, pk, **kw)

    def load(
        self, tracker: Any, plan: Any, rows: Iterable[Any], **kw: Any
    ) -> list[Any]:
        run = self.hydration.LoadRun(tracker, [plan], scalar=True, **kw)
        objs: list[Any] = run.rows(rows)
        run.finish()
        return objs


def make_world(state: ModuleType, hydration: ModuleType, gather: ModuleType) -> World:
    """Classes with embedded and with adopted state, and a subclass of the first."""

    class Meta(type):
        def __new__(
            mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]
        ) -> Meta:
            namespace.setdefault("__dict__", property(_everything))
            return super().__new__(mcs, name, bases, namespace)

    def _everything(self: Any) -> dict[str, Any]:
        return {**self._o_dict, **state.loaded(self)}

    class Mixin:
        def greet(self) -> str:
            return "hello"

    class Entity(state.EntityBase, metaclass=Meta):  # type: ignore[misc,name-defined]
        pass

    class Embedded(Mixin, Entity):
        __init__ = state.constructor

    class Sub(Embedded):
        pass

    class Adopted(Mixin):
        def __init__(self, **kwargs: Any) -> None:
            state.construct(self, kwargs)

    world = World(state, hydration, gather, Embedded, Adopted, Sub)
    base = attach(world, Embedded, COLUMNS, RELATED, ["id"])
    attach(world, Adopted, COLUMNS, RELATED, ["id"], embedded=False)
    attach(world, Sub, ["d", *COLUMNS], RELATED, ["id"], base=base)
    return world


def attach(
    world: World,
    cls: type[Any],
    columns: list[str],
    related: list[str],
    pk: list[str],
    **options: Any,
) -> Any:
    """Give a class a layout and plain attributes."""
    layout = world.state.Layout(cls, columns, related, pk, **options)
    for key, slot in layout.index.items():
        attribute = world.state.Attribute(key)
        attribute.layout = layout
        attribute.slot = slot
        layout.attributes[key] = attribute
        setattr(cls, key, attribute)
    world.state.register_layout(cls, layout)
    return layout


def world_of(impl: str) -> World:
    """Mapped classes of an implementation; ImportError if it is not there."""
    suffix = {str(name): suffix for name, suffix in SUFFIXES.items()}[impl]
    names = ("state", "hydration", "gather")
    modules = [import_module(f"ormolu._speedups.{name}{suffix}") for name in names]
    world = make_world(*modules)
    world.impl = impl
    return world
