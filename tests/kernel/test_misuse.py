"""Nonsense from above is an error, never a crash."""

from __future__ import annotations

import gc
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from ormolu._speedups._choose import SUFFIXES
from tests.kernel.models import World


def use_everything(world: World, made: dict[str, Any], cls: type[Any]) -> None:
    """Do most things, each on its own, whatever comes of it."""
    state, gather = world.state, world.gather
    tracker, home, run, obj = made["tracker"], made["home"], made["run"], made["obj"]
    actions: list[Callable[[], object]] = [
        lambda: cls(a=1, r=2),
        lambda: obj.a,
        lambda: setattr(obj, "a", 3),
        lambda: delattr(obj, "a"),
        lambda: state.peek(obj, 1),
        lambda: state.peek_key(obj, "a"),
        lambda: state.put(obj, 2, 1),
        lambda: state.put(obj, -1, 1),
        lambda: state.write(obj, 2, 1),
        lambda: state.drop(obj, 2),
        lambda: state.loaded(obj),
        lambda: state.mark_modified(obj),
        lambda: state.note_original(obj, "b", 2),
        lambda: gather.changed(obj),
        lambda: gather.gather([obj], [0, 1, -1]),
        lambda: gather.shape_rows([obj], [0, 1], [True, True]),
        lambda: home.get(1),
        lambda: home.add(cls(), 1),
        lambda: (home.values(), len(home), repr(home)),
        lambda: tracker.home(state.layout_of(obj)),
        lambda: (tracker.objects(), len(tracker)),
        lambda: run.rows([(1, 2, 3, 4), (2, 3, 4, 5)]),
        lambda: run.finish(),
        lambda: state.forget_changes(obj),
        lambda: state.expire(obj),
        lambda: home.discard(obj),
        lambda: tracker.clear(),
        lambda: repr((made["plan"], made["layout"])),
    ]
    for action in actions:
        try:
            action()
        except Exception:
            pass


def make(world: World, cls: type[Any]) -> dict[str, Any]:
    tracker = world.state.Tracker()
    plan, child = world.plan(cls), world.plan(world.sub, [-1, 1, -1, -1, -1])
    joined = world.hydration.JoinedPlan("r", child, True, lambda parent, items: None)
    plan.joined.append(joined)
    [obj] = world.load(tracker, world.plan(cls), [(1, 2, 3, 4)])
    return {
        "tracker": tracker,
        "home": tracker.home(world.layout(cls)),
        "layout": world.layout(cls),
        "attribute": cls.a,
        "plan": plan,
        "joined": joined,
        "run": world.hydration.LoadRun(tracker, [plan], scalar=True),
        "obj": obj,
        "state": world.state.state_of(obj),
    }


@pytest.mark.parametrize("nonsense", [None, 5, []])
@pytest.mark.parametrize(
    "what",
    ["tracker", "home", "layout", "attribute", "plan", "joined", "run", "state"],
)
def test_fields_may_be_set_to_nonsense(
    world: World, cls: type[Any], what: str, nonsense: Any
) -> None:
    names = [
        name
        for name in dir(make(world, cls)[what])
        if name.startswith("_o_") or not name.startswith("_")
    ]
    for name in names:
        made = make(world, cls)
        target = made[what]
        try:
            before = getattr(target, name)
            setattr(target, name, nonsense)
        except Exception:
            continue
        use_everything(world, made, cls)
        if what in ("layout", "attribute"):
            try:
                setattr(target, name, before)
            except TypeError:
                continue
    gc.collect()


@pytest.mark.parametrize(
    "name",
    [
        "Layout",
        "Attribute",
        "Tracker",
        "IdentityDict",
        "AdoptedState",
        "EntityPlan",
        "JoinedPlan",
        "ColumnOutput",
        "PyOutput",
        "LoadRun",
    ],
)
def test_objects_that_were_never_initialized_are_no_harm(
    world: World, cls: type[Any], name: str
) -> None:
    made = make(world, cls)
    kind: Any = getattr(world.state, name, None) or getattr(world.hydration, name)
    bare = kind.__new__(kind)
    plan, obj = world.plan(cls), made["obj"]
    plan.joined.append(bare)
    actions: list[Callable[[], object]] = [
        lambda: repr(bare),
        lambda: bare.get(1),
        lambda: bare.values(),
        lambda: bare.add(cls(), 1),
        lambda: bare.home(made["layout"]),
        lambda: bare.obj(),
        lambda: bare.rows([(1, 2, 3, 4)]),
        lambda: bare.finish(),
        lambda: bare.__get__(obj, cls),
        lambda: bare.__set__(obj, 1),
        lambda: bare.add_column("x"),
        lambda: world.hydration.EntityPlan(bare, [0], [0]),
        lambda: world.load(made["tracker"], bare, [(1, 2, 3, 4)]),
        lambda: world.load(made["tracker"], plan, [(1, 2, 3, 4)]),
        lambda: world.load(bare, world.plan(cls), [(1, 2, 3, 4)]),
        lambda: setattr(made["state"], "_o_home", bare),
        lambda: setattr(obj, "a", 5),
        lambda: setattr(made["state"], "_o_layout", bare),
        lambda: setattr(obj, "b", 5),
        lambda: world.state.loaded(obj),
        lambda: obj.__dict__.update(_sa_instance_state=bare),
        lambda: world.state.write(obj, 1, 2),
        lambda: made["layout"].attributes.update(a=bare),
        lambda: cls(a=1),
        lambda: made["tracker"].homes.update(x=bare),
        lambda: made["tracker"].clear(),
    ]
    for action in actions:
        try:
            action()
        except Exception:
            pass
    gc.collect()


def test_a_table_that_is_no_identity_dict_is_no_home(
    world: World, cls: type[Any]
) -> None:
    suffix = SUFFIXES[world.impl]
    table = import_module(f"ormolu._speedups.weak_table{suffix}").WeakTable()
    made = make(world, cls)
    if world.impl == "cython":
        with pytest.raises(TypeError, match="Expected an IdentityDict or None"):
            made["state"]._o_home = table
    else:
        made["state"]._o_home = table
    use_everything(world, made, cls)
    assert (table.get(1), table.values(), len(table)) == (None, [], 0)
