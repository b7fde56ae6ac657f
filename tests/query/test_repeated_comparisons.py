"""Comparisons of attributes with plain values, which are copies of earlier ones."""

import operator
import pickle
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    JSON,
    BinaryExpression,
    BindParameter,
    Column,
    ColumnOperators,
    Date,
    DateTime,
    Enum,
    Float,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Time,
    TypeDecorator,
    Uuid,
    and_,
    func,
    not_,
    select,
)
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeEngine

from ormolu import ColumnProperty, aliased, column_property, registry


class Doubled(TypeDecorator[int]):
    """A type whose comparisons depend on the value."""

    impl = Integer
    cache_ok = True

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        return Integer() if value < 0 else self


class Shouting(ColumnProperty.Comparator):
    """A comparator that does as it likes with what is compared."""

    def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
        return op(func.upper(self.__clause_element__()), str(other[0]).upper())


table = Table(
    "thing",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String(20)),
    Column("size.of it", Integer, key="size"),
    Column("weight", Float),
    Column("price", Numeric(10, 2)),
    Column("born", Date),
    Column("seen", DateTime),
    Column("at", Time),
    Column("token", Uuid),
    Column("data", JSON),
    Column("kind", Enum("a", "b", name="kind")),
    Column("doubled", Doubled),
    Column("loud", String),
)


class Thing:
    """A plain class."""


registry(metadata=table.metadata).map_imperatively(
    Thing,
    table,
    properties={"loud": column_property(table.c.loud, comparator_factory=Shouting)},
)
thing: Any = Thing

OPERATORS = [
    operator.eq,
    operator.ne,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
]
VALUES = [
    0,
    -7,
    2**70,
    "x",
    "ä' %s :b",
    1.5,
    Decimal("1.50"),
    date(2020, 1, 2),
    datetime(2020, 1, 2, 3),
    datetime(2020, 1, 2, tzinfo=UTC),
    time(1, 2),
    UUID(int=5),
    None,
    True,
    False,
    b"x",
    [1],
]


ANEW = ("key", "_anon_map_key", "_identifying_key", "_orig", "right", "value")
OF_CLONES = ("_is_clone_of", "_cloned_set", "_memoized_keys")


def plain(made: Any) -> dict[str, Any]:
    """The fields of an element, without what is anew in each."""
    fields = dict(made.__dict__)
    for name in (*ANEW, *OF_CLONES):
        fields.pop(name, None)
    return {n: repr(v) if n == "type" else v for n, v in fields.items()}


def described(made: Any) -> Any:
    if not isinstance(made, ColumnElement):
        return made
    compiled = made.compile()
    return (
        type(made),
        str(compiled),
        compiled.params,
        {n: repr(t.type) for t, n in compiled.bind_names.items()},
        plain(made),
        plain(made.right) if isinstance(made, BinaryExpression) else None,
    )


def outcome(make: Any) -> Any:
    try:
        return described(make())
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("key", [c.key for c in table.c if c.key != "loud"])
@pytest.mark.parametrize("op", OPERATORS)
def test_they_are_what_core_makes(key: str, op: Any) -> None:
    attribute = getattr(Thing, key)
    for value in VALUES:
        expected = outcome(lambda value=value: op(attribute.expression, value))
        for _ in range(4):
            assert outcome(lambda value=value: op(attribute, value)) == expected


@pytest.mark.parametrize("key", [c.key for c in table.c if c.key != "loud"])
@pytest.mark.parametrize("op", [ColumnOperators.in_, ColumnOperators.not_in])
def test_lists_are_what_core_makes(key: str, op: Any) -> None:
    attribute = getattr(Thing, key)
    lists = [*([v] for v in VALUES), *([v, v] for v in VALUES), [], [1, "x"], (1, 2)]
    for values in lists:
        expected = outcome(lambda values=values: op(attribute.expression, values))
        for _ in range(4):
            assert outcome(lambda values=values: op(attribute, values)) == expected


def test_a_list_is_not_shared_with_its_maker() -> None:
    for _ in range(4):
        values = [1, 2]
        made = thing.id.in_(values)
        values.append(3)
        assert made.right.value == [1, 2]


def test_the_form_of_one_value_is_not_that_of_another() -> None:
    for _ in range(3):
        for value in (1, -1):
            made = thing.doubled == value
            assert made.right.type is not made.left.type or value > 0


def test_a_comparator_of_the_users_is_always_asked() -> None:
    for value in ("a", "b", "c"):
        compared = (thing.loud == value).compile()
        assert str(compared).startswith("upper(thing.loud)")
        assert list(compared.params.values()) == [value.upper()]


def test_each_has_a_parameter_of_its_own() -> None:
    both = and_(*[thing.size == value for value in (1, 2, 3, 4)]).compile()
    assert sorted(both.params.values()) == [1, 2, 3, 4]
    assert sorted(both.params) == [f"size_{n}" for n in (1, 2, 3, 4)]


def test_they_share_a_cache_key() -> None:
    keys = [select(Thing).where(thing.id == n)._generate_cache_key() for n in range(4)]
    assert len({k.key for k in keys if k is not None}) == 1
    assert [b.value for k in keys if k is not None for b in k.bindparams] == [
        0,
        1,
        2,
        3,
    ]


def test_they_are_elements_like_any_other() -> None:
    for value in range(4):
        made = thing.id == value
        assert isinstance(made, BinaryExpression)
        assert isinstance(made.right, BindParameter)
        assert bool(made) is False
        assert str(not_(made)) == "thing.id != :id_1"
        assert str(made | made) == "thing.id = :id_1 OR thing.id = :id_1"
        assert made.compare(thing.id == value)
        assert not made.compare(thing.id == value + 1)


def test_what_is_done_to_one_is_not_seen_in_the_next() -> None:
    for _ in range(4):
        made = thing.id == 5
        assert not made.modifiers
        made.modifiers["seen"] = True
        made.right.value = 6
        made.right.key = "mine"


def test_an_attribute_of_an_alias() -> None:
    alias: Any = aliased(Thing, name="other")
    for value in range(4):
        made = (alias.name == "x") & (alias.id == value)
        assert str(made) == "other.name = :name_1 AND other.id = :id_1"
        assert made.compile().params == {"name_1": "x", "id_1": value}


def test_a_statement_with_them_can_be_pickled() -> None:
    for value in range(4):
        made = pickle.loads(pickle.dumps(table.c.id == value))
        assert str(made) == str(thing.id == value)
