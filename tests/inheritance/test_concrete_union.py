"""``polymorphic_union()``: its SQL, its types and its errors."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, select
from sqlalchemy.exc import ArgumentError, InvalidRequestError

from ormolu import polymorphic_union


@pytest.fixture
def tables() -> dict[str, Table]:
    metadata = MetaData()
    return {
        "a": Table(
            "a",
            metadata,
            Column("id", Integer, primary_key=True),
            Column("name", String(50)),
            Column("x", Integer),
        ),
        "b": Table(
            "b",
            metadata,
            Column("id", Integer, primary_key=True),
            Column("name", String(50)),
            Column("y", String),
        ),
        "d": Table(
            "d",
            metadata,
            Column("id", String, primary_key=True),
            Column("x", String),
        ),
    }


def sql(union: Any) -> str:
    return str(union.element).replace("\n", "")


def test_columns_of_one_table_are_typed_nulls_in_the_others(tables):
    union = polymorphic_union({"a": tables["a"], "b": tables["b"]}, "type", "pj")
    assert sql(union) == (
        "SELECT a.id, a.name, a.x, CAST(NULL AS VARCHAR) AS y, "
        "'a' AS type FROM a UNION ALL SELECT b.id, b.name, "
        "CAST(NULL AS INTEGER) AS x, b.y, 'b' AS type FROM b"
    )
    assert union.name == "pj"
    assert [column.key for column in union.c] == ["id", "name", "x", "y", "type"]


def test_a_column_of_the_union_corresponds_to_those_of_the_tables(tables):
    union = polymorphic_union({"a": tables["a"], "b": tables["b"]}, "type")
    assert union.corresponding_column(tables["a"].c.x) is union.c.x
    assert union.corresponding_column(tables["b"].c.id) is union.c.id


def test_the_alias_has_a_default_name(tables):
    union = polymorphic_union({"a": tables["a"]}, "type")
    assert str(select(union.c.type)).endswith("AS p_union")


def test_nulls_need_not_be_cast(tables):
    union = polymorphic_union(
        {"a": tables["a"], "b": tables["b"]}, None, cast_nulls=False
    )
    assert sql(union) == (
        "SELECT a.id, a.name, a.x, NULL AS y FROM a UNION ALL "
        "SELECT b.id, b.name, NULL AS x, b.y FROM b"
    )
    assert isinstance(union.element.selects[0].selected_columns.y.type, String)


def test_the_last_table_decides_the_type_of_nulls(tables):
    first, second, third = tables["a"], tables["d"], tables["b"]
    union = polymorphic_union({"a": first, "d": second, "b": third}, None)
    assert "CAST(NULL AS VARCHAR) AS x, b.y FROM b" in sql(union)


@pytest.mark.parametrize(
    ("identity", "text"), [("it's", "'it''s'"), (1, "1"), (None, "None")]
)
def test_the_identity_is_a_literal(tables, identity, text):
    union = polymorphic_union({identity: tables["d"]}, "type")
    assert sql(union) == f"SELECT d.id, d.x, {text} AS type FROM d"


def test_a_discriminator_with_the_name_of_a_column_is_refused(tables):
    with pytest.raises(InvalidRequestError) as caught:
        polymorphic_union({"a": tables["a"], "b": tables["b"]}, "name")
    assert str(caught.value) == (
        "Polymorphic union can't use 'name' as the discriminator column due to mapped "
        "column Column('name', String(length=50), table=<a>); please apply the "
        "'typecolname' argument; this is available on ConcreteBase as "
        "'_concrete_discriminator_name'"
    )


def test_what_cannot_be_selected_from_is_refused(tables):
    with pytest.raises(ArgumentError, match="FROM expression, such as a Table"):
        polymorphic_union({"a": select(tables["a"])}, "type")
