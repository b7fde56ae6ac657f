"""``query_expression()``: attributes that take their SQL from ``with_expression()``."""

from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    func,
    inspect,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.exc import ArgumentError

from ormolu import (
    Entity,
    Load,
    Session,
    aliased,
    contains_eager,
    defer,
    joinedload,
    lazyload,
    load_only,
    query_expression,
    registry,
    relationship,
    selectinload,
    subqueryload,
    with_expression,
)
from ormolu.exc import LoaderStrategyException
from tests.orm.conftest import MakeEngine
from tests.orm.models import Mode
from tests.orm.recording import Recorder

ROWS = """
INSERT INTO shop VALUES (1, 10), (2, 20);
INSERT INTO sale VALUES (1, 1), (2, 1), (3, 2);
"""


@pytest.fixture
def shops(mode: Mode) -> Any:
    """Shop, with ``total`` and ``rank`` (7 by default), and Sale with ``score``."""
    metadata = MetaData()
    shop = Table(
        "shop",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("size", Integer),
    )
    sale = Table(
        "sale",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("shop_id", ForeignKey("shop.id")),
    )
    bases = (Entity,) if mode == "embedded" else ()
    Shop, Sale = type("Shop", bases, {"metadata": metadata}), type("Sale", bases, {})
    mapping = registry(metadata=metadata)
    mapping.map_imperatively(Sale, sale, properties={"score": query_expression()})
    mapping.map_imperatively(
        Shop,
        shop,
        properties={
            "total": query_expression(),
            "rank": query_expression(literal(7)),
            "sales": relationship(Sale, order_by=sale.c.id),
        },
    )
    return Shop, Sale


@pytest.fixture
def engine(shops: Any, make_engine: MakeEngine) -> Engine:
    return make_engine(shops[0].metadata, ROWS)


def test_without_an_expression_there_is_none(
    session: Session, shops: Any, sql: Recorder
) -> None:
    first, second = session.scalars(select(shops[0])).all()
    assert sql.take_sql() == ["SELECT ? AS anon_1, shop.id, shop.size FROM shop"]
    with sql.silence():
        assert (first.total, first.rank, second.rank) == (None, 7, 7)
    assert "total" not in first.__dict__


def test_each_statement_gives_its_own(session: Session, shops: Any) -> None:
    Shop = shops[0]
    for factor in (2, 3):
        option = with_expression(Shop.total, Shop.size * factor)
        found = session.scalars(select(Shop).options(option).order_by(Shop.id)).all()
        assert [shop.total for shop in found] == [10 * factor, 20 * factor]
        session.expunge_all()


def test_a_default_gives_way(session: Session, shops: Any) -> None:
    Shop = shops[0]
    shop = session.get_one(Shop, 1, options=[with_expression(Shop.rank, Shop.size + 1)])
    assert shop.rank == 11


def test_aggregates_and_subqueries(session: Session, shops: Any) -> None:
    Shop, Sale = shops
    grouped = (
        select(Shop)
        .outerjoin(Shop.sales)
        .group_by(Shop.id)
        .order_by(Shop.id)
        .options(with_expression(Shop.total, func.count(Sale.id)))
    )
    assert [shop.total for shop in session.scalars(grouped)] == [2, 1]
    session.expunge_all()
    count = select(func.count()).where(Sale.shop_id == Shop.id).scalar_subquery()
    statement = (
        select(Shop).order_by(Shop.id).options(with_expression(Shop.total, count))
    )
    assert [shop.total for shop in session.scalars(statement)] == [2, 1]


@pytest.mark.parametrize("load", [lazyload, joinedload, selectinload, subqueryload])
def test_expressions_of_related_objects(
    session: Session, shops: Any, load: Any
) -> None:
    Shop, Sale = shops
    for factor in (10, 100):
        option = load(Shop.sales).with_expression(Sale.score, Sale.id * factor)
        found = session.scalars(select(Shop).options(option).order_by(Shop.id)).unique()
        scores = [[sale.score for sale in shop.sales] for shop in found]
        assert scores == [[factor, 2 * factor], [3 * factor]]
        session.expunge_all()


def test_expressions_of_joined_rows_name_both_sides(
    session: Session, shops: Any
) -> None:
    Shop, Sale = shops
    option = contains_eager(Shop.sales).with_expression(Sale.score, Shop.size + Sale.id)
    found = session.scalars(select(Shop).join(Shop.sales).options(option)).unique()
    assert sorted(s.score for shop in found for s in shop.sales) == [11, 12, 23]


def test_a_limit_keeps_the_expression_inside(session: Session, shops: Any) -> None:
    Shop = shops[0]
    statement = select(Shop).order_by(Shop.id).limit(1)
    options = joinedload(Shop.sales), with_expression(Shop.total, Shop.size * 2)
    shop = session.scalars(statement.options(*options)).unique().one()
    assert (shop.total, len(shop.__dict__["sales"])) == (20, 2)


def test_aliases_and_options_of_an_entity(session: Session, shops: Any) -> None:
    Shop = shops[0]
    other = aliased(Shop)
    option = Load(other).with_expression(other.total, other.size)
    assert sorted(s.total for s in session.scalars(select(other).options(option))) == [
        10,
        20,
    ]


def test_rows_of_another_statement(session: Session, shops: Any) -> None:
    Shop = shops[0]
    rows = union_all(
        select(Shop.id, Shop.size, literal("small").label("kind")).where(Shop.id == 1),
        select(Shop.id, Shop.size, literal("large").label("kind")).where(Shop.id == 2),
    )
    option = with_expression(Shop.total, rows.selected_columns.kind)
    found = session.scalars(select(Shop).from_statement(rows).options(option))
    assert sorted(shop.total for shop in found) == ["large", "small"]


def test_returning_takes_an_expression(session: Session, shops: Any) -> None:
    Shop = shops[0]
    statement = update(Shop).where(Shop.id == 1).values(size=4).returning(Shop)
    option = with_expression(Shop.total, Shop.size * 2)
    assert session.scalars(statement.options(option)).one().total == 8


def test_an_object_that_is_there_gets_what_it_lacks(
    session: Session, shops: Any
) -> None:
    Shop = shops[0]
    held = session.get_one(Shop, 1)
    assert held.total is None
    session.scalars(select(Shop).options(with_expression(Shop.total, Shop.size))).all()
    assert held.total == 10
    session.scalars(select(Shop).options(with_expression(Shop.total, Shop.id))).all()
    assert held.total == 10


def test_an_expired_value_is_gone_until_the_row_is_read(
    session: Session, shops: Any, sql: Recorder
) -> None:
    Shop = shops[0]
    shop = session.get_one(
        Shop, 1, options=[with_expression(Shop.total, Shop.size * 2)]
    )
    session.expire(shop)
    with sql.silence():
        assert (shop.total, shop.rank) == (None, None)
    assert shop.size == 10
    with sql.silence():
        assert (shop.total, shop.rank) == (20, 7)


def test_values_that_are_set_are_not_saved(
    session: Session, shops: Any, sql: Recorder
) -> None:
    Shop = shops[0]
    shop = Shop(id=3, size=5, total=1)
    assert shop.rank is None
    session.add(shop)
    session.flush()
    assert sql.take_sql() == ["INSERT INTO shop (id, size) VALUES (?, ?)"]
    assert shop.total == 1
    shop.total = 2
    session.flush()
    assert sql.take_sql() == []
    session.commit()
    assert shop.total is None


@pytest.mark.parametrize("how", ["defer", "load_only"])
def test_a_default_may_be_deferred(
    session: Session, shops: Any, sql: Recorder, how: str
) -> None:
    Shop = shops[0]
    option = defer(Shop.rank) if how == "defer" else load_only(Shop.size)
    shop = session.get_one(Shop, 1, options=[option])
    assert sql.take_sql() == ["SELECT shop.id, shop.size FROM shop WHERE shop.id = ?"]
    with sql.count(1):
        assert shop.rank == 7


def test_as_a_column_it_is_its_default(session: Session, shops: Any) -> None:
    Shop = shops[0]
    assert session.execute(select(Shop.total, Shop.rank)).first() == (None, 7)


def test_names_and_relationships_are_refused(session: Session, shops: Any) -> None:
    Shop = shops[0]
    with pytest.raises(ArgumentError, match="Strings are not accepted"):
        with_expression("total", Shop.size)
    option = with_expression(Shop.sales, Shop.size)
    with pytest.raises(LoaderStrategyException, match='"expression column loader"'):
        session.scalars(select(Shop).options(option))


def test_it_is_an_attribute_of_the_mapper_and_no_column(shops: Any) -> None:
    mapper = inspect(shops[0])
    assert {"total", "rank"} <= set(mapper.column_attrs.keys())
    assert set(mapper.persist_selectable.c.keys()) == {"id", "size"}
