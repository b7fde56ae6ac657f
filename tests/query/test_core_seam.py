"""The private names of Core that queries and aliases rest on."""

from sqlalchemy import Column, Integer, MetaData, Table, select, text
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData

from ormolu._core.lambdas import deferred_criterion, resolved
from ormolu._core.results import with_more_keys
from ormolu._core.selectables import (
    clause_is_present,
    froms_of,
    is_anonymous,
    shared_attributes,
    textual_select,
)

one = Table("one", MetaData(), Column("id", Integer))
two = one.alias()


def test_a_join_contains_its_parts() -> None:
    joined = one.join(two, one.c.id == two.c.id)
    assert clause_is_present(one, joined)
    assert not clause_is_present(one.alias(), joined)


def test_names_made_at_compile_time() -> None:
    assert is_anonymous(two.name)
    assert not is_anonymous(one.name)


def test_text_with_columns_matched_by_name() -> None:
    statement = textual_select(text("SELECT id FROM one"), [one.c.id])
    assert str(statement) == "SELECT id FROM one"
    assert not statement.positional


def test_what_a_select_correlates_to() -> None:
    compiler = select(one).compile()
    inner = select(one.c.id).where(one.c.id == two.c.id)
    froms, displayed = froms_of(inner, compiler, asfrom=False, lateral=False)
    assert set(froms) == set(displayed) == {one, two}
    around = frozenset([two])
    compiler.stack.append({"correlate_froms": around, "asfrom_froms": around})
    _, displayed = froms_of(inner, compiler, asfrom=False, lateral=False)
    assert displayed == [one]
    _, displayed = froms_of(inner, compiler, asfrom=True, lateral=False)
    assert set(displayed) == {one, two}


def test_what_a_compiler_shares() -> None:
    compiler = select(one).compile()
    shared_attributes(compiler)["key"] = "value"
    assert shared_attributes(compiler) == {"key": "value"}


def test_a_criterion_that_a_function_makes() -> None:
    limit = 5
    made = deferred_criterion(
        lambda table: table.c.id > limit, one, track_closure_variables=True
    )
    assert str(resolved(made, two)) == "one_1.id > :limit_1"
    assert [b.value for b in made._generate_cache_key().bindparams] == [5]


def test_further_keys_of_a_row() -> None:
    plain = SimpleResultMetaData(["a", "b", "a"], [("x",), (), ()])
    more = with_more_keys(plain, [(1, ("y", "z")), (2, ("last",))])
    row = IteratorResult(more, iter([(1, 2, 3)])).one()
    assert [row._mapping[key] for key in ("x", "b", "y", "z", "a", "last")] == [
        *(1, 2, 2, 2, 3, 3)
    ]
    narrowed = IteratorResult(more, iter([(1, 2, 3)])).columns("z", "x").one()
    assert narrowed._mapping["y"] == narrowed[0] == 2
    assert not plain._has_key("y")
