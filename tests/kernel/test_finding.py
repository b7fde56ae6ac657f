"""The shortest way to an object in memory."""

from __future__ import annotations

import copy
import inspect
import pickle
import pydoc
import sys
from importlib import import_module
from typing import Any

import pytest

from ormolu._speedups._choose import SUFFIXES
from tests.kernel.models import World


class Owner:
    """Finds objects, and notes when its own method has run."""

    get: Any

    def __init__(self, finders: Any) -> None:
        self._finders = finders
        self.calls: list[tuple[Any, ...]] = []


def plain_get(
    self: Any, cls: type[Any], key: Any, *, options: Any = None
) -> tuple[Any, ...]:
    """The documentation."""
    self.calls.append((cls, key, options))
    return ("asked", cls, key, options)


def owner_of(world: World, finders: Any) -> Any:
    suffix = {str(name): suffix for name, suffix in SUFFIXES.items()}[world.impl]
    finding = import_module(f"ormolu._speedups.finding{suffix}")
    owner_class = type(
        "Owner", (Owner,), {"get": finding.quick_find(plain_get), "__doc__": None}
    )
    return owner_class(finders)


def is_quick(world: World) -> bool:
    return world.impl == "cython"


def home_of(world: World, cls: type[Any]) -> Any:
    tracker = world.state.Tracker()
    home = tracker.home(world.layout(cls))
    return home


@pytest.mark.parametrize("key", [1, "one", -(10**30), ""])
def test_what_is_at_hand_is_returned(cls: type[Any], world: World, key: Any) -> None:
    home = home_of(world, cls)
    obj = cls()
    home.add(obj, key)
    owner = owner_of(world, {cls: home})
    for get in (owner.get, lambda *a: type(owner).get(owner, *a)):
        found = get(cls, key)
        if is_quick(world):
            assert found is obj
            assert owner.calls == []
        else:
            assert found == ("asked", cls, key, None)


@pytest.mark.parametrize("flag", ["EXPIRED", "DELETED"])
def test_what_needs_a_look_is_left_to_the_method(
    cls: type[Any], world: World, flag: str
) -> None:
    home = home_of(world, cls)
    obj = cls()
    home.add(obj, 1)
    owner = owner_of(world, {cls: home})
    state = world.state.state_of(obj)
    state._o_flags |= getattr(world.state, flag)
    assert owner.get(cls, 1) == ("asked", cls, 1, None)
    state._o_flags &= ~getattr(world.state, flag)
    assert (owner.get(cls, 1) is obj) is is_quick(world)


def test_everything_else_is_left_to_the_method(cls: type[Any], world: World) -> None:
    home = home_of(world, cls)
    obj = cls()
    home.add(obj, 1)
    owner = owner_of(world, {cls: home})

    class Number(int):
        pass

    for key in (2, True, 1.0, Number(1), (1,), None, b"1"):
        assert owner.get(cls, key) == ("asked", cls, key, None)
    assert owner.get(cls, 1, options=[]) == ("asked", cls, 1, [])
    assert owner.get(cls=cls, key=1) == ("asked", cls, 1, None)
    assert owner.get(cls, key=1) == ("asked", cls, 1, None)
    assert owner.get(object, 1) == ("asked", object, 1, None)
    assert len(owner.calls) == 11


def test_an_object_of_another_class_is_left_to_the_method(world: World) -> None:
    home = home_of(world, world.embedded)
    obj = world.sub()
    home.add(obj, 1)
    owner = owner_of(world, {world.embedded: home, world.sub: home})
    assert owner.get(world.embedded, 1)[0] == "asked"
    assert (owner.get(world.sub, 1) is obj) is is_quick(world)


@pytest.mark.parametrize("finders", [None, 1, {}, {dict: 1}])
def test_an_owner_without_finders_is_asked(world: World, finders: Any) -> None:
    owner = owner_of(world, finders)
    assert owner.get(dict, 1) == ("asked", dict, 1, None)
    del owner._finders
    assert owner.get(dict, 1) == ("asked", dict, 1, None)


def test_an_unhashable_class_is_an_error_of_the_method_or_the_look(
    world: World,
) -> None:
    owner = owner_of(world, {})
    if is_quick(world):
        with pytest.raises(TypeError, match="unhashable"):
            owner.get([], 1)
    else:
        assert owner.get([], 1)[0] == "asked"


def test_errors_of_arguments_are_those_of_the_method(world: World) -> None:
    owner = owner_of(world, {})
    for arguments in ((), (dict,), (dict, 1, 2)):
        with pytest.raises(TypeError, match="positional argument"):
            owner.get(*arguments)
    with pytest.raises(TypeError, match="unexpected keyword argument 'strange'"):
        owner.get(dict, 1, strange=1)


def test_an_override_is_called_and_may_call_on(cls: type[Any], world: World) -> None:
    home = home_of(world, cls)
    obj = cls()
    home.add(obj, 1)
    base = type(owner_of(world, {}))

    class Sub(base):  # type: ignore[misc,valid-type]
        def get(self, cls: type[Any], key: Any, **kw: Any) -> Any:
            return "own", super().get(cls, key, **kw)

    own, found = Sub({cls: home}).get(cls, 1)
    assert own == "own"
    assert (found is obj) is is_quick(world)


def test_tools_see_the_method(world: World) -> None:
    owner = owner_of(world, {})
    function, bound = type(owner).get, owner.get
    assert inspect.signature(function) == inspect.signature(plain_get)
    assert list(inspect.signature(bound).parameters) == ["cls", "key", "options"]
    assert function.__name__ == bound.__name__ == "plain_get"
    assert function.__doc__ == bound.__doc__ == inspect.getdoc(bound)
    assert function.__code__ is plain_get.__code__
    assert function.__kwdefaults__ == {"options": None}
    assert inspect.isroutine(function)
    assert inspect.ismethod(bound)
    assert bound.__self__ is owner
    assert bound == owner.get
    assert "The documentation." in pydoc.render_doc(type(owner))
    assert not hasattr(function, "__nothing__")


def test_the_method_is_pickled_and_copied_by_its_name(world: World) -> None:
    function = type(owner_of(world, {})).get
    assert copy.copy(function) is copy.deepcopy(function) is function
    if is_quick(world):  # this module has the function itself under that name
        with pytest.raises(pickle.PicklingError, match="not the same object"):
            pickle.dumps(function)


def test_references_are_balanced(world: World) -> None:
    cls = world.embedded
    home = home_of(world, cls)
    obj, gone = cls(), 10**20
    home.add(obj, 10**10)
    owner = owner_of(world, {cls: home})
    watched = [obj, home, owner, cls, gone]
    before = [sys.getrefcount(each) for each in watched]
    for _ in range(100):
        owner.get(cls, 10**10)
        owner.get(cls, gone)
        owner.get(cls, 3.5)
        with pytest.raises(TypeError):
            owner.get()
    owner.calls.clear()
    after = [sys.getrefcount(each) for each in watched]
    assert after == before
