"""The private names of Core that queries and aliases rest on."""

from sqlalchemy import Column, Integer, MetaData, Table, text

from ormolu._core.selectables import clause_is_present, is_anonymous, textual_select

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
