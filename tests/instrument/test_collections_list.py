"""InstrumentedList and the users' own lists: which change announces what."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ormolu.instrument.collections import (
    InstrumentedList,
    collection_adapter,
    new_collection,
)
from ormolu.instrument.flags import NO_KEY
from tests.instrument.collections_recorder import Item, Recorder


class MyList(list[Any]):
    """A user's subclass: instrumented in place."""


class MyInstrumented(InstrumentedList[Any]):
    """A user's subclass of what is instrumented already."""


class ListLike:
    """Behaves like a list and derives from nothing."""

    def __init__(self) -> None:
        self.data: list[Any] = []

    def append(self, item: Any) -> None:
        self.data.append(item)

    def remove(self, item: Any) -> None:
        self.data.remove(item)

    def insert(self, index: int, item: Any) -> None:
        self.data.insert(index, item)

    def pop(self, index: int = -1) -> Any:
        return self.data.pop(index)

    def extend(self, items: Any) -> None:
        raise AssertionError("never reached: append() is called for each item")

    def clear(self) -> None:
        self.data.clear()

    def __iadd__(self, items: Any) -> Any:
        raise AssertionError("never reached: append() is called for each item")

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: Any) -> Any:
        return self.data[index]

    def __setitem__(self, index: Any, item: Any) -> None:
        self.data[index] = item

    def __delitem__(self, index: Any) -> None:
        del self.data[index]

    def __iter__(self) -> Any:
        return iter(self.data)


a, b, c, d, e, f = (Item(name) for name in "abcdef")


@pytest.fixture(params=[list, MyList, MyInstrumented, ListLike])
def recorder(request: pytest.FixtureRequest) -> Recorder:
    return Recorder(request.param)


def test_append_is_announced_before_the_item_is_there(recorder: Recorder) -> None:
    children = recorder.load(a)
    children.append(b)
    assert recorder.events == [("append", b, NO_KEY)]
    assert recorder.contents == [[a]]
    assert list(children) == [a, b]


def test_a_listener_may_replace_the_item(recorder: Recorder) -> None:
    children = recorder.load(a)
    recorder.swap = {b: c, d: e}
    children.append(b)
    children.insert(0, d)
    children[1] = b
    assert list(children) == [e, c, c]


def test_insert(recorder: Recorder) -> None:
    children = recorder.load(a, b)
    children.insert(1, c)
    assert recorder.events == [("append", c, 1)]
    assert list(children) == [a, c, b]


def test_extend_takes_one_after_another(recorder: Recorder) -> None:
    children = recorder.load(a)
    children.extend(iter([b, c]))
    assert recorder.changes == ["+b", "+c"]
    assert recorder.contents == [[a], [a, b]]
    children.extend(children)
    assert list(children) == [a, b, c, a, b, c]


def test_in_place_addition(recorder: Recorder) -> None:
    children = recorder.load(a)
    same = children
    children += [b]
    children += (c,)
    assert children is same
    assert recorder.changes == ["+b", "+c"]
    assert list(children) == [a, b, c]


def test_remove_is_announced_before(recorder: Recorder) -> None:
    children = recorder.load(a, b)
    children.remove(a)
    assert recorder.events == [("remove", a, NO_KEY)]
    assert recorder.contents == [[a, b]]
    assert list(children) == [b]


def test_removing_what_is_not_there_is_announced_too(recorder: Recorder) -> None:
    children = recorder.load(a)
    with pytest.raises(ValueError, match="x not in list"):
        children.remove(b)
    assert recorder.events == [("remove", b, NO_KEY)]


def test_a_backref_announces_the_removal_also_from_a_stale_list(
    recorder: Recorder,
) -> None:
    recorder.load(a)
    with pytest.raises(ValueError, match="x not in list"):
        recorder.adapter.remove_with_event(b, "token")
    assert recorder.changes == ["-b"]
    assert recorder.initiators == ["token"]


def test_pop_is_announced_afterwards(recorder: Recorder) -> None:
    children = recorder.load(a, b, c)
    assert children.pop() is c
    assert children.pop(0) is a
    assert recorder.events == [
        ("pre_remove", None, None),
        ("remove", c, -1),
        ("pre_remove", None, None),
        ("remove", a, 0),
    ]
    assert recorder.contents == [[a, b, c], [a, b], [a, b], [b]]


def test_failing_pop_announces_no_removal(recorder: Recorder) -> None:
    children = recorder.load(a)
    with pytest.raises(IndexError):
        children.pop(7)
    assert recorder.changes == []


def test_clear(recorder: Recorder) -> None:
    children = recorder.load(a, b)
    children.clear()
    assert recorder.events == [("remove", a, -1), ("remove", b, -1)]
    assert recorder.contents == [[a, b], [a, b]]
    assert list(children) == []


def test_delete_one_and_a_slice(recorder: Recorder) -> None:
    children = recorder.load(a, b, c, d)
    del children[-1]
    del children[:2]
    assert recorder.events == [
        ("remove", d, -1),
        ("remove", a, slice(None, 2)),
        ("remove", b, slice(None, 2)),
    ]
    assert list(children) == [c]
    with pytest.raises(IndexError):
        del children[9]
    assert len(recorder.events) == 3


def test_set_one(recorder: Recorder) -> None:
    children = recorder.load(a, b)
    children[1] = c
    assert recorder.events == [("remove", b, 1), ("append", c, 1)]
    assert list(children) == [a, c]
    with pytest.raises(IndexError):
        children[9] = d
    assert len(recorder.events) == 2


@pytest.mark.parametrize(
    ("index", "values", "changes"),
    [
        (slice(None), [e, f], ["-a", "-b", "-c", "-d", "+e", "+f"]),
        (slice(None), [], ["-a", "-b", "-c", "-d"]),
        (slice(1, 3), [e], ["-b", "-c", "+e"]),
        (slice(3, 1), [e], ["+e"]),
        (slice(-2, None), [e, f, a], ["-c", "-d", "+e", "+f", "+a"]),
        (slice(9, None), [e], ["+e"]),
        (slice(None, None, 2), [e, f], ["-a", "+e", "-c", "+f"]),
        (slice(None, None, -2), [e, f], ["-d", "+e", "-b", "+f"]),
    ],
)
def test_set_a_slice(
    recorder: Recorder, index: slice, values: list[Item], changes: list[str]
) -> None:
    children = recorder.load(a, b, c, d)
    plain = [a, b, c, d]
    children[index] = iter(values)
    plain[index] = values
    assert list(children) == plain
    assert recorder.changes == changes


def test_extended_slices_need_the_right_number(recorder: Recorder) -> None:
    children = recorder.load(a, b, c)
    with pytest.raises(ValueError, match="sequence of size 1 to extended slice of si"):
        children[::2] = [d]
    with pytest.raises(TypeError, match="'int' object is not iterable"):
        children[:] = 5
    assert recorder.events == []
    assert list(children) == [a, b, c]


def test_assigning_a_list_to_its_own_whole_slice_is_nothing(
    recorder: Recorder,
) -> None:
    children = recorder.load(a, b)
    children[:] = children
    assert recorder.events == []
    assert list(children) == [a, b]


def test_order_is_not_announced() -> None:
    recorder = Recorder(list)
    children = recorder.load(a, b)
    children.reverse()
    assert children == [b, a]
    children.sort(key=repr)
    children *= 2
    assert children == [a, b, a, b]
    assert recorder.events == []


def test_initiator_false_means_no_event(recorder: Recorder) -> None:
    children = recorder.load(a)
    children.append(b, _sa_initiator=False)
    children.remove(a, _sa_initiator=False)
    assert recorder.events == []
    assert list(children) == [b]


def test_initiator_is_passed_on(recorder: Recorder) -> None:
    children = recorder.load(a)
    children.append(b, _sa_initiator="one")
    children.remove(a, _sa_initiator="two")
    assert recorder.initiators == ["one", "two"]


def test_a_list_without_owner_is_a_plain_list() -> None:
    children = InstrumentedList([a])
    assert collection_adapter(children) is None
    children.append(b)
    children.extend([c])
    children += [d]
    children.insert(0, e)
    children[0] = f
    children[1:2] = []
    children.remove(b)
    assert children.pop() is d
    assert children == [f, c]
    del children[0]
    children.clear()
    assert children == []


def test_reading_is_not_overridden() -> None:
    for name in ("__getitem__", "__iter__", "__len__", "__contains__", "index"):
        assert getattr(InstrumentedList, name) is getattr(list, name)
    children = Recorder(list).load(a)
    assert not hasattr(children, "__dict__")
    assert type(children[:]) is list
    assert type(children.copy()) is list


def test_overridden_append_serves_extend_and_initial_load() -> None:
    class Upper(list[Any]):
        def append(self, item: Any) -> None:
            super().append(item.upper())

    recorder = Recorder(Upper)
    children = recorder.load("a")
    children.extend(["b", "c"])
    children += ["d"]
    assert children == ["A", "B", "C", "D"]
    assert recorder.changes == ["+b", "+c", "+d"]


def test_a_derived_class_is_instrumented_once() -> None:
    recorder = Recorder(MyInstrumented)
    assert recorder.collection_factory is MyInstrumented
    assert MyInstrumented.append is InstrumentedList.append
    assert MyInstrumented._sa_instrumented == id(MyInstrumented)  # type: ignore[attr-defined]


positions = st.integers(-6, 6)
slices = st.builds(
    slice,
    st.none() | positions,
    st.none() | positions,
    st.none() | st.sampled_from([-2, -1, 1, 2]),
)
some = st.lists(st.integers(0, 99), max_size=4)
operations = st.one_of(
    st.tuples(st.just("append"), st.integers(0, 99)),
    st.tuples(st.just("extend"), some),
    st.tuples(st.just("__iadd__"), some),
    st.tuples(st.just("insert"), positions, st.integers(0, 99)),
    st.tuples(st.just("remove"), st.integers(0, 99)),
    st.tuples(st.just("pop"), positions),
    st.tuples(st.just("clear")),
    st.tuples(st.just("__delitem__"), positions | slices),
    st.tuples(st.just("__setitem__"), positions, st.integers(0, 99)),
    st.tuples(st.just("__setitem__"), slices, some),
)


@given(st.sampled_from([list, MyList, ListLike]), some, st.lists(operations))
def test_like_a_list_and_the_events_account_for_its_members(
    factory: Any, start: list[int], steps: list[tuple[Any, ...]]
) -> None:
    recorder = Recorder(factory)
    children = recorder.load(*start)
    plain, members = list(start), sorted(start)
    for name, *args in steps:
        if name == "remove" and args[0] not in plain:
            continue  # announced although nothing leaves
        outcome = attempt(getattr(children, name), args)
        assert outcome == attempt(getattr(plain, name), args)
        assert list(children) == plain
    for kind, item, _ in recorder.events:
        if kind == "append":
            members.append(item)
        elif kind == "remove":
            members.remove(item)
    assert sorted(members) == sorted(plain)


def attempt(method: Any, args: list[Any]) -> Any:
    try:
        result = method(*args)
    except (ValueError, IndexError) as error:
        return type(error)
    return list(result) if isinstance(result, (list, ListLike)) else result


def test_new_list_is_filled_without_events() -> None:
    recorder = Recorder(list)
    assert recorder.collection_factory is InstrumentedList
    children = new_collection(recorder, recorder.owner, [a, b])
    assert type(children) is InstrumentedList
    assert children == [a, b]
    assert recorder.events == []
