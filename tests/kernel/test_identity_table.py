"""Identity dicts under all kinds of keys, and keys that misbehave."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ormolu._speedups._choose import Implementation
from tests.kernel.models import World, world_of

MODULUS = sys.hash_info.modulus
NUMBERS = [
    *range(-4, 12),
    MODULUS - 1, MODULUS, MODULUS + 1, MODULUS + 2,
    1 - MODULUS, -MODULUS, -MODULUS - 1, -MODULUS - 2,
    2**63 - 1, 2**63, -(2**63), 10**30, 1 << 32, (1 << 32) + 8, 8 << 40,
]  # fmt: skip
OTHERS = [
    True, False, 1.0, -1.0, -2.0, 2.5, float(2**62), Decimal(3), Fraction(7, 2),
    "a", "", b"a", (1,), (1, 2), None, frozenset(),
]  # fmt: skip
KEYS = st.sampled_from([*NUMBERS, *OTHERS])
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "add", "add", "die", "discard", "get"]), KEYS),
    max_size=80,
)


def home_of(world: World, cls: type[Any]) -> Any:
    # the tracker may go: a home does without
    return world.state.Tracker().home(world.layout(cls))


@pytest.mark.parametrize("impl", ["cython", "python"])
@pytest.mark.parametrize("numbers_only", [False, True])
def test_a_home_is_a_dict_of_what_is_alive(
    impl: Implementation, numbers_only: bool
) -> None:
    try:
        world = world_of(impl)
    except ImportError as error:
        pytest.skip(f"the extensions are not built: {error}")

    @settings(max_examples=150, deadline=None)
    @given(STEPS)
    def check(steps: list[tuple[str, Any]]) -> None:
        home = home_of(world, world.embedded)
        model: dict[Any, Any] = {}
        for step, key in steps:
            if numbers_only and type(key) is not int:
                continue
            if step == "add":
                obj = world.embedded()
                previous = model.get(key)
                assert home.replace(obj, key) is previous
                model[key] = obj
                del obj, previous
            elif step == "die":
                model.pop(key, None)
            elif step == "discard" and key in model:
                obj = model.pop(key)
                assert home.discard(obj)
                assert not home.discard(obj)
                del obj
            assert home.get(key) is model.get(key)
            assert home.items() == list(model.items())
            assert home.values() == list(model.values())
            assert home.keys() == list(model)
            assert len(home) == len(model)
            assert all(home.contains(own) for own in model.values())
        for key in [*NUMBERS, *OTHERS]:
            assert home.get(key) is model.get(key)

    check()


def test_many_entries_come_and_go(cls: type[Any], world: World) -> None:
    home = home_of(world, cls)
    alive: dict[int, Any] = {}
    for turn in range(6):
        for number in range(turn * 500, turn * 500 + 1500):
            key = number * 7919 % 4099 - 2000
            obj = alive[key] = cls()
            home.add(obj, key)
        for key in list(alive)[:: turn + 1]:
            del alive[key]
        del obj
        gc.collect()
        assert len(home) == len(alive)
        assert {key: home.get(key) for key in alive} == alive
    alive.clear()
    gc.collect()
    assert home.items() == []
    home.add(last := cls(), 5)
    assert home.items() == [(5, last)]


def test_an_entry_that_comes_again_is_the_last(cls: type[Any], world: World) -> None:
    home = home_of(world, cls)
    objs = [cls() for _ in range(3)]
    for key, obj in enumerate(objs):
        home.add(obj, key)
    home.discard(objs[0])
    home.add(objs[0], 0)
    assert home.keys() == [1, 2, 0]
    home.add(other := cls(), 1)
    assert home.items() == [(1, other), (2, objs[2]), (0, objs[0])]


def test_what_values_gives_is_a_picture(cls: type[Any], world: World) -> None:
    home = home_of(world, cls)
    objs = [cls() for _ in range(10)]
    for key, obj in enumerate(objs):
        home.add(obj, key)
    more = []
    for number, obj in enumerate(home.values()):
        home.discard(obj)
        more.append(cls())
        home.add(more[-1], 100 + number)
        home.add(more[-1], str(number))
    assert home.values() == more


class Curious:
    """A key, equal to a number, that does something whenever it is compared."""

    def __init__(self, number: int, action: Callable[[], object]) -> None:
        self.number = number
        self.action = action

    def __hash__(self) -> int:
        return hash(self.number)

    def __eq__(self, other: object) -> bool:
        action, self.action = self.action, lambda: None
        action()
        return other == self.number


@pytest.mark.parametrize("number", [7, -1, -2, 10**30])
@pytest.mark.parametrize("held", [True, False])
def test_a_comparison_may_change_the_home(
    cls: type[Any], world: World, number: int, held: bool
) -> None:
    for what in ("die", "replace", "grow", "clear", "convert"):
        home = home_of(world, cls)
        others = [cls() for _ in range(40)]
        box = [cls()]
        home.add(box[0], number)
        keep: list[Any] = [box[0]] if held else []

        def act(
            what: str = what, box: Any = box, home: Any = home, others: Any = others
        ) -> None:
            if what == "die":
                box.clear()
                gc.collect()
            elif what == "replace":
                home.add(others[0], number)
            elif what == "clear":
                for obj in box:
                    home.discard(obj)
                box.clear()
            for key, obj in enumerate(others if what == "grow" else [], 100):
                home.add(obj, key)
            if what == "convert":
                home.add(others[1], "a string")

        found = home.get(Curious(number, act))
        assert found is None or found is home.get(number) or found in keep
        assert len(home) == len(home.values()) == len(home.keys())
        assert all(home.contains(obj) for obj in home.values())
        home.add(others[2], Curious(number, act))
        assert home.get(number) is others[2]
        assert home.discard(others[2])
        assert home.get(number) is None


class Broken:
    """A key that cannot be compared."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __hash__(self) -> int:
        return hash(self.number)

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not comparable")


def test_a_comparison_may_fail(cls: type[Any], world: World) -> None:
    home = home_of(world, cls)
    obj, other = cls(), cls()
    home.add(obj, 7)
    for function in (home.get, lambda key: home.add(other, key)):
        with pytest.raises(RuntimeError, match="not comparable"):
            function(Broken(7))
    assert home.items() == [(7, obj)]
    assert home.get(Broken(8)) is None
    home.add(other, key := Broken(8))
    assert home.items() == [(7, obj), (key, other)]
    del obj  # its key is not the broken one
    gc.collect()
    assert home.values() == [other]


def test_unhashable_keys_change_nothing(cls: type[Any], world: World) -> None:
    home = home_of(world, cls)
    obj = cls()
    home.add(obj, 1)
    with pytest.raises(TypeError, match="unhashable"):
        home.add(cls(), [])
    assert home.items() == [(1, obj)]


@pytest.mark.parametrize("key", [1, "one", (1, 2)])
def test_a_resurrected_object_can_enter_again(world: World, key: Any) -> None:
    back: list[Any] = []

    class Phoenix(world.embedded):  # type: ignore[misc,name-defined]
        def __del__(self) -> None:
            back.append(self)

    world.state.register_layout(
        Phoenix,
        world.state.Layout(
            Phoenix, ["id"], [], ["id"], base=world.layout(world.embedded)
        ),
    )
    tracker = world.state.Tracker()
    home = tracker.home(world.layout(world.embedded))
    obj = Phoenix()
    home.add(obj, key)
    ref = weakref.ref(obj)
    del obj
    gc.collect()
    obj = back.pop()
    assert home.get(key) in (None, obj)
    assert ref() in (None, obj)
    home.add(obj, key)
    assert home.get(key) is obj
    assert home.values() == [obj]
    obj.__dict__["self"] = obj
    world.state.put(obj, 0, obj)  # a cycle
    del obj
    gc.collect()
    assert home.values() == [] or home.values() == back
    back.clear()
    gc.collect()


def test_nothing_of_a_home_leaks(cls: type[Any], world: World) -> None:
    refs = []
    for _ in range(3):
        home = home_of(world, cls)
        objs = [cls() for _ in range(100)]
        for number, obj in enumerate(objs):
            home.add(obj, number if number < 50 else str(number))
        refs += [weakref.ref(home), *(weakref.ref(obj) for obj in objs)]
        watched = weakref.getweakrefs(objs[0])[0]
        del home, objs, obj
        gc.collect()
        assert all(ref() is None for ref in refs)
        assert sys.getrefcount(watched) == 3 or world.impl == "python"
