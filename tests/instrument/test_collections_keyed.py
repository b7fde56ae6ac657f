"""Keyed dicts: their events, the keys they derive, and what they refuse."""

from __future__ import annotations

import copy
import pickle
import re
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, func, text
from sqlalchemy import exc as sa_exc

from ormolu.instrument.collections import (
    InstrumentedDict,
    KeyFuncDict,
    MappedCollection,
    attribute_keyed_dict,
    attribute_mapped_collection,
    collection,
    collection_adapter,
    column_keyed_dict,
    column_mapped_collection,
    keyfunc_mapping,
    mapped_collection,
)
from ormolu.instrument.collections import keys as keys_module
from ormolu.instrument.flags import NO_KEY
from tests.instrument.collections_recorder import Item, Recorder

a, b, c, d = (Item(name) for name in "abcd")


class MyDict(dict[Any, Any]):
    """A user's dict that elects its methods."""

    @collection.appender
    @collection.internally_instrumented
    def set(self, item: Any, _sa_initiator: Any = None) -> None:
        self.__setitem__(item.name, item, _sa_initiator=_sa_initiator)  # type: ignore[call-arg]

    @collection.remover
    @collection.internally_instrumented
    def remove(self, item: Any, _sa_initiator: Any = None) -> None:
        self.__delitem__(item.name, _sa_initiator=_sa_initiator)  # type: ignore[call-arg]


class Named(KeyFuncDict[str, Any]):
    def __init__(self, *args: Any) -> None:
        super().__init__(get_name, *args)


def get_name(item: Any) -> Any:
    return item.name


def make(factory: Any) -> Any:
    """Call a class whose declared signature is that of `KeyFuncDict`."""
    return factory()


@pytest.fixture(params=["MyDict", "Named", "keyfunc", "attribute"])
def recorder(request: pytest.FixtureRequest) -> Recorder:
    factories = {
        "MyDict": MyDict,
        "Named": Named,
        "keyfunc": keyfunc_mapping(get_name),
        "attribute": attribute_keyed_dict("name"),
    }
    return Recorder(factories[request.param])


def test_old_names() -> None:
    assert MappedCollection is KeyFuncDict
    assert mapped_collection is keyfunc_mapping
    assert attribute_mapped_collection is attribute_keyed_dict
    assert column_mapped_collection is column_keyed_dict


def test_set_item(recorder: Recorder) -> None:
    children = recorder.load(a)
    children["b"] = b
    children["a"] = c
    assert recorder.events == [
        ("append", b, "b"),
        ("remove", a, "a"),
        ("append", c, "a"),
    ]
    assert recorder.contents == [[a], [a, b], [a, b]]
    assert children == {"a": c, "b": b}


def test_set_by_the_key_of_the_item(recorder: Recorder) -> None:
    children = recorder.load()
    children.set(a)
    children.set(a)
    assert recorder.events == [
        ("append", a, "a"),
        ("remove", a, "a"),
        ("append", a, "a"),
    ]


def test_a_listener_may_replace_the_item(recorder: Recorder) -> None:
    recorder.swap = {a: b}
    children = recorder.load()
    children["x"] = a
    assert children == {"x": b}


def test_delete_item(recorder: Recorder) -> None:
    children = recorder.load(a)
    del children["a"]
    with pytest.raises(KeyError, match="'z'"):
        del children["z"]
    assert recorder.events == [("remove", a, "a")]
    assert recorder.contents == [[a]]


def test_remove_by_the_key_of_the_item(recorder: Recorder) -> None:
    children = recorder.load(a, b)
    children.remove(a)
    with pytest.raises(KeyError, match="'c'"):
        children.remove(c)
    assert recorder.events == [("remove", a, "a")]
    assert children == {"b": b}


def test_pop(recorder: Recorder) -> None:
    children = recorder.load(a, b)
    assert children.pop("a") is a
    assert children.pop("z", 5) == 5
    assert children.pop("z", None) is None
    with pytest.raises(KeyError, match="'z'"):
        children.pop("z")
    assert recorder.events == [("pre_remove", None, None), ("remove", a, "a")]
    assert recorder.contents[-1] == [b]


def test_popitem(recorder: Recorder) -> None:
    children = recorder.load(a)
    assert children.popitem() == ("a", a)
    assert recorder.events == [("pre_remove", None, None), ("remove", a, "a")]
    with pytest.raises(KeyError):
        children.popitem()


def test_clear(recorder: Recorder) -> None:
    children = recorder.load(a, b)
    children.clear()
    children.clear()
    assert recorder.events == [("remove", a, "a"), ("remove", b, "b")]
    assert children == {}


def test_setdefault(recorder: Recorder) -> None:
    children = recorder.load(a)
    assert children.setdefault("a", b) is a
    assert recorder.events == []
    assert children.setdefault("a", a) is a
    assert children.setdefault("b", b) is b
    assert recorder.events == [("present", a, None), ("append", b, "b")]


@pytest.mark.parametrize("as_pairs", [False, True])
def test_update(recorder: Recorder, as_pairs: bool) -> None:
    children = recorder.load(a, b)
    given = {"a": a, "b": c}
    children.update(given.items() if as_pairs else given, d=d)
    assert recorder.changes == ["=a", "-b", "+c", "+d"]
    assert children == {"a": a, "b": c, "d": d}
    children.update()
    children.update(children)
    with pytest.raises(TypeError, match="'int' object is not iterable"):
        children.update(5)


def test_in_place_or(recorder: Recorder) -> None:
    children = recorder.load(a)
    same = children
    children |= {"b": b}
    children |= [("a", a)]
    assert children is same
    assert recorder.changes == ["+b", "=a"]


def test_initiator(recorder: Recorder) -> None:
    children = recorder.load(a)
    children.set(b, _sa_initiator=False)
    children.remove(b, _sa_initiator=False)
    assert recorder.events == []
    recorder.adapter.append_with_event(b, "token")
    recorder.adapter.remove_with_event(b, "token")
    assert recorder.initiators == ["token", "token"]


def test_assignment_derives_the_keys_anew(recorder: Recorder) -> None:
    recorder.load(a, b)
    children = recorder.assign({"anything": c, "else": b})
    assert children == {"c": c, "b": b}
    assert recorder.events == [
        ("append", c, "c"),
        ("present", b, NO_KEY),
        ("remove", a, NO_KEY),
    ]


def test_a_plain_dict_does_not_know_its_keys() -> None:
    for factory in (dict, InstrumentedDict, dict):
        with pytest.raises(
            sa_exc.ArgumentError,
            match="Type InstrumentedDict must elect an appender method to be a coll",
        ):
            Recorder(factory)


def test_remove_refuses_another_item_with_the_same_key() -> None:
    children = Recorder(Named).load(a)
    with pytest.raises(
        sa_exc.InvalidRequestError,
        match="Can not remove 'a': collection holds 'a' for key 'a'. Possible cause:"
        " is the KeyFuncDict key function based on mutable properties or prop",
    ):
        children.remove(Item("a"))


def test_keyfunc_of_the_users_own_may_return_none() -> None:
    children = Recorder(keyfunc_mapping(lambda item: None)).load()
    children.set(a)
    assert children == {None: a}


# -- items that are mapped, or act like it


class FakeMapper:
    """What the key functions ask of a mapper."""

    def __init__(self, table: Table, **synonyms: str) -> None:
        self.tables = [table]
        self.local_table = table
        self.synonyms = {
            key: SimpleNamespace(name=name) for key, name in synonyms.items()
        }

    def get_property_by_column(self, column: Any) -> Any:
        (found,) = [c for c in self.local_table.c if c is column]
        return SimpleNamespace(key=f"the_{found.key}")


table = Table(
    "thing", MetaData(), Column("id", Integer), Column("label", String), schema="x"
)


class Thing:
    """Acts like an instance whose missing attributes read as None."""

    mapper = FakeMapper(table, alias="the_label")

    def __init__(self, **values: Any) -> None:
        vars(self).update(values)

    def __getattr__(self, name: str) -> Any:
        if name in ("the_id", "the_label"):
            return None
        if name == "alias":
            return self.the_label
        raise AttributeError(name)

    @property
    def unloaded(self) -> set[str]:
        return {"the_id", "the_label"} - vars(self).keys()


@pytest.fixture(autouse=True)
def _inspect_things(monkeypatch: pytest.MonkeyPatch) -> None:
    def inspect(subject: Any, raiseerr: bool = True) -> Any:
        if subject is Thing:
            return Thing.mapper
        return subject if isinstance(subject, Thing) else None

    monkeypatch.setattr(keys_module, "inspect", inspect)


UNPOPULATED = (
    "In event triggered from population of attribute '{name}' (potentially from a "
    "backref), can't populate value in KeyFuncDict; dictionary key derived from "
    "<Thing at 0x{id:x}> is not populated. Ensure appropriate state is set up on the "
    "<Thing at 0x{id:x}> object before assigning to the {name} attribute. To skip "
    'this assignment entirely, Set the "ignore_unpopulated_attribute=True" parameter '
    "on the mapped collection factory."
)

FACTORIES = {
    "attribute": lambda **kw: attribute_keyed_dict("the_label", **kw),
    "synonym": lambda **kw: attribute_keyed_dict("alias", **kw),
    "column": lambda **kw: column_keyed_dict(table.c.label, **kw),
}


@pytest.mark.parametrize("kind", FACTORIES)
class TestUnpopulated:
    def test_a_key_that_was_never_set_is_an_error(self, kind: str) -> None:
        children = Recorder(FACTORIES[kind]()).load()
        thing = Thing()
        message = UNPOPULATED.format(name="unknown relationship", id=id(thing))
        with pytest.raises(sa_exc.InvalidRequestError, match=re.escape(message)):
            children.set(thing)
        assert children == {}

    @pytest.mark.parametrize(
        ("cls", "name"), [(Thing, "Thing.parent"), (Item, "parent")]
    )
    def test_the_error_names_the_attribute(
        self, kind: str, cls: type, name: str
    ) -> None:
        children = Recorder(FACTORIES[kind]()).load()
        thing = Thing()
        token = SimpleNamespace(impl=SimpleNamespace(class_=cls), key="parent")
        message = UNPOPULATED.format(name=name, id=id(thing))
        with pytest.raises(sa_exc.InvalidRequestError, match=re.escape(message)):
            children.set(thing, _sa_initiator=token)

    def test_a_key_of_none_warns(self, kind: str) -> None:
        children = Recorder(FACTORIES[kind]()).load()
        thing = Thing(the_label=None)
        with pytest.warns(
            sa_exc.SAWarning,
            match="Attribute keyed dictionary value for attribute 'unknown relationsh"
            "ip' was None; this will raise in a future release. To skip this assign",
        ):
            children.set(thing)
        assert children == {None: thing}

    @pytest.mark.parametrize("values", [{}, {"the_label": None}])
    def test_both_may_be_skipped(self, kind: str, values: Any) -> None:
        children = Recorder(FACTORIES[kind](ignore_unpopulated_attribute=True)).load()
        thing = Thing(**values)
        children.set(thing)
        assert children == {}
        children["x"] = thing
        children.remove(thing)
        assert children == {"x": thing}

    def test_keys_are_found(self, kind: str) -> None:
        thing = Thing(the_label="red")
        children = Recorder(FACTORIES[kind]()).load(thing)
        assert children == {"red": thing}
        children.remove(thing)
        assert children == {}


def test_several_columns_make_a_tuple() -> None:
    factory = column_keyed_dict([table.c.id, table.c.label])
    thing = Thing(the_id=1, the_label="red")
    assert Recorder(factory).load(thing) == {(1, "red"): thing}


def test_one_column_in_a_list_is_no_tuple() -> None:
    thing = Thing(the_id=1)
    assert make(column_keyed_dict((table.c.id,))).keyfunc(thing) == 1


def test_columns_may_come_as_mapped_attributes() -> None:
    class Attribute:
        def __clause_element__(self) -> Any:
            return table.c.id

    assert make(column_keyed_dict(Attribute())).keyfunc(Thing(the_id=3)) == 3
    column_keyed_dict(func.lower(table.c.label))


@pytest.mark.parametrize("spec", ["a", ["a"], text("a"), table])
def test_column_spec_is_checked(spec: Any) -> None:
    shown = re.escape(repr(spec[0] if isinstance(spec, list) else spec))
    with pytest.raises(
        sa_exc.ArgumentError,
        match=f"Column expression expected for argument 'mapping_spec'; got {shown}",
    ):
        column_keyed_dict(spec)


def test_attribute_name_is_checked() -> None:
    with pytest.raises(TypeError, match="attribute name must be a string"):
        attribute_keyed_dict(("a", "b"))  # type: ignore[arg-type]


def test_missing_attribute() -> None:
    children = Recorder(attribute_keyed_dict("nix")).load()
    with pytest.raises(AttributeError, match="has no attribute 'nix'"):
        children.set(a)


# -- pickle and copy


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "factory",
    [
        attribute_keyed_dict("the_label"),
        column_keyed_dict(table.c.label),
        column_keyed_dict([table.c.label, table.c.id]),
        keyfunc_mapping(get_label := lambda item: item.the_label),
    ],
    ids=["attribute", "column", "columns", "function"],
)
def test_pickle_keeps_the_key_function(factory: Any, protocol: int) -> None:
    children = Recorder(factory).load(Thing(the_label="red", the_id=1))
    if children.keyfunc is get_label:
        children.keyfunc = get_the_label  # a lambda cannot be pickled
    restored = pickle.loads(pickle.dumps(children, protocol))
    again = pickle.loads(pickle.dumps(restored, protocol))
    for loaded in (restored, again):
        assert type(loaded) is KeyFuncDict
        assert collection_adapter(loaded) is None
        assert list(loaded) == list(children)
        (thing,) = loaded.values()
        loaded.remove(thing)
        assert loaded == {}


def get_the_label(item: Any) -> Any:
    return item.the_label


def test_pickled_columns_are_sought_by_table_and_key() -> None:
    keyfunc = pickle.loads(pickle.dumps(make(column_keyed_dict(table.c.id)).keyfunc))
    assert keyfunc.names == [("id", "x.thing")]
    assert keyfunc(Thing(the_id=4)) == 4
    # an alias has no key of its own: the mapper's own selectable answers
    aliased = make(column_keyed_dict(table.alias().c.id)).keyfunc
    keyfunc = pickle.loads(pickle.dumps(aliased))
    assert keyfunc.names == [("id", None)]
    assert keyfunc(Thing(the_id=4)) == 4


def test_pickle_of_the_users_class() -> None:
    recorder = Recorder(Named)
    children: Any = recorder.load(a)
    children.extra = 5
    restored = pickle.loads(pickle.dumps(children))
    assert restored.extra == 5
    assert type(restored) is Named
    assert list(restored) == ["a"]
    restored.set(b)
    assert recorder.events == []


def test_pickle_survives_a_cycle() -> None:
    children = Recorder(Named).load(item := Item("a"))
    item.parent = children  # type: ignore[attr-defined]
    restored = pickle.loads(pickle.dumps(children))
    assert restored["a"].parent is restored


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy])
def test_copies_have_no_owner(recorder: Recorder, how: Any) -> None:
    children = recorder.load(a)
    copied = how(children)
    assert list(copied) == ["a"]
    copied.clear()
    copied.set(b)
    assert children == {"a": a}
    assert recorder.events == []
