"""The join that a relationship derives: marks, direction, pairs, and its errors."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    Table,
    and_,
    func,
    select,
)
from sqlalchemy.exc import (
    AmbiguousForeignKeysError,
    ArgumentError,
    NoForeignKeysError,
    SAWarning,
)

from ormolu.mapping.annotations import foreign, gather, remote
from ormolu.mapping.direction import MANYTOMANY, MANYTOONE, ONETOMANY
from ormolu.mapping.join_condition import JoinCondition

metadata = MetaData()
user = Table(
    "user",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("x", Integer),
    Column("y", Integer),
)
address = Table(
    "address",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("user.id")),
    Column("x", Integer),
    Column("y", Integer),
)
letter = Table(
    "letter",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sender_id", ForeignKey("user.id")),
    Column("reader_id", ForeignKey("user.id")),
)
node = Table(
    "node",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("parent_id", ForeignKey("node.id")),
)
place = Table(
    "place",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("group_id", Integer, primary_key=True),
    Column("parent_id", Integer),
    ForeignKeyConstraint(["parent_id", "group_id"], ["place.id", "place.group_id"]),
)
tag = Table("tag", metadata, Column("id", Integer, primary_key=True))
user_tag = Table(
    "user_tag",
    metadata,
    Column("user_id", ForeignKey("user.id")),
    Column("tag_id", ForeignKey("tag.id")),
    Column("x", Integer),
)
bare = Table("bare", metadata, Column("user_id", Integer), Column("tag_id", Integer))
double = Table(
    "double",
    metadata,
    Column("user_id", ForeignKey("user.id")),
    Column("other_id", ForeignKey("user.id")),
    Column("tag_id", ForeignKey("tag.id")),
)
admin = Table(
    "admin",
    metadata,
    Column("id", ForeignKey("user.id"), primary_key=True),
    Column("boss_id", ForeignKey("user.id")),
)
admins = user.join(admin, user.c.id == admin.c.id)


class Mapper:
    """As much of a mapper as a join condition looks at."""

    def __init__(self, primary_key: tuple[Column[Any], ...]) -> None:
        self.primary_key = primary_key

    def isa(self, other: Mapper) -> bool:
        return self is other


class Prop:
    """As much of a relationship as a join condition looks at."""

    def __init__(self, parent: Mapper, mapper: Mapper) -> None:
        self.parent = parent
        self.mapper = mapper

    def __str__(self) -> str:
        return "User.things"


USERS = Mapper((user.c.id,))
OTHERS = Mapper((address.c.id,))
PROP = Prop(USERS, OTHERS)


def join(parent: Any, child: Any, **options: Any) -> JoinCondition:
    return JoinCondition(
        parent,
        child,
        options.pop("parent_local", parent),
        options.pop("child_local", child),
        **{"prop": PROP, **options},
    )


class TestDirection:
    def test_the_child_refers_to_the_parent(self) -> None:
        found = join(user, address)
        assert found.direction is ONETOMANY
        assert str(found.primaryjoin) == '"user".id = address.user_id'
        assert found.local_remote_pairs == [(user.c.id, address.c.user_id)]
        assert found.synchronize_pairs == [(user.c.id, address.c.user_id)]
        assert found.remote_columns == {address.c.user_id}
        assert found.local_columns == {user.c.id}
        assert found.foreign_key_columns == {address.c.user_id}

    def test_the_parent_refers_to_the_child(self) -> None:
        found = join(address, user)
        assert found.direction is MANYTOONE
        assert found.local_remote_pairs == [(address.c.user_id, user.c.id)]
        assert found.synchronize_pairs == [(user.c.id, address.c.user_id)]
        assert found.remote_columns == {user.c.id}

    def test_a_secondary_table_refers_to_both(self) -> None:
        found = join(user, tag, secondary=user_tag)
        assert found.direction is MANYTOMANY
        assert found.local_remote_pairs == [
            (user.c.id, user_tag.c.user_id),
            (tag.c.id, user_tag.c.tag_id),
        ]
        assert found.synchronize_pairs == [(user.c.id, user_tag.c.user_id)]
        assert found.secondary_synchronize_pairs == [(tag.c.id, user_tag.c.tag_id)]
        assert found.remote_columns == {user_tag.c.user_id, user_tag.c.tag_id}
        assert found.local_columns == {user.c.id}

    def test_a_table_that_refers_to_itself_is_one_to_many(self) -> None:
        found = join(node, node)
        assert found.direction is ONETOMANY
        assert found.remote_columns == {node.c.parent_id}

    def test_remote_side_makes_it_many_to_one(self) -> None:
        found = join(node, node, remote_side={node.c.id})
        assert found.direction is MANYTOONE
        assert found.local_remote_pairs == [(node.c.parent_id, node.c.id)]

    def test_a_composite_key_that_shares_a_column_with_its_target(self) -> None:
        found = join(place, place)
        assert found.direction is ONETOMANY
        assert found.local_remote_pairs == [
            (place.c.group_id, place.c.group_id),
            (place.c.id, place.c.parent_id),
        ]
        upward = join(place, place, remote_side={place.c.id, place.c.group_id})
        assert upward.direction is MANYTOONE

    def test_a_subclass_whose_table_refers_to_that_of_its_base(self) -> None:
        found = join(
            admins,
            user,
            parent_local=admin,
            primaryjoin=admin.c.boss_id == user.c.id,
        )
        assert found.direction is MANYTOONE
        assert found.local_remote_pairs == [(admin.c.boss_id, user.c.id)]

    def test_foreign_columns_on_both_sides_are_an_error(self) -> None:
        with pytest.raises(ArgumentError, match="present in both the parent and the"):
            join(
                user,
                address,
                primaryjoin=user.c.x == address.c.y,
                consider_as_foreign_keys={user.c.x, address.c.y},
            )

    def test_foreign_columns_in_neither_table_are_an_error(self) -> None:
        with pytest.raises(ArgumentError, match="present in neither the parent nor"):
            join(
                user,
                tag,
                primaryjoin=and_(
                    user.c.id == foreign(user_tag.c.user_id),
                    tag.c.id == user_tag.c.tag_id,
                ),
                support_sync=False,
            )


class TestMarks:
    def test_each_column_is_marked_with_its_side_and_the_mapper_there(self) -> None:
        found = join(user, address).primaryjoin
        left, right = found.left, found.right
        assert left._annotations == {"local": True, "parentmapper": USERS}
        assert right._annotations == {
            "foreign": True,
            "remote": True,
            "parentmapper": OTHERS,
        }

    def test_variants_without_marks(self) -> None:
        found = join(user, tag, secondary=user_tag)
        assert not gather(found.deannotated_primaryjoin, "foreign")
        assert not gather(found.deannotated_secondaryjoin, "foreign")
        assert not gather(found.primaryjoin_minus_local, "local")
        assert gather(found.primaryjoin_minus_local, "foreign")
        assert gather(found.secondaryjoin_minus_local, "foreign")

    def test_foreign_and_remote_mark_the_columns_inside_an_expression(self) -> None:
        expression = remote(foreign(address.c.x * address.c.y))
        assert gather(expression, "foreign", "remote") == {address.c.x, address.c.y}

    def test_only_column_expressions_can_be_marked(self) -> None:
        with pytest.raises(ArgumentError):
            remote(object())

    def test_what_the_user_marked_is_kept(self) -> None:
        found = join(
            user,
            address,
            primaryjoin=user.c.x == remote(foreign(address.c.x * address.c.y)),
        )
        assert found.remote_columns == {address.c.x, address.c.y}
        assert found.local_remote_pairs == [
            (user.c.x, address.c.x),
            (user.c.x, address.c.y),
        ]

    def test_the_opposite_end_gets_the_marks_of_the_user_reversed(self) -> None:
        given = remote(address.c.user_id) == user.c.id
        found = join(user, address, primaryjoin=given)
        swapped = found.primaryjoin_reverse_remote
        assert gather(swapped, "remote") == {user.c.id}
        assert gather(swapped, "local") == {address.c.user_id}
        assert join(address, user, primaryjoin=swapped).direction is MANYTOONE

    def test_the_opposite_end_finds_for_itself_what_was_found(self) -> None:
        given = foreign(address.c.user_id) == user.c.id
        kept = join(user, address, primaryjoin=given).primaryjoin_reverse_remote
        assert gather(kept, "foreign") == {address.c.user_id}
        assert not gather(kept, "remote")
        found = join(user, address).primaryjoin_reverse_remote
        assert not gather(found, "foreign")

    def test_foreign_keys_choose_between_several(self) -> None:
        found = join(user, letter, consider_as_foreign_keys={letter.c.reader_id})
        assert str(found.primaryjoin) == '"user".id = letter.reader_id'
        assert found.foreign_key_columns == {letter.c.reader_id}

    def test_a_subclass_is_joined_by_its_own_table_first(self) -> None:
        found = join(
            admins,
            user,
            parent_local=admin,
            primaryjoin=None,
            remote_side=[user.c.id],
            consider_as_foreign_keys={admin.c.boss_id},
        )
        assert found.foreign_key_columns == {admin.c.boss_id}

    def test_columns_that_are_not_mapped_are_neither_paired_nor_copied(self) -> None:
        def mapped(*columns: Any) -> bool:
            return not any(user_tag.c.contains_column(column) for column in columns)

        found = join(
            user,
            address,
            support_sync=False,
            can_be_synced_fn=mapped,
            primaryjoin=and_(
                user.c.id == address.c.user_id,
                user_tag.c.user_id == user.c.id,
                user_tag.c.x == address.c.id,
            ),
        )
        assert found.local_remote_pairs == [(user.c.id, address.c.user_id)]
        assert found.remote_columns == {address.c.user_id, address.c.id}

    def test_a_comparison_with_a_function_in_one_table_is_warned_of(self) -> None:
        with pytest.warns(
            SAWarning,
            match=r"Non-simple column elements in primary join condition for property "
            r"User.things - consider using remote\(\) annotations",
        ):
            join(
                node,
                node,
                primaryjoin=and_(
                    node.c.id == node.c.parent_id,
                    node.c.id == func.lower(node.c.parent_id),
                ),
            )

    def test_remote_marks_on_the_near_side_are_warned_of(self) -> None:
        with pytest.warns(
            SAWarning, match="Expression user.id is marked as 'remote', but these"
        ):
            join(user, address, primaryjoin=remote(user.c.id) == address.c.user_id)


class TestErrors:
    def test_no_foreign_key(self) -> None:
        with pytest.raises(
            NoForeignKeysError,
            match="between parent/child tables on relationship User.things - there are "
            "no foreign keys linking these tables.  Ensure that referencing columns are "
            "associated with a ForeignKey or ForeignKeyConstraint, or specify a "
            "'primaryjoin' expression.",
        ):
            join(user, tag)

    def test_no_foreign_key_in_the_secondary_table(self) -> None:
        with pytest.raises(
            NoForeignKeysError,
            match="no foreign keys linking these tables via secondary table 'bare'.  .*"
            "or specify 'primaryjoin' and 'secondaryjoin' expressions.",
        ):
            join(user, tag, secondary=bare)

    def test_several_foreign_keys(self) -> None:
        with pytest.raises(
            AmbiguousForeignKeysError,
            match="there are multiple foreign key paths linking the tables.  Specify "
            "the 'foreign_keys' argument, providing a list of those columns which "
            "should be counted as containing a foreign key reference to the parent",
        ):
            join(user, letter)

    def test_several_foreign_keys_in_the_secondary_table(self) -> None:
        with pytest.raises(
            AmbiguousForeignKeysError,
            match="linking the tables via secondary table 'double'.  .*from the "
            "secondary table to each of the parent and child tables.",
        ):
            join(user, tag, secondary=double)

    def test_a_secondary_join_without_a_secondary_table(self) -> None:
        with pytest.raises(
            ArgumentError,
            match="Property User.things specified with secondary join condition but no "
            "secondary argument",
        ):
            join(user, tag, secondaryjoin=user.c.id == tag.c.id)

    def test_no_foreign_column_in_the_join_given(self) -> None:
        expected = re.escape(
            "Could not locate any relevant foreign key columns for primary join "
            "condition '\"user\".x = address.x' on relationship User.things."
        )
        with pytest.raises(ArgumentError, match=expected):
            join(user, address, primaryjoin=user.c.x == address.c.x)

    def test_no_equality_to_copy_by(self) -> None:
        given = {
            "primaryjoin": user.c.x > address.c.x,
            "consider_as_foreign_keys": {address.c.x},
        }
        expected = re.escape(
            "Could not locate any simple equality expressions involving locally mapped "
            "foreign key columns for primary join condition '\"user\".x > address.x' "
            "on relationship User.things."
        )
        with pytest.raises(ArgumentError, match=expected):
            join(user, address, **given)
        assert join(user, address, support_sync=False, **given).direction is ONETOMANY

    def test_no_foreign_column_in_the_secondary_join(self) -> None:
        with pytest.raises(ArgumentError, match="columns for secondary join condition"):
            join(
                user,
                tag,
                secondary=user_tag,
                secondaryjoin=tag.c.id == user_tag.c.tag_id,
                consider_as_foreign_keys={user_tag.c.user_id},
            )

    def test_nothing_compared_across_the_join(self) -> None:
        with pytest.raises(
            ArgumentError,
            match="Relationship User.things could not determine any unambiguous "
            "local/remote column pairs based on join condition and remote_side",
        ):
            join(user, address, remote_side={user.c.id, address.c.user_id})

    def test_remote_side_next_to_pairs(self) -> None:
        with pytest.raises(ArgumentError, match="remote_side argument is redundant"):
            join(
                user,
                address,
                remote_side={address.c.user_id},
                local_remote_pairs=[(user.c.id, address.c.user_id)],
            )


class TestKeys:
    def test_a_join_by_the_key_of_the_child_alone(self) -> None:
        found = join(address, user)
        assert found.compares_only([user.c.id])
        assert not found.compares_only([user.c.id, user.c.x])
        assert not join(user, address).compares_only([address.c.id])

    def test_a_join_by_a_column_that_equals_the_key(self) -> None:
        found = join(
            letter,
            admins,
            child_local=admin,
            primaryjoin=letter.c.sender_id == admin.c.id,
            consider_as_foreign_keys={letter.c.sender_id},
            child_equivalents={user.c.id: {admin.c.id}},
        )
        assert found.compares_only([user.c.id])

    @pytest.mark.parametrize(
        "extra", [user.c.x == 5, user.c.id == address.c.x, user.c.id > 3]
    )
    def test_a_join_that_does_more(self, extra: Any) -> None:
        given = and_(user.c.id == address.c.user_id, extra)
        assert not join(address, user, primaryjoin=given).compares_only([user.c.id])

    def test_the_secondary_table_can_stand_for_the_parent(self) -> None:
        found = join(user, tag, secondary=user_tag)
        assert found.secondary_can_be_used_for_related_join
        assert not join(user, address).secondary_can_be_used_for_related_join

    @pytest.mark.parametrize(
        "extra", [user_tag.c.x == 5, user.c.x == 5, user.c.x == user_tag.c.x]
    )
    def test_the_secondary_table_does_not_do_for_more_than_the_key(
        self, extra: Any
    ) -> None:
        given = and_(user.c.id == user_tag.c.user_id, extra)
        found = join(user, tag, secondary=user_tag, primaryjoin=given)
        assert not found.secondary_can_be_used_for_related_join

    def test_the_key_of_a_subclass_is_that_of_its_own_table(self) -> None:
        options: dict[str, Any] = {
            "parent_local": admin,
            "secondary": user_tag,
            "parent_equivalents": {user.c.id: {admin.c.id}},
            "consider_as_foreign_keys": {user_tag.c.user_id, user_tag.c.tag_id},
        }
        by_base = join(
            admins, tag, primaryjoin=user.c.id == user_tag.c.user_id, **options
        )
        by_own = join(
            admins, tag, primaryjoin=admin.c.id == user_tag.c.user_id, **options
        )
        assert not by_base.secondary_can_be_used_for_related_join
        assert by_own.secondary_can_be_used_for_related_join


class TestLazyClause:
    def test_a_parameter_stands_for_the_local_column(self) -> None:
        criterion, columns, equated = join(user, address).create_lazy_clause()
        assert str(criterion) == ":param_1 = address.user_id"
        assert list(columns.values()) == [user.c.id]
        assert equated == {address.c.user_id: user.c.id}
        (key,) = columns
        (parameter,) = (
            x for x in criterion.get_children() if key == getattr(x, "key", 0)
        )
        assert isinstance(parameter.type, Integer)  # type: ignore[attr-defined]  # a bind

    def test_in_the_reverse_direction(self) -> None:
        criterion, columns, equated = join(user, address).create_lazy_clause(True)
        assert str(criterion) == '"user".id = :param_1'
        assert list(columns.values()) == [address.c.user_id]
        assert equated == {user.c.id: address.c.user_id}

    def test_a_secondary_table_stays_in_both_directions(self) -> None:
        found = join(user, tag, secondary=user_tag)
        criterion, columns, equated = found.create_lazy_clause()
        assert (
            str(criterion) == ":param_1 = user_tag.user_id AND tag.id = user_tag.tag_id"
        )
        assert list(columns.values()) == [user.c.id]
        assert equated == {user_tag.c.user_id: user.c.id, user_tag.c.tag_id: tag.c.id}
        criterion, columns, _ = found.create_lazy_clause(reverse_direction=True)
        assert (
            str(criterion)
            == '"user".id = user_tag.user_id AND :param_1 = user_tag.tag_id'
        )
        assert list(columns.values()) == [tag.c.id]

    def test_one_parameter_for_a_column_used_twice(self) -> None:
        given = (user.c.id == address.c.user_id) | (user.c.id == foreign(address.c.x))
        found = join(user, address, primaryjoin=given, support_sync=False)
        criterion, columns, _ = found.create_lazy_clause()
        assert len(columns) == 1
        assert str(criterion).count(":param_1") == 2

    def test_a_criterion_of_the_near_side_brings_in_no_table(self) -> None:
        given = and_(user.c.id == address.c.user_id, user.c.x == 5)
        criterion, _, _ = join(user, address, primaryjoin=given).create_lazy_clause()
        assert str(criterion) == ":param_1 = address.user_id AND :param_2 = :x_1"


class TestTargets:
    def test_plain_tables(self) -> None:
        found = join(user, address).join_targets(user, address, False)
        assert str(found.primaryjoin) == '"user".id = address.user_id'
        assert found.secondaryjoin is None
        assert found.secondary is None
        assert found.target_adapter is None

    def test_an_alias_of_either_side(self) -> None:
        condition = join(user, address)
        near, far = user.alias("near"), address.alias("far")
        assert str(condition.join_targets(near, address, True)[0]) == (
            "near.id = address.user_id"
        )
        found = condition.join_targets(user, far, True)
        assert str(found.primaryjoin) == '"user".id = far.user_id'
        assert found.target_adapter is not None
        assert str(found.target_adapter.traverse(address.c.x == 5)) == "far.x = :x_1"

    def test_two_aliases_of_one_table(self) -> None:
        near, far = select(node).subquery("near"), node.alias("far")
        found = join(node, node).join_targets(near, far, True)
        assert str(found.primaryjoin) == "near.id = far.parent_id"

    def test_the_secondary_table_gets_an_alias(self) -> None:
        far = tag.alias("far")
        found = join(user, tag, secondary=user_tag).join_targets(None, far, True)
        assert str(found.primaryjoin) == '"user".id = user_tag_1.user_id'
        assert str(found.secondaryjoin) == "far.id = user_tag_1.tag_id"
        assert found.secondary is not user_tag

    def test_a_criterion_of_the_child_goes_where_the_child_is_joined(self) -> None:
        far = address.alias("far")
        found = join(user, address).join_targets(user, far, True, address.c.x == 5)
        assert str(found.primaryjoin) == '"user".id = far.user_id AND far.x = :x_1'
        found = join(user, tag, secondary=user_tag).join_targets(
            user, tag, False, tag.c.id > 5
        )
        assert str(found.secondaryjoin) == "tag.id = user_tag.tag_id AND tag.id > :id_1"

    def test_extra_criteria_of_other_entities_are_left_alone(self) -> None:
        far = address.alias("far")
        of_child = address.c.x._annotate({"parentmapper": OTHERS})
        of_other = address.c.y._annotate({"parentmapper": Mapper(())})
        found = join(user, address).join_targets(
            user, far, True, None, (of_child == of_other,)
        )
        assert str(found.primaryjoin) == (
            '"user".id = far.user_id AND far.x = address.y'
        )
