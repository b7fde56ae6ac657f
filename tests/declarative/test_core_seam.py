"""Each private name of Core that the declarative layer uses does what it needs."""

# ruff: noqa: UP007, UP045 -- the old spellings are what is tested
from __future__ import annotations

import enum
from typing import Annotated, ForwardRef, Literal, Optional, Union

import pytest
from sqlalchemy import (
    Column,
    Enum,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    event,
    join,
)

from ormolu._core import declarative as seam


class Answer:
    yes: int


def test_annotations_are_classified():
    assert seam.is_pep593(Annotated[int, 1])
    assert seam.is_literal(Literal["a"])
    assert seam.is_union(Optional[int])
    assert seam.is_union(int | str)
    assert seam.is_generic(list[int])
    assert seam.is_fwd_ref(ForwardRef("x"))
    assert seam.is_fwd_ref(list[ForwardRef("x")], check_generic=True)
    assert seam.is_a_type(int)
    assert not seam.is_a_type(5)
    assert not seam.is_pep695(int)


def test_none_is_taken_out_of_unions():
    assert seam.includes_none(Optional[int])
    assert seam.includes_none(ForwardRef("int | None"))
    assert not seam.includes_none(int)
    assert seam.de_optionalize_union_types(Union[int, None]) is int


def test_text_is_evaluated_in_its_module_and_class():
    assert seam.eval_name_only("Answer", __name__) is Answer
    assert seam.eval_expression("Optional[int]", __name__) == Optional[int]
    found = seam.de_stringify_annotation(
        Answer, ForwardRef("list[int]"), __name__, {}, include_generic=True
    )
    assert found == list[int]
    with pytest.raises(NameError):
        seam.eval_name_only("Nothing", __name__)


def test_quoted_arguments_of_builtin_containers_become_references():
    assert seam.fixup_container_fwd_refs(list["Answer"]) == list[ForwardRef("Answer")]


def test_names_are_merged_in_order_of_declaration():
    assert seam.get_annotations(Answer).keys() == {"yes"}
    assert seam.merge_names(["id", "x"], ["id", "data"]) == ["id", "data", "x"]


def test_python_types_have_sql_types():
    found = seam.default_type_for(int)
    assert isinstance(found, Integer)
    assert seam.default_type_for(Answer) is None
    assert seam.resolve_for_python_type(found, int, int, int) is found
    assert seam.resolve_for_python_type(found, bool, int, int) is None

    class Color(enum.Enum):
        red = 1

    adapted = seam.resolve_for_python_type(
        seam.default_type_for(enum.Enum), Color, enum.Enum, enum.Enum
    )
    assert isinstance(adapted, Enum)
    assert adapted.enum_class is Color


def test_columns_are_copied_merged_and_typed():
    plain = Column("a")
    assert seam.is_null_type(plain.type)
    seam.set_column_type(plain, String(5))
    assert plain.type.length == 5
    copied = seam.copy_column(plain)
    assert (copied.name, copied.table) == ("a", None)
    target = Column("b")
    seam.merge_column(Column(Integer, index=True), target)
    assert target.index
    assert isinstance(target.type, Integer)
    assert seam.user_defined_nullable(Column()) is seam.NULL_UNSPECIFIED
    assert seam.user_defined_nullable(Column(nullable=False)) is False


def test_foreign_keys_to_free_columns_are_found():
    free = Column("id", Integer)
    assert list(seam.collect_pending_foreign_keys(Column(ForeignKey(free))))
    assert not list(seam.collect_pending_foreign_keys(Column(ForeignKey("a.id"))))


def test_joins_see_columns_added_to_their_tables():
    metadata = MetaData()
    a = Table("a", metadata, Column("id", Integer, primary_key=True))
    b = Table("b", metadata, Column("id", ForeignKey(a.c.id)))
    both = join(a, b)
    assert "a_new" not in both.c
    added = Column("new", Integer)
    a.append_column(added)
    seam.refresh_selectable(both, added)
    assert "a_new" in both.c


def test_creation_order_counts():
    first, second = Column(), Column()
    seam.set_creation_order(first)
    seam.set_creation_order(second)
    assert first._creation_order < second._creation_order


def test_events_can_be_declared():
    class Target(seam.EventTarget):
        pass

    class TargetEvents(seam.Events[Target]):
        _dispatch_target = Target

        def ormolu_seam_happened(self, what):
            """An event."""

    seen = []
    target = Target()
    event.listen(target, "ormolu_seam_happened", seen.append)
    target.dispatch.ormolu_seam_happened(5)
    assert seen == [5]
    assert seam.NO_ARG is seam.NoArg.NO_ARG
