"""Classes of the users' own: decorators, duck typing and what is refused."""

from __future__ import annotations

import threading
from collections import UserList, deque
from typing import Any

import pytest
from sqlalchemy import exc as sa_exc

from ormolu.instrument.collections import (
    InstrumentedList,
    InstrumentedSet,
    collection,
    instrument_class,
    prepare_instrumentation,
)
from ormolu.instrument.collections.ducktype import kind_of
from tests.instrument.collections_recorder import Item, Recorder

a, b, c, d = (Item(name) for name in "abcd")


class Bag:
    """Looks like none of the builtin collections."""

    __emulates__ = None

    def __init__(self) -> None:
        self.data: list[Any] = []

    def append(self, item: Any) -> None:
        raise AssertionError("the class does not emulate a list")

    @collection.appender
    @collection.adds("entity")
    def put(self, entity: Any) -> None:
        self.data.append(entity)

    @collection.remover
    @collection.removes(1)
    def take(self, entity: Any) -> None:
        self.data.remove(entity)

    @collection.adds(1)
    def push(self, *args: Any) -> None:
        self.data.append(args[0])

    @collection.removes("entity")
    def yank(self, why: str, entity: Any) -> None:
        self.data.remove(entity)

    @collection.replaces(2)
    def swap(self, why: str, entity: Any, **kw: Any) -> Any:
        old = self.data.pop() if self.data else None
        self.data.append(entity)
        return old

    @collection.removes_return()
    def pop(self) -> Any:
        return self.data.pop() if self.data else None

    @collection.iterator
    def each(self) -> Any:
        return iter(self.data)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(Bag)


def test_adds(recorder: Recorder) -> None:
    bag = recorder.load(a)
    bag.put(b)
    bag.put(entity=c)
    bag.push(d, "more")
    assert recorder.changes == ["+b", "+c", "+d"]
    assert recorder.contents[0] == [a]
    assert bag.data == [a, b, c, d]


def test_a_listener_may_replace_the_item(recorder: Recorder) -> None:
    recorder.swap = {a: b}
    bag = recorder.load()
    bag.put(a)
    bag.put(entity=a)
    bag.push(a)
    assert bag.data == [b, b, b]


def test_removes(recorder: Recorder) -> None:
    bag = recorder.load(a, b, c)
    bag.take(a)
    bag.take(entity=b)
    bag.yank("because", entity=c)
    assert recorder.changes == ["-a", "-b", "-c"]
    assert recorder.contents[0] == [a, b, c]


def test_replaces(recorder: Recorder) -> None:
    bag = recorder.load()
    assert bag.swap("why", a, more=1) is None
    assert bag.swap(why="why", entity=b) is a
    assert recorder.changes == ["+a", "+b", "-a"]


def test_removes_return(recorder: Recorder) -> None:
    bag = recorder.load(a)
    assert bag.pop() is a
    assert bag.pop() is None
    assert recorder.changes == ["-a"]
    assert recorder.events[0][0] == "pre_remove"


def test_missing_argument(recorder: Recorder) -> None:
    bag = recorder.load()
    with pytest.raises(sa_exc.ArgumentError, match="Missing argument entity"):
        bag.put()
    with pytest.raises(sa_exc.ArgumentError, match="Missing argument 2"):
        bag.swap("why")


def test_initiator(recorder: Recorder) -> None:
    recorder.load()
    adapter = recorder.adapter
    adapter.append_without_event(a)
    adapter.remove_without_event(a)
    assert recorder.events == []
    adapter.append_with_event(b, "token")
    adapter.remove_with_event(b, "token")
    assert recorder.initiators == ["token", "token"]


def test_adapter_reads_by_the_elected_iterator(recorder: Recorder) -> None:
    recorder.load(a, b)
    assert list(recorder.adapter) == [a, b]
    assert len(recorder.adapter) == 2


def test_bulk_assignment_takes_any_iterable_that_is_no_builtin_collection(
    recorder: Recorder,
) -> None:
    recorder.load(a)
    assert recorder.assign((b, a)).data == [b, a]
    assert recorder.changes == ["+b", "=a"]
    with pytest.raises(TypeError, match="list is not None-like"):
        recorder.assign([b])


def test_appender_and_remover_without_further_words() -> None:
    class Plain:
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

    recorder = Recorder(Plain)
    items = recorder.load(a)
    items.put(item=b)
    items.take(a)
    assert recorder.changes == ["+b", "-a"]


def test_undecorated_class_with_the_methods_of_a_list() -> None:
    class Few:
        __emulates__ = list

        def __init__(self) -> None:
            self.data: list[Any] = []

        def append(self, item: Any) -> None:
            self.data.append(item)

        def remove(self, item: Any) -> None:
            self.data.remove(item)

        def __iter__(self) -> Any:
            return iter(self.data)

    recorder = Recorder(Few)
    items = recorder.load(a)
    items.append(b)
    items.remove(a)
    assert recorder.changes == ["+b", "-a"]
    assert recorder.assign([c]).data == [c]
    assert not hasattr(items, "extend")


def test_standard_library_classes() -> None:
    class Queue(deque[Any]):
        appendleft = collection.adds(1)(  # deque's own, announced
            lambda self, item: deque.appendleft(self, item)
        )

    recorder = Recorder(Queue)
    queue = recorder.load(a, b)
    queue.appendleft(c)
    assert queue.pop() is b
    assert list(queue) == [c, a]
    assert recorder.changes == ["+c", "-b"]

    class Users(UserList[Any]):
        pass

    recorder = Recorder(Users)
    users = recorder.load(a)
    users.insert(0, b)
    assert list(users) == [b, a]
    assert recorder.changes == ["+b"]


def test_elected_methods_of_a_list_subclass() -> None:
    class Quiet(list[Any]):
        @collection.appender
        @collection.internally_instrumented
        def put(self, item: Any, _sa_initiator: Any = None) -> None:
            list.append(self, item)

    recorder = Recorder(Quiet)
    items = recorder.load(a)
    recorder.adapter.append_with_event(b)
    assert items == [a, b]
    assert recorder.events == []
    items.append(c)
    assert recorder.changes == ["+c"]


def test_the_derived_class_elects_first() -> None:
    class Base:
        @collection.iterator
        def base_iterate(self, x: Any) -> str:
            return "base_iterate"

        @collection.appender
        def base_append(self, x: Any) -> str:
            return "base_append"

        @collection.remover
        def base_remove(self, x: Any) -> str:
            return "base_remove"

    class Sub(Base):
        @collection.remover
        def sub_remove(self, x: Any) -> str:
            return "sub_remove"

    base: Any = Base
    instrument_class(base)
    assert base._sa_remover(Base(), 5) == "base_remove"
    assert base._sa_appender(Base(), 5) == "base_append"
    assert base._sa_iterator(Base(), 5) == "base_iterate"
    sub: Any = Sub
    instrument_class(sub)
    assert sub._sa_appender(Sub(), 5) == "base_append"
    assert sub._sa_remover(Sub(), 5) == "sub_remove"
    assert sub._sa_iterator(Sub(), 5) == "base_iterate"


def test_overriding_method_hides_the_decorated_one() -> None:
    class Sub(Bag):
        def pop(self) -> Any:
            return "mine"

    recorder = Recorder(Sub)
    assert recorder.load(a).pop() == "mine"
    assert recorder.changes == []


def test_uncooperative_descriptors_are_left_alone() -> None:
    class DoNotTouch:
        def __get__(self, obj: Any, owner: Any) -> Any:
            raise AttributeError

    class Touchy(list[Any]):
        no_touch = DoNotTouch()

    instrument_class(Touchy)


def test_builtin_classes_are_replaced() -> None:
    assert prepare_instrumentation(list) is InstrumentedList
    assert prepare_instrumentation(set) is InstrumentedSet
    assert prepare_instrumentation(list) is InstrumentedList
    assert prepare_instrumentation(lambda: set()) is InstrumentedSet


def test_a_factory_stays_and_its_class_is_instrumented() -> None:
    class Mine(list[Any]):
        pass

    def make() -> Any:
        return Mine()

    assert prepare_instrumentation(make) is make
    mine: Any = Mine
    assert mine._sa_instrumented == id(Mine)
    before = vars(mine)["append"]
    prepare_instrumentation(Mine)
    assert vars(mine)["append"] is before


def test_wrappers_look_like_the_original() -> None:
    class Mine(list[Any]):
        def append(self, item: Any) -> None:
            """Mine."""
            super().append(item)

    prepare_instrumentation(Mine)
    assert Mine.append.__doc__ == "Mine."
    assert Mine.append.__qualname__.endswith("Mine.append")


class NoRemover:
    @collection.appender
    def put(self, x: Any) -> None: ...


class NoIterator(NoRemover):
    @collection.remover
    def take(self, x: Any) -> None: ...


class DictLike:
    __emulates__ = dict


class IntLike:
    __emulates__ = int


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (object, "Type object must elect an appender method to be a collection cl"),
        (tuple, "Type tuple must elect an appender method to be a collection class"),
        (frozenset, "Type frozenset must elect an appender method to be a collect"),
        (lambda: 5, "Type int must elect an appender method to be a collection cl"),
        (NoRemover, "Type NoRemover must elect a remover method to be a collectio"),
        (NoIterator, "Type NoIterator must elect an iterator method to be a colle"),
        (DictLike, "Type DictLike must elect an appender method to be a collectio"),
        (IntLike, "Type IntLike must elect an appender method to be a collection "),
    ],
)
def test_classes_that_lack_a_method(factory: Any, message: str) -> None:
    with pytest.raises(sa_exc.ArgumentError, match=message):
        prepare_instrumentation(factory)


def test_instrumenting_in_several_threads_wraps_once() -> None:
    class Mine(list[Any]):
        pass

    start = threading.Barrier(4)

    def prepare() -> None:
        start.wait()
        prepare_instrumentation(Mine)

    threads = [threading.Thread(target=prepare) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder = Recorder(Mine)
    recorder.load().append(a)
    assert recorder.changes == ["+a"]


@pytest.mark.parametrize(
    ("specimen", "kind"),
    [
        ([], list),
        (InstrumentedList, list),
        (set(), set),
        ({}, dict),
        (deque, list),
        (frozenset(), None),
        ((), None),
        ("text", None),
        (None, None),
        (5, None),
        (Bag, None),
        (Bag(), None),
        (DictLike(), dict),
    ],
)
def test_kind_of(specimen: Any, kind: Any) -> None:
    assert kind_of(specimen) is kind


def test_the_decorators_are_public() -> None:
    import ormolu.collections as public

    assert public.collection is collection
    assert public.InstrumentedList is InstrumentedList
    assert all(hasattr(public, name) for name in public.__all__)
