"""InstrumentedSet and the users' own sets: which change announces what."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ormolu.instrument.collections import InstrumentedSet, collection_adapter
from ormolu.instrument.flags import NO_KEY
from tests.instrument.collections_recorder import Item, Recorder


class MySet(set[Any]):
    """A user's subclass: instrumented in place."""


class SetLike:
    """Behaves like a set, in part, and derives from nothing."""

    def __init__(self) -> None:
        self.data: set[Any] = set()

    def add(self, item: Any) -> None:
        self.data.add(item)

    def remove(self, item: Any) -> None:
        self.data.remove(item)

    def discard(self, item: Any) -> None:
        self.data.discard(item)

    def pop(self) -> Any:
        return self.data.pop()

    def clear(self) -> None:
        self.data.clear()

    def update(self, items: Any) -> None:
        self.data.update(items)

    def __iter__(self) -> Any:
        return iter(self.data)


a, b, c, d = (Item(name) for name in "abcd")


@pytest.fixture(params=[set, MySet, SetLike])
def recorder(request: pytest.FixtureRequest) -> Recorder:
    return Recorder(request.param)


def test_add(recorder: Recorder) -> None:
    children = recorder.load(a)
    children.add(b)
    children.add(a)
    assert recorder.events == [("append", b, NO_KEY), ("present", a, None)]
    assert recorder.contents[0] == [a]
    assert set(children) == {a, b}


def test_a_listener_may_replace_the_item(recorder: Recorder) -> None:
    recorder.swap = {b: c}
    children = recorder.load(a)
    children.add(b)
    assert set(children) == {a, c}


def test_remove_and_discard(recorder: Recorder) -> None:
    children = recorder.load(a, b)
    children.remove(a)
    children.discard(b)
    children.discard(c)
    with pytest.raises(KeyError):
        children.remove(d)
    assert recorder.events == [("remove", a, NO_KEY), ("remove", b, NO_KEY)]
    assert set(children) == set()


def test_pop(recorder: Recorder) -> None:
    children = recorder.load(a)
    assert children.pop() is a
    assert recorder.events == [("pre_remove", None, None), ("remove", a, NO_KEY)]
    assert recorder.contents == [[a], []]
    with pytest.raises(KeyError):
        children.pop()
    assert recorder.changes == ["-a"]


def test_clear(recorder: Recorder) -> None:
    children = recorder.load(a, b)
    children.clear()
    assert sorted(recorder.changes) == ["-a", "-b"]
    assert set(children) == set()


def test_update(recorder: Recorder) -> None:
    children = recorder.load(a)
    children.update([a, b])
    assert recorder.changes == ["=a", "+b"]
    assert set(children) == {a, b}


def test_update_takes_several_like_that_of_a_set(recorder: Recorder) -> None:
    children = recorder.load(a)
    children.update()
    children.update([b], [c])
    assert recorder.changes == ["+b", "+c"]


@pytest.mark.parametrize(
    ("operator", "method", "other", "changes"),
    [
        ("__ior__", "update", {a, c}, ["+c", "=a"]),
        ("__isub__", "difference_update", {a, c}, ["-a"]),
        ("__iand__", "intersection_update", {a, c}, ["-b"]),
        ("__ixor__", "symmetric_difference_update", {a, c}, ["+c", "-a"]),
    ],
)
@pytest.mark.parametrize("factory", [set, MySet])
def test_set_algebra(
    factory: Any, operator: str, method: str, other: set[Any], changes: list[str]
) -> None:
    recorder = Recorder(factory)
    plain = {a, b}
    getattr(plain, method)(other)

    children = recorder.load(a, b)
    assert getattr(children, operator)(frozenset(other)) is children
    assert children == plain
    assert sorted(recorder.changes) == changes

    recorder.events.clear()
    children = recorder.load(a, b)
    getattr(children, method)(list(other))
    assert children == plain
    assert sorted(recorder.changes) == changes

    with pytest.raises(TypeError, match="unsupported operand"):
        _in_place(operator, children, list(other))


def _in_place(operator: str, left: Any, right: Any) -> None:
    if operator == "__ior__":
        left |= right
    elif operator == "__isub__":
        left -= right
    elif operator == "__iand__":
        left &= right
    else:
        left ^= right


def test_a_set_may_be_its_own_operand() -> None:
    recorder = Recorder(set)
    children = recorder.load(a, b)
    children -= children
    assert children == set()
    assert sorted(recorder.changes) == ["-a", "-b"]


def test_initiator(recorder: Recorder) -> None:
    children = recorder.load(a)
    children.add(b, _sa_initiator=False)
    children.remove(b, _sa_initiator=False)
    assert recorder.events == []
    children.add(b, _sa_initiator="token")
    children.add(b, _sa_initiator="token")
    children.remove(b, _sa_initiator="token")
    assert recorder.initiators == ["token"] * 3


def test_without_owner() -> None:
    children = InstrumentedSet([a])
    assert collection_adapter(children) is None
    children.add(b)
    children |= {c}
    children.discard(a)
    assert children == {b, c}
    assert type(children | {d}) is set


some = st.sets(st.integers(0, 9), max_size=4)
operations = st.one_of(
    st.tuples(st.sampled_from(["add", "discard", "remove"]), st.integers(0, 9)),
    st.tuples(
        st.sampled_from(
            [
                "update",
                "difference_update",
                "intersection_update",
                "symmetric_difference_update",
                "__ior__",
                "__isub__",
                "__iand__",
                "__ixor__",
            ]
        ),
        some,
    ),
    st.tuples(st.just("clear")),
)


@given(st.sampled_from([set, MySet]), some, st.lists(operations))
def test_like_a_set_and_the_events_account_for_its_members(
    factory: Any, start: set[int], steps: list[tuple[Any, ...]]
) -> None:
    recorder = Recorder(factory)
    children = recorder.load(*start)
    plain, members = set(start), set(start)
    for name, *args in steps:
        try:
            getattr(plain, name)(*args)
        except KeyError:
            with pytest.raises(KeyError):
                getattr(children, name)(*args)
        else:
            getattr(children, name)(*args)
        assert children == plain
    for kind, item, _ in recorder.events:
        if kind == "append":
            assert item not in members
            members.add(item)
        elif kind == "remove":
            members.remove(item)
    assert members == plain
