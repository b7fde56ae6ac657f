"""The adapter, the link to the owner, special states, replacing and copies."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from typing import Any

import pytest
from sqlalchemy import exc as sa_exc

from ormolu import exc
from ormolu.instrument.collections import (
    CollectionAdapter,
    InstrumentedList,
    InstrumentedSet,
    bulk_replace,
    collection,
    collection_adapter,
    invalidate_collection,
    keyfunc_mapping,
    link_collection,
    new_collection,
    unlink_collection,
)
from ormolu.instrument.flags import NO_KEY
from tests.instrument.collections_recorder import Item, Owner, Recorder


class MyList(list[Any]):
    pass


class Bag:
    def __init__(self) -> None:
        self.data: list[Any] = []

    @collection.appender
    def put(self, item: Any) -> None:
        self.data.append(item)

    @collection.remover
    def take(self, item: Any) -> None:
        self.data.remove(item)

    @collection.iterator
    def __iter__(self) -> Any:
        return iter(self.data)


def get_name(item: Any) -> Any:
    return item.name


FACTORIES: dict[str, Any] = {
    "list": list,
    "MyList": MyList,
    "set": set,
    "dict": keyfunc_mapping(get_name),
    "Bag": Bag,
}

a, b, c, d = (Item(name) for name in "abcd")


@pytest.fixture(params=FACTORIES)
def recorder(request: pytest.FixtureRequest) -> Recorder:
    return Recorder(FACTORIES[request.param])


def same(left: Any, right: Any) -> bool:
    """Whether two iterables have the same members; a set has no order."""
    return sorted(left, key=repr) == sorted(right, key=repr)


# -- the adapter


def test_adapter_knows_both_ends(recorder: Recorder) -> None:
    children = recorder.load(a)
    adapter = collection_adapter(children)
    assert isinstance(adapter, CollectionAdapter)
    assert adapter is collection_adapter(children)
    assert adapter.attr is recorder
    assert adapter.owner is recorder.owner
    assert adapter.data is children
    assert not adapter.empty
    assert not adapter.invalidated
    assert adapter._referenced_by_owner


def test_adapter_reads(recorder: Recorder) -> None:
    recorder.load()
    assert bool(recorder.adapter)
    assert len(recorder.adapter) == 0
    recorder.load(a, b)
    assert len(recorder.adapter) == 2
    assert same(recorder.adapter, [a, b])


def test_adapter_appends_and_removes(recorder: Recorder) -> None:
    recorder.load()
    adapter = recorder.adapter
    adapter.append_with_event(a)
    adapter.append_without_event(b)
    adapter.append_multiple_without_event([c, d])
    assert recorder.changes == ["+a"]
    assert same(adapter, [a, b, c, d])
    adapter.remove_with_event(a)
    adapter.remove_without_event(b)
    assert recorder.changes == ["+a", "-a"]
    adapter.clear_with_event()
    assert same(recorder.changes, ["+a", "-a", "-c", "-d"])
    adapter.append_without_event(a)
    adapter.clear_without_event()
    assert len(recorder.events) == 4
    assert list(adapter) == []


def test_bulk_methods_are_those_of_the_class(recorder: Recorder) -> None:
    recorder.load()
    recorder.adapter.bulk_appender(a, _sa_initiator=False)
    assert list(recorder.adapter) == [a]
    recorder.adapter.bulk_remover(a, _sa_initiator=None)
    assert recorder.changes == ["-a"]


def test_adapter_fires_events(recorder: Recorder) -> None:
    recorder.load()
    adapter = recorder.adapter
    recorder.swap = {a: b}
    assert adapter.fire_append_event(a) is b
    assert adapter.fire_append_event(a, False) is a
    assert adapter.fire_append_wo_mutation_event(a, "x", "key") is a
    assert adapter.fire_append_wo_mutation_event(a, False) is a
    adapter.fire_remove_event(c, None, 3)
    adapter.fire_remove_event(c, False)
    adapter.fire_pre_remove_event()
    adapter.fire_pre_remove_event(False)
    assert recorder.events == [
        ("append", a, NO_KEY),
        ("present", a, "key"),
        ("remove", c, 3),
        ("pre_remove", None, None),
    ]


def test_the_link_is_no_cycle(recorder: Recorder) -> None:
    children = recorder.load(a)
    adapter = collection_adapter(children)
    gone = weakref.ref(adapter), weakref.ref(children)
    gc.disable()
    try:
        del children, adapter, recorder.owner
        assert [reference() for reference in gone] == [None, None]
    finally:
        gc.enable()


def test_a_change_without_an_owner_is_refused(recorder: Recorder) -> None:
    children = new_collection(recorder, Owner(), [a])
    message = (
        "Can't emit change event for attribute 'Owner.children' - parent object of "
        "type <Owner> has been garbage collected."
    )
    for change in ("append_with_event", "remove_with_event"):
        with pytest.raises(exc.ObjectDereferencedError, match=message):
            getattr(collection_adapter(children), change)(b if "app" in change else a)
    with pytest.raises(exc.ObjectDereferencedError, match=message):
        collection_adapter(children).fire_pre_remove_event()
    assert same(collection_adapter(children), [a])


def test_list_append_without_an_owner_is_refused() -> None:
    children = new_collection(Recorder(list), Owner(), [a])
    with pytest.raises(exc.ObjectDereferencedError):
        children.append(b)
    with pytest.raises(exc.ObjectDereferencedError):
        children.insert(0, b)
    assert children == [a]


# -- assignments


@pytest.mark.parametrize(
    ("factory", "given", "message"),
    [
        ("list", (), "tuple is not list-like"),
        ("list", {1}, "set is not list-like"),
        ("list", {1: 1}, "dict is not list-like"),
        ("list", None, "None is not list-like"),
        ("list", 5, "int is not list-like"),
        ("list", iter([]), "list_iterator is not list-like"),
        ("set", [1], "list is not set-like"),
        ("set", frozenset(), "frozenset is not set-like"),
        ("dict", [1], "list is not dict-like"),
        ("dict", None, "None is not dict-like"),
        ("Bag", [1], "list is not None-like"),
    ],
)
def test_incompatible_types(factory: str, given: Any, message: str) -> None:
    recorder = Recorder(FACTORIES[factory])
    recorder.load()
    with pytest.raises(TypeError, match=f"Incompatible collection type: {message}"):
        recorder.adapter.adapt_like_to_iterable(given)


@pytest.mark.parametrize(
    ("factory", "given"),
    [
        ("list", [a, b]),
        ("list", MyList([a, b])),
        ("MyList", [a, b]),
        ("set", {a, b}),
        ("dict", {1: a, 2: b}),
        ("Bag", (a, b)),
        ("Bag", iter([a, b])),
    ],
)
def test_compatible_types(factory: str, given: Any) -> None:
    recorder = Recorder(FACTORIES[factory])
    recorder.load()
    assert same(recorder.adapter.adapt_like_to_iterable(given), [a, b])


def test_an_instrumented_collection_is_read_by_its_iterator() -> None:
    recorder, other = Recorder(Bag), Recorder(Bag)
    recorder.load()
    assert list(recorder.adapter.adapt_like_to_iterable(other.load(a))) == [a]


def test_bulk_replace_tells_items_apart_by_identity() -> None:
    class Equal(Item):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    x, y, z = Equal("x"), Equal("y"), Equal("z")
    recorder = Recorder(list)
    recorder.load(x, y)
    children = recorder.assign([z, y], "bulk")
    assert [item.name for item in children] == ["z", "y"]
    assert recorder.changes == ["+z", "=y", "-x"]
    assert recorder.initiators == ["bulk"] * 3
    assert [len(each) for each in recorder.contents] == [0, 2, 2]


def test_bulk_replace_announces_new_duplicates_each_time() -> None:
    recorder = Recorder(list)
    recorder.load(a, b, b)
    children = recorder.assign([b, b, c, c])
    assert children == [b, b, c, c]
    assert recorder.changes == ["+c", "+c", "=b", "-a"]


def test_bulk_replace_of_nothing(recorder: Recorder) -> None:
    recorder.load()
    bulk_replace(iter([a, b]), None, recorder.adapter, "bulk")
    assert same(recorder.changes, ["+a", "+b"])
    assert same(recorder.adapter, [a, b])


def test_a_replaced_collection_is_severed(recorder: Recorder) -> None:
    old = recorder.load(a)
    adapter = collection_adapter(old)
    recorder.owner.children = new_collection(recorder, recorder.owner, [b])
    unlink_collection(old)
    assert collection_adapter(old) is None
    assert not adapter._referenced_by_owner
    old._sa_appender(c)
    old._sa_remover(a)
    assert same(old._sa_iterator(), [c])
    assert recorder.events == []


# -- special states


def test_empty_collection_becomes_the_value_with_the_first_event(
    recorder: Recorder,
) -> None:
    children = recorder.read_empty()
    assert collection_adapter(children).empty
    children._sa_appender(a)
    adapter = collection_adapter(children)
    assert not adapter.empty
    assert recorder.owner.children is children
    adapter.append_with_event(b)
    adapter.append_without_event(c)
    assert recorder.resets == 1
    assert same(adapter, [a, b, c])
    assert recorder.changes == ["+a", "+b"]


def test_empty_list_needs_no_adapter() -> None:
    recorder = Recorder(list)
    children = recorder.read_empty()
    children.append(a)
    children.append(b)
    assert recorder.resets == 1
    assert recorder.changes == ["+a", "+b"]
    assert children._o_adapter is None
    assert recorder.owner.children is children


@pytest.mark.parametrize(
    "change",
    [
        lambda children: children.insert(0, a),
        lambda children: children.extend([a]),
        lambda children: children.__setitem__(slice(None), [a]),
        lambda children: collection_adapter(children).append_with_event(a),
    ],
)
def test_every_way_to_begin_an_empty_list(change: Any) -> None:
    recorder = Recorder(list)
    children = recorder.read_empty()
    change(children)
    assert recorder.resets == 1
    assert recorder.owner.children == [a]
    assert recorder.changes == ["+a"]
    children.append(b)
    assert recorder.resets == 1


def test_empty_list_stays_empty_when_nothing_happens() -> None:
    recorder = Recorder(list)
    children = recorder.read_empty()
    children.extend([])
    children.clear()
    children[:] = []
    children += []
    children.sort()
    with pytest.raises(IndexError):
        children.pop()
    assert collection_adapter(children).empty
    assert recorder.resets == 0


def test_empty_collection_refuses_changes_without_event(recorder: Recorder) -> None:
    adapter = collection_adapter(held := recorder.read_empty())
    message = (
        "This is a special 'empty' collection which cannot accommodate internal "
        "mutation operations"
    )
    refused: list[tuple[Any, ...]] = [
        (adapter.append_without_event, a),
        (adapter.append_multiple_without_event, []),
        (adapter.remove_without_event, a),
        (adapter.clear_with_event,),
        (adapter.clear_without_event,),
    ]
    for call, *args in refused:
        with pytest.raises(sa_exc.InvalidRequestError, match=message):
            call(*args)
    assert recorder.resets == 0
    assert same(held._sa_iterator(), [])


def test_the_owner_of_an_empty_list_may_be_gone() -> None:
    recorder = Recorder(list)
    children = recorder.read_empty()
    recorder.owner = Owner()
    with pytest.raises(exc.ObjectDereferencedError):
        children.append(a)


def test_the_warning_shows_the_line_of_the_user(recorder: Recorder) -> None:
    children = recorder.load(a)
    invalidate_collection(children)
    with pytest.warns(sa_exc.SAWarning) as caught:
        children._sa_remover(a)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("adapted_before", [False, True])
def test_invalidated_collection_warns_and_still_announces(
    recorder: Recorder, adapted_before: bool
) -> None:
    children = recorder.load(a)
    if adapted_before:
        collection_adapter(children)
    invalidate_collection(children)
    invalidate_collection(children)
    with pytest.warns(sa_exc.SAWarning, match="This collection has been invalidated."):
        children._sa_appender(b)
    with pytest.warns(sa_exc.SAWarning, match="This collection has been invalidated."):
        collection_adapter(children).fire_pre_remove_event()
    assert collection_adapter(children).invalidated
    assert recorder.changes == ["+b"]
    assert same(children._sa_iterator(), [a, b])


@pytest.mark.parametrize(
    "change",
    [
        lambda children: children.append(b),
        lambda children: children.extend([b]),
        lambda children: children.remove(a),
        lambda children: children.pop(),
        lambda children: children.clear(),
        lambda children: children.__delitem__(0),
        lambda children: children.insert(0, b),
    ],
)
@pytest.mark.parametrize("adapted_before", [False, True])
def test_every_change_of_an_invalidated_list_warns(
    change: Any, adapted_before: bool
) -> None:
    children = (recorder := Recorder(list)).load(a)
    if adapted_before:
        collection_adapter(children)
    invalidate_collection(children)
    with pytest.warns(sa_exc.SAWarning, match="This collection has been invalidated."):
        change(children)
    assert len(recorder.changes) == 1


def test_detached_collections_can_be_invalidated() -> None:
    invalidate_collection(InstrumentedList())
    invalidate_collection(InstrumentedSet())
    children = new_collection(Recorder(list), Owner(), [a])
    invalidate_collection(children)  # its owner is gone
    with pytest.raises(exc.ObjectDereferencedError):
        children.append(b)


def test_adapter_of_a_list_cannot_be_given() -> None:
    children = (recorder := Recorder(list)).load()
    with pytest.raises(AttributeError, match="makes its own adapter"):
        children._sa_adapter = recorder.adapter


# -- copies and pickles


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy])
def test_copies_have_no_owner(recorder: Recorder, how: Any) -> None:
    children = recorder.load(a)
    collection_adapter(children)
    copied = how(children)
    if how is copy.copy:
        assert type(copied) is type(children)
    if recorder.collection_factory is not Bag or how is copy.deepcopy:
        copied._sa_appender(b)
        assert sorted(map(repr, copied._sa_iterator())) == ["a", "b"]
        assert list(children._sa_iterator()) == [a]
    assert recorder.events == []


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_have_no_owner(recorder: Recorder, protocol: int) -> None:
    children = recorder.load(a, b)
    collection_adapter(children)
    restored = pickle.loads(pickle.dumps(children, protocol))
    assert collection_adapter(restored) is None
    assert sorted(map(repr, restored._sa_iterator())) == ["a", "b"]
    restored._sa_appender(c)
    assert recorder.events == []


def test_unpickled_collection_can_be_linked_again(recorder: Recorder) -> None:
    restored = pickle.loads(pickle.dumps(recorder.load(a)))
    recorder.owner.children = restored
    link_collection(recorder, recorder.owner, restored)
    restored._sa_appender(b)
    assert recorder.changes == ["+b"]
    assert recorder.adapter.data is restored


class Linked(InstrumentedList[Any]):
    pass


@pytest.mark.parametrize("factory", [list, set, Linked])
def test_pickle_survives_a_cycle(factory: Any) -> None:
    children = Recorder(factory).load(item := Item("a"))
    item.parent = children  # type: ignore[attr-defined]
    restored = pickle.loads(pickle.dumps(children))
    (found,) = restored
    assert found.parent is restored


def test_a_derived_class_may_have_its_own_reduce() -> None:
    class Own(InstrumentedList[Any]):
        def __reduce__(self) -> tuple[Any, ...]:
            return list, (["own"],)

    assert pickle.loads(pickle.dumps(Own())) == ["own"]


def test_attributes_of_a_derived_class_survive() -> None:
    children = Recorder(Linked).load(a)
    children.extra = 5
    for copied in (copy.copy(children), pickle.loads(pickle.dumps(children))):
        assert copied.extra == 5
        assert type(copied) is Linked
    marked = Recorder(set).load(a)
    marked.extra = 5
    assert copy.copy(marked).extra == 5
