"""Values of many objects for a flush."""

from __future__ import annotations

from typing import Any

import pytest

from ormolu._speedups.sentinel import UNLOADED
from tests.kernel.models import World


def test_values_are_gathered_in_the_order_of_the_slots(
    cls: type[Any], world: World
) -> None:
    objs = [cls(id=1, a=2, r=[3]), cls(b=4)]
    assert world.gather.gather(objs, [1, 0, -1, 9]) == [
        (2, 1, [3], None),
        (None, None, None, None),
    ]
    assert world.gather.gather_one(objs[1], (2,)) == (4,)
    assert world.gather.gather([], [1]) == []


def test_only_real_changes_count(cls: type[Any], world: World) -> None:
    [obj] = world.load(world.state.Tracker(), world.plan(cls), [(1, 2, 3, 4)])
    assert world.gather.changed(obj) == []
    obj.c, obj.b, obj.a = 5, 3.0, 6
    obj.a = 2
    world.state.note_original(obj, "r", None)
    world.state.note_original(obj, "nowhere", None)
    assert world.gather.changed(obj) == [3]
    obj.a = 7
    assert world.gather.changed(obj) == [1, 3]
    assert world.gather.changed(object()) == []


def test_what_was_not_loaded_has_changed(cls: type[Any], world: World) -> None:
    [obj] = world.load(world.state.Tracker(), world.plan(cls, [0, 1, -1, -1]), [(1, 2)])
    world.state.note_original(obj, "c", UNLOADED)
    obj.b = None
    world.state.note_original(obj, "a", 2)
    world.state.drop(obj, 1)
    assert world.gather.changed(obj) == [1, 2, 3]


def test_types_may_compare_in_their_own_way(cls: type[Any], world: World) -> None:
    [obj] = world.load(world.state.Tracker(), world.plan(cls), [(1, "A", "B", "C")])
    layout = world.layout(cls)
    layout.comparators = {1: lambda old, new: old.lower() == new.lower()}
    obj.a, obj.b = "a", "b"
    assert world.gather.changed(obj) == [2]


def test_what_cannot_be_compared_has_changed(cls: type[Any], world: World) -> None:
    class Array:
        def __eq__(self, other: object) -> Any:
            raise ValueError("ambiguous")

        __hash__ = None  # type: ignore[assignment]

    class Stop(Array):
        def __eq__(self, other: object) -> Any:
            raise KeyboardInterrupt

    [obj] = world.load(world.state.Tracker(), world.plan(cls), [(1, 2, 3, 4)])
    obj.a = Array()
    assert world.gather.changed(obj) == [1]
    obj.a = Stop()
    with pytest.raises(KeyboardInterrupt):
        world.gather.changed(obj)


def test_shapes_say_what_is_included(cls: type[Any], world: World) -> None:
    objs = [cls(id=1, a=2), cls(a=2), cls(id=None, a=None, b=3)]
    assert world.gather.shape_rows(objs, [0, 1, 2], [True, False, True]) == [
        (0b011, (1, 2)),
        (0b010, (2,)),
        (0b110, (None, 3)),
    ]
    with pytest.raises(ValueError, match="differ in length"):
        world.gather.shape_rows(objs, [0], [])


def test_special_values_are_left_to_the_layers_above(
    cls: type[Any], world: World
) -> None:
    objs = [cls(a="now()"), cls(a=1)]
    assert world.gather.shape_rows(objs, [0, 1], [True, True], (str, bytes)) == [
        (-1, (None, "now()")),
        (0b10, (1,)),
    ]
    assert world.gather.shape_rows(objs, [1], [True], special=()) == [
        (1, ("now()",)),
        (1, (1,)),
    ]


def test_a_dict_may_tell_what_types_are_special(cls: type[Any], world: World) -> None:
    kinds = {int: False, str: True, type(None): False}
    objs = [cls(a="now()"), cls(a=1)]
    assert world.gather.shape_rows(objs, [1], [True], kinds) == [
        (-1, ("now()",)),
        (1, (1,)),
    ]


def test_only_true_means_equal(cls: type[Any], world: World) -> None:
    class Word:
        def __eq__(self, other: object) -> Any:
            return "perhaps"

        __hash__ = None  # type: ignore[assignment]

    [obj] = world.load(world.state.Tracker(), world.plan(cls), [(1, Word(), 3, 4)])
    obj.a = Word()
    assert world.gather.changed(obj) == [1]


def test_shapes_may_be_wider_than_a_machine_word(world: World) -> None:
    obj = world.embedded(a=1)
    slots = [0] + [1] * 70
    [(shape, values)] = world.gather.shape_rows([obj], slots, [True] * 71)
    assert shape == (1 << 71) - 2
    assert values == (1,) * 70


@pytest.mark.parametrize("width", [1, 31, 32, 33, 63, 64, 65, 100])
def test_a_whole_row_has_all_bits(world: World, cls: type[Any], width: int) -> None:
    obj = cls(a=1)
    slots = [world.layout(cls).index["a"]] * width
    [(shape, values)] = world.gather.shape_rows([obj], slots, [True] * width)
    assert shape == (1 << width) - 1
    assert values == (1,) * width


class Kinds(dict[type, bool]):
    """Strings are special; each type is asked about once."""

    def __missing__(self, kind: type) -> bool:
        self[kind] = found = kind is str
        return found


def test_changes_of_the_same_slots_are_found_together(
    cls: type[Any], world: World
) -> None:
    rows = [(key, 2, 3, 4) for key in range(6)]
    objs = world.load(world.state.Tracker(), world.plan(cls), rows)
    objs[0].a = objs[2].a = 9
    objs[1].a = 2  # as it was
    objs[3].a, objs[3].b = 9, 9
    objs[4].c = 9

    def alike(start: int, updatable: set[int]) -> Any:
        return world.gather.changed_alike(
            objs, start, frozenset(updatable), 0, "id", Kinds()
        )

    every = {0, 1, 2, 3}
    assert alike(0, every) == ((1,), [objs[0], objs[2]], [(0,), (2,)], 3)
    assert alike(3, every) == ((1, 2), [objs[3]], [(3,)], 4)
    assert alike(3, {1}) == ((1,), [objs[3]], [(3,)], 6)
    assert alike(5, every) == (None, [], [], 6)
    assert alike(6, every) == (None, [], [], 6)


def test_changes_together_end_where_one_needs_a_look(
    cls: type[Any], world: World
) -> None:
    rows = [(key, 2, 3, 4) for key in range(4)]
    objs = world.load(world.state.Tracker(), world.plan(cls), rows)
    objs[0].a = 9
    objs[1].a = "special"
    objs[2].id = 7
    world.state.drop(objs[3], 0)
    objs[3].a = 9
    new = cls(a=9)

    def alike(objs: list[Any], start: int) -> Any:
        every = frozenset(range(4))
        return world.gather.changed_alike(objs, start, every, 0, "id", Kinds())

    assert alike(objs, 0) == ((1,), [objs[0]], [(0,)], 1)
    for start in (1, 2, 3):
        assert alike(objs, start) == (None, [], [], start)
    world.state.note_original(new, "a", None)
    assert alike([new], 0) == (None, [], [], 0)
    assert alike([object()], 0) == (None, [], [], 1)
