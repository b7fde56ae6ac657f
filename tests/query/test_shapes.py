"""Plans of simple statements are found by the identity of their elements."""

import operator
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    ColumnOperators,
    Engine,
    ForeignKey,
    and_,
    bindparam,
    create_engine,
    func,
    not_,
    or_,
    select,
    text,
)

from ormolu import (
    DeclarativeBase,
    Mapped,
    Session,
    aliased,
    defaultload,
    defer,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
)
from ormolu.lanes import selects
from ormolu.lanes.kept import kept_with
from ormolu.lanes.shapes import lasts, shape_of

NO_MEMOS: frozenset[str] = frozenset()


class Base(DeclarativeBase):
    pass


class Box(Base):
    __tablename__ = "box"
    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str]
    items: Mapped[list["Item"]] = relationship(back_populates="box")


class Item(Base):
    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    size: Mapped[int | None]
    part_of: Mapped[int | None]
    box_id: Mapped[int | None] = mapped_column(ForeignKey("box.id"))
    box: Mapped[Box | None] = relationship(back_populates="items")


ROWS = [
    {
        "id": i,
        "name": "abc"[i % 3],
        "size": i % 4 or None,
        "part_of": i // 2 or None,
        "box_id": i % 3 or None,
    }
    for i in range(1, 13)
]
COLUMNS = [Item.id, Item.name, Item.size, Item.part_of]
ORDERS = [Item.id, Item.id.desc(), Item.name, Item.size.asc(), Item.part_of.desc()]
JOINS = [
    lambda s: s.join(Item.box),
    lambda s: s.outerjoin(Item.box),
    lambda s: s.join(Box, Item.part_of == Box.id),
    lambda s: s.join(Box, Box.label == "one"),
    lambda s: s.join_from(Item, Box, full=True),
    lambda s: s.select_from(Item),
]
OPTIONS = [
    lambda: selectinload(Item.box),
    lambda: joinedload(Item.box),
    lambda: joinedload(Item.box).selectinload(Box.items),
    lambda: defer(Item.name),
    lambda: defer(Item.size, raiseload=True),
]
MEMBERSHIP = [ColumnOperators.in_, ColumnOperators.not_in]
PATTERNS = [
    ColumnOperators.like,
    ColumnOperators.not_like,
    ColumnOperators.startswith,
    ColumnOperators.icontains,
]
OPERATORS = [operator.eq, operator.ne, operator.lt, operator.ge]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = create_engine("sqlite://")
    Base.metadata.create_all(made)
    with made.begin() as connection:
        boxes = [{"id": 1, "label": "one"}, {"id": 2, "label": "two"}]
        connection.execute(Box.__table__.insert(), boxes)
        connection.execute(Item.__table__.insert(), ROWS)
    yield made
    made.dispose()


def between(column: Any, bounds: tuple[int, int]) -> Any:
    return column.between(*bounds)


comparisons = st.one_of(
    st.tuples(st.sampled_from(COLUMNS[:1] + COLUMNS[2:]), st.integers(-1, 12)),
    st.tuples(st.just(Item.name), st.sampled_from(["a", "b", "x"])),
    st.tuples(st.just(Item.size), st.sampled_from([Item.id, Item.part_of])),
)
memberships = st.one_of(
    st.tuples(st.sampled_from(COLUMNS[2:]), st.lists(st.integers(-1, 12), max_size=5)),
    st.tuples(st.just(Item.name), st.lists(st.sampled_from("abx"), max_size=3)),
)
patterns = st.tuples(st.just(Item.name), st.sampled_from(["a", "b%", "_", "%"]))
nulls = st.tuples(st.sampled_from(COLUMNS), st.none())
spans = st.tuples(st.just(Item.size), st.tuples(st.integers(0, 2), st.integers(1, 4)))
criterion = st.recursive(
    st.one_of(
        st.tuples(comparisons, st.sampled_from(OPERATORS)),
        st.tuples(memberships, st.sampled_from(MEMBERSHIP)),
        st.tuples(patterns, st.sampled_from(PATTERNS)),
        st.tuples(nulls, st.sampled_from([ColumnOperators.is_, operator.ne])),
        st.tuples(spans, st.just(between)),
    ).map(lambda made: made[1](*made[0])),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda both: or_(*both)),
        st.tuples(inner, inner).map(lambda both: and_(*both)),
        inner.map(not_),
    ),
    max_leaves=4,
)
criteria = st.lists(criterion, max_size=3)
statements = st.fixed_dictionaries(
    {
        "columns": st.one_of(
            st.just([Item]),
            st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=3),
            st.sampled_from(COLUMNS).map(lambda c: [Item, c]),
        ),
        "criteria": criteria,
        "order": st.lists(st.sampled_from(ORDERS), max_size=2),
        "limit": st.none() | st.integers(0, 5),
        "offset": st.none() | st.integers(0, 3),
        "distinct": st.booleans(),
        "join": st.none() | st.sampled_from(JOINS),
        "option": st.none() | st.sampled_from(OPTIONS),
    }
)


def identity_of(column: Any) -> Any:
    """Something that ``==`` compares as it is; attributes make expressions of it."""
    return column if column is Item else id(column)


def built(parts: dict[str, Any]) -> Any:
    statement: Any = select(*parts["columns"])
    if parts["join"] is not None:
        statement = parts["join"](statement)
    if parts["option"] is not None and Item in map(identity_of, parts["columns"]):
        statement = statement.options(parts["option"]())
    for criterion in parts["criteria"]:
        statement = statement.where(criterion)
    if parts["order"]:
        statement = statement.order_by(*parts["order"])
    if parts["limit"] is not None:
        statement = statement.limit(parts["limit"])
    if parts["offset"] is not None:
        statement = statement.offset(parts["offset"])
    return statement.distinct() if parts["distinct"] else statement


def rows_of(session: Session, statement: Any) -> list[Any]:
    found = session.execute(statement.order_by(Item.id)).all()
    return [[getattr(value, "id", value) for value in row] for row in found]


def rows_by_core(engine: Engine, parts: dict[str, Any]) -> list[Any]:
    """The rows that Core alone reads, the entity's key in the entity's place."""
    wanted = [Item.id if c is Item else c for c in parts["columns"]]
    statement = built({**parts, "columns": wanted}).order_by(Item.id)
    with engine.connect() as connection:
        return [list(row) for row in connection.execute(statement)]


@given(parts=statements)
def test_rows_are_those_that_core_finds(engine: Engine, parts: dict[str, Any]) -> None:
    # with the key the order of the rows is a definite one
    parts = {**parts, "columns": [*parts["columns"], Item.id]}
    with Session(engine) as session:
        found = rows_of(session, built(parts))
    assert found == rows_by_core(engine, parts)


@given(left=statements, right=statements)
def test_equal_shapes_mean_equal_cache_keys(
    left: dict[str, Any], right: dict[str, Any]
) -> None:
    one, other = built(left), built(right)
    shape, second = shape_of(one, NO_MEMOS), shape_of(other, NO_MEMOS)
    assert shape is not None
    assert second is not None
    keys = one._generate_cache_key(), other._generate_cache_key()
    assert (shape[0] == second[0]) == (keys[0].key == keys[1].key)
    for (_, binds), key in ((shape, keys[0]), (second, keys[1])):
        assert sorted(map(id, binds)) == sorted(map(id, key.bindparams))


@given(parts=statements)
def test_a_statement_rebuilt_has_the_same_plan(
    engine: Engine, parts: dict[str, Any]
) -> None:
    with Session(engine) as session:
        connection = session.connection()
        one = selects.find(built(parts), connection, {})
        other = selects.find(built(parts), connection, {})
    assert one is not None
    assert other is not None
    assert one[0] is other[0]
    assert [b.value for b in one[1]] == [b.value for b in other[1]]


@pytest.mark.parametrize(
    "statement",
    [
        select(Item).where(Item.id.in_(select(Item.part_of))),
        select(Item).where(Item.id == bindparam("key")),
        select(Item).where(func.lower(Item.name) == "a"),
        select(Item).where((Item.id == 1) | (Item.id + 1 == 2)),
        select(Item).where(Item.id == Item.size + 1),
        select(Item).options(selectinload(Item.box.and_(Box.label == "one"))),
        select(Item).options(selectinload(Item.box.of_type(aliased(Box)))),
        select(Item).options(defaultload(Item.box).options(defer(Box.label))),
        select(Item.id.label("key")),
        select(Item).group_by(Item.id).having(func.count() > 1),
        select(Item).with_for_update(),
        select(Item).order_by(text("1")),
        select(Item).prefix_with("ALL"),
        select(Item).join(aliased(Item), Item.id == Item.part_of),
    ],
)
def test_others_have_none(statement: Any) -> None:
    assert shape_of(statement, NO_MEMOS) is None


def test_a_parameter_used_twice_has_none() -> None:
    criterion = Item.id == 3
    assert shape_of(select(Item).where(criterion), NO_MEMOS) is not None
    assert shape_of(select(Item).where(criterion, criterion), NO_MEMOS) is None


def test_elements_of_an_alias_are_not_kept(engine: Engine) -> None:
    alias = aliased(Item)
    statement = select(alias).where(alias.id == 3)
    assert not lasts(statement)
    with Session(engine) as session:
        found: Any = session.scalars(statement).one()
    assert found.id == 3
    with Session(engine) as session:
        cache = kept_with(session.connection().dialect).selects
        plans = [plan for plan in cache.values() if plan is not None]
    assert all(plan.keeps is not statement for plan in plans)


def test_annotated_elements_are_not_kept() -> None:
    annotated = Item.id.expression._annotate({"mine": 1})
    statement = select(Item).where(annotated == 3)
    assert shape_of(statement, NO_MEMOS) is None or not lasts(statement)


def test_one_executed_again_is_found_without_its_shape(engine: Engine) -> None:
    statement = select(Item).where(Item.id == 3)
    with Session(engine) as session:
        for _ in range(3):
            assert session.scalars(statement).one().id == 3
        derived = statement.where(Item.name == "a")
        assert [o.id for o in session.scalars(derived)] == [3]
        assert [o.id for o in session.scalars(statement)] == [3]
        assert session.scalars(derived.where(Item.size == 9)).all() == []


def test_parameters_beside_the_statement_s_own(engine: Engine) -> None:
    statement = select(Item).where(Item.id == bindparam("key"), Item.name == "a")
    with Session(engine) as session:
        for key in (3, 6, 4):
            found = session.scalars(statement, {"key": key}).all()
            assert [o.id for o in found] == [key][: key % 3 == 0]


def test_lists_of_any_length(engine: Engine) -> None:
    statement = select(Item.id).where(Item.id.in_(bindparam("keys", expanding=True)))
    with Session(engine) as session:
        for keys in ([1], [1, 2], [], (5, 6), [3, 4], range(7, 9), {9}, [11, 12]):
            found = session.scalars(statement.order_by(Item.id), {"keys": keys}).all()
            assert found == list(keys)
            found = session.scalars(statement, {"keys": list(keys)}).all()
            assert sorted(found) == list(keys)
