"""Where Ormolu does what is documented and sqlalchemy.orm 2.1 does not.

Each has a name, under which a program of `differences` shows it.  A program is given up
where one of them shows: what follows differs, too.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import starmap
from typing import Any

from .program import Step
from .schema import SCHEMA

Entry = dict[str, Any]


@dataclass(frozen=True)
class KnownDifference:
    """One difference.

    Attributes:
        evidence: what the reference does, and what speaks against it.
        recognised: whether an entry of the reference's trace and the other's differ
            so; it is given the steps up to there, too.
    """

    name: str
    evidence: str
    recognised: Callable[[list[Step], Entry, Entry], bool]


def known_difference(
    steps: list[Step], expected: Entry, found: Entry
) -> KnownDifference | None:
    """The known difference that two entries show.

    Args:
        steps: those of the program up to the one of the entries.
    """
    if "error" in {**expected["seen"], **found["seen"]}:
        return None  # the objects could not be looked at
    for known in KNOWN_DIFFERENCES:
        if known.recognised(steps, expected, found):
            return known
    return None


def _error(entry: Entry) -> tuple[str, str]:
    """The class and the text of what a step raised; empty where it raised nothing."""
    name, text = entry.get("error", ("", ""))
    return name, text


def _flat(steps: list[Step]) -> Iterator[Step]:
    for step in steps:
        if step[0] == "no_autoflush":
            yield from _flat(step[1])
        yield step


def _differing(expected: Entry, found: Entry) -> Iterator[tuple[str, Entry, Entry]]:
    """The objects that are not shown alike: handle, what is expected and found."""
    for handle, shown in expected["seen"].items():
        other = found["seen"].get(handle, {})
        if shown != other:
            yield handle, shown, other


def _all_differ(
    expected: Entry, found: Entry, how: Callable[[Entry, Entry], bool]
) -> bool:
    """Whether nothing but objects differs, and each that does in a certain way."""
    differing = [(shown, other) for _, shown, other in _differing(expected, found)]
    return (
        bool(differing)
        and all(how(shown, other) for shown, other in differing)
        and {**expected, "seen": None} == {**found, "seen": None}
    )


EXPIRED = "expired attributes"


def _same_but_for_expired(shown: Entry, other: Entry) -> bool:
    return {**shown, EXPIRED: None} == {**other, EXPIRED: None}


RELATED = {name for described in SCHEMA.values() for name in described.related}
COLLECTIONS = {
    name
    for described in SCHEMA.values()
    for name, related in described.related.items()
    if related.holder != "one"
}
COLUMNS = {repr(k) for d in SCHEMA.values() for k in (*d.key, *d.columns)}


def _breaks_for_deleted_column(
    steps: list[Step], expected: Entry, found: Entry
) -> bool:
    name, text = _error(expected)
    return (
        name == "KeyError"
        and text in COLUMNS
        and found.get("error") != expected["error"]
        and any(s[0] == "del" and repr(s[2]) == text for s in _flat(steps))
    )


def _keeps_mark_of_deletion(steps: list[Step], expected: Entry, found: Entry) -> bool:
    marked = {"transient was deleted", "pending was deleted"}
    made = {s[1] for s in _flat(steps) if s[0] in ("new", "copy")}

    def is_marked(handle: str, life: str | None) -> bool:
        # it has a key where the rollback has undone the change of one as well
        return life in marked or (handle in made and life == "detached was deleted")

    return any(
        is_marked(handle, shown.get("life")) and other.get("life") != shown["life"]
        for handle, shown, other in _differing(expected, found)
    )


SETS_PARENT = re.compile(r"UPDATE node SET (.*)\bparent_id=\?")


def _saved_parents(entry: Entry) -> int:
    """How many rows of nodes lose their parent."""
    count = 0
    for statement in entry["statements"]:
        text, given = statement if isinstance(statement, tuple) else (statement, ())
        match = SETS_PARENT.match(text)
        if match:
            position = match[1].count("?")
            rows = given if isinstance(given, list) else [given]
            count += sum(row[position] is None for row in rows)
    return count


def _forgets_deleted_parent(steps: list[Step], expected: Entry, found: Entry) -> bool:
    def is_cleared(shown: Entry, other: Entry) -> bool:
        return shown.get("parent_id") is not None and other.get("parent_id", 0) is None

    differing = [(shown, other) for _, shown, other in _differing(expected, found)]
    return any(s[0] == "del" and s[2] == "parent" for s in _flat(steps)) and (
        _saved_parents(expected) < _saved_parents(found)
        # a key that is None in the row as well is not sent; nor is any where the flush
        # fails later, which has done its part by then
        or (bool(differing) and all(starmap(is_cleared, differing)))
    )


def _replaced_claims_session(steps: list[Step], expected: Entry, found: Entry) -> bool:
    return any(
        shown.get("life") == "persistent"
        and not shown["in session"]
        and other.get("life") == "detached"
        for _, shown, other in _differing(expected, found)
    )


def _still_in_session(
    life: str, steps: list[Step], expected: Entry, found: Entry
) -> bool:
    return any(
        shown.get("life") == life
        and shown["in session"]
        and not other.get("in session", True)
        for _, shown, other in _differing(expected, found)
    )


def _detached_by_the_commit(steps: list[Step], expected: Entry, found: Entry) -> bool:
    """Whether what was deleted and saved again is in the session without a session."""

    def is_detached(shown: Entry, other: Entry) -> bool:
        return (
            shown.get("life") == "detached"
            and other.get("life") == "persistent"
            and {**shown, "life": ""} == {**other, "life": ""}
        )

    return any(s[0] == "make_transient" for s in _flat(steps)) and _all_differ(
        expected, found, is_detached
    )


REPLACING = "Identity map already had an identity for"


def _replaces_what_was_deleted(
    steps: list[Step], expected: Entry, found: Entry
) -> bool:
    """Whether an object that was deleted before still claims to have the session."""

    def warned(entry: Entry) -> bool:
        return any(text.startswith(REPLACING) for _, text in entry["warnings"])

    return (
        warned(expected)
        and not warned(found)
        and expected["statements"] == found["statements"]
        and any(
            shown.get("life") == "deleted was deleted"
            and other.get("life") == "detached was deleted"
            for _, shown, other in _differing(expected, found)
        )
    )


def _misses_a_row_that_it_deleted(
    steps: list[Step], expected: Entry, found: Entry
) -> bool:
    name, text = _error(expected)
    return (
        name == "KeyError"
        and "failed to populate correctly" in text
        and _error(found)[0] == "ObjectDeletedError"
    )


ATTRIBUTES = {repr(k) for d in SCHEMA.values() for k in (*d.columns, *d.related)}


def _merges_into_another_class(
    steps: list[Step], expected: Entry, found: Entry
) -> bool:
    name, text = _error(expected)
    return (
        expected["step"][0] == "merge"
        and name == "KeyError"
        and text in ATTRIBUTES
        and "error" not in found
    )


def _refuses_deletes_of_several_tables(
    steps: list[Step], expected: Entry, found: Entry
) -> bool:
    name, text = _error(expected)
    return (
        name == "CompileError"
        and "does not support RETURNING with DELETE..USING" in text
        and _error(found)[0] == "NotImplementedError"
    )


def _refuses_rollback(steps: list[Step], expected: Entry, found: Entry) -> bool:
    name, text = _error(expected)
    return (
        name == "InvalidRequestError"
        and text.endswith("is not persisted")
        and (
            expected["step"] in (["rollback"], ["end_nested", "rollback"])
            or any("ROLLBACK" in str(sent) for sent in expected["statements"])
        )
        and found.get("error") != expected["error"]
    )


def _deleted_nodes(entry: Entry) -> set[Any]:
    """The keys of the nodes whose rows an entry deletes."""
    keys: set[Any] = set()
    for statement in entry["statements"]:
        if statement[0] == "DELETE FROM node WHERE node.id = ?":
            given = statement[1]
            keys |= {row[0] for row in (given if isinstance(given, list) else [given])}
    return keys


def _loses_taken_row(steps: list[Step], expected: Entry, found: Entry) -> bool:
    lost = _deleted_nodes(expected) - _deleted_nodes(found)
    return any(
        shown.get("life") == "persistent" and shown["key"][1][0] in lost
        for shown in found["seen"].values()
        if (shown.get("key") or ("",))[0] == "Node"
    )


INDEX_ERROR = ("IndexError", "tuple index out of range")


def _trips_over_deleted(steps: list[Step], expected: Entry, found: Entry) -> bool:
    name, text = _error(expected)
    deletes = any(s[0] == "del" for s in _flat(steps))
    return (
        "LoaderCallableStatus" in text
        or (deletes and (name, text) == INDEX_ERROR)
        or (deletes and name == "FlushError" and "using NULL for primary key" in text)
    ) and found.get("error") != expected["error"]


def _breaks_for_deleted_collection(
    steps: list[Step], expected: Entry, found: Entry
) -> bool:
    name, text = _error(expected)
    return (
        name == "AttributeError"
        and text == "'LoaderCallableStatus' object has no attribute '_sa_adapter'"
        and any(s[0] == "del" for s in _flat(steps))
    )


ASSERTIONS = ("", "no columns were included in _only_load_props")


def _asserts(steps: list[Step], expected: Entry, found: Entry) -> bool:
    name, text = _error(expected)
    return (
        name == "AssertionError"
        and text in ASSERTIONS
        and found.get("error") != expected["error"]
    )


def _looks_for_old_key(steps: list[Step], expected: Entry, found: Entry) -> bool:
    """Whether the last of the same statements asks for a key that was updated."""
    sent, others = expected["statements"], found["statements"]
    if expected.get("error", ("",))[0] != "ObjectDeletedError" or "error" in found:
        return False
    if len(sent) < 2 or len(sent) != len(others) or sent[:-1] != others[:-1]:
        return False
    (text, old), (other_text, new) = sent[-1], others[-1]
    return (
        text == other_text
        and old != new
        and any(
            one[0].startswith("UPDATE ") and tuple(given[:1] + given[-1:]) == new + old
            for one in sent[:-1]
            for given in (one[1] if isinstance(one[1], list) else [one[1]])
        )
    )


def _keeps_loaded_expired(steps: list[Step], expected: Entry, found: Entry) -> bool:
    """Whether all that differs is that loaded attributes are said to be expired."""

    def keeps(shown: Entry, other: Entry) -> bool:
        surplus = set(shown.get(EXPIRED, ())) - set(other.get(EXPIRED, ()))
        return (
            bool(surplus)
            and surplus.isdisjoint(shown["unloaded"])
            and _same_but_for_expired(shown, other)
        )

    return _all_differ(expected, found, keeps)


def _outlives_its_use(steps: list[Step], expected: Entry, found: Entry) -> bool:
    """Whether all that differs is that an object is one from before it was let go."""

    def outlives(shown: Entry, other: Entry) -> bool:
        return (
            other.get(EXPIRED) == []
            and set(shown[EXPIRED]) <= set(shown["unloaded"])
            and _same_but_for_expired(shown, other)
        )

    unknown = ["forget"] in steps or expected.get("failed before", False)
    return unknown and _all_differ(expected, found, outlives)


def _loads_deleted_in_vain(steps: list[Step], expected: Entry, found: Entry) -> bool:
    """Whether a deferred column that was deleted is loaded, and not found then."""
    name, text = _error(expected)
    return (
        name == "KeyError"
        and "failed to populate correctly" in text
        and found.get("error") != expected["error"]
        and any(s[0] == "del" and f"'{s[2]}'" in text for s in _flat(steps))
    )


def _outlives_its_row(steps: list[Step], expected: Entry, found: Entry) -> bool:
    """Whether objects outside, that nobody refers to, are there for their changes."""
    differing = list(_differing(expected, found))
    gone = {f"<{handle}>": shown for handle, shown, other in differing if not other}

    def refers(shown: Entry) -> bool:
        values = [shown[name] for name in RELATED.intersection(shown)]
        return any(
            name in gone
            for value in values
            for name in (value if isinstance(value, list) else [value])
        )

    if ["forget"] not in steps or not _differ_in_loads(expected, found):
        return False
    if gone:
        return (
            any(shown["modified"] for shown in gone.values())
            and all(not shown["in session"] for shown in gone.values())
            and all(refers(shown) for _, shown, other in differing if other)
        )
    # none of them is referred to, but what they refer to is as it was
    leaves = any(s[0] in LEAVING for s in _flat(steps))
    return leaves and all(_was_kept(shown, other) for _, shown, other in differing)


LEAVING = ("delete", "expunge", "expunge_all", "make_transient_to_detached")


def _differ_in_loads(expected: Entry, found: Entry) -> bool:
    """Whether all that differs is objects, and that some of them are loaded again."""
    others: Entry = {"seen": None, "statements": None}
    sent = [s for s in found["statements"] if s not in expected["statements"]]
    return (
        {**expected, **others} == {**found, **others}
        and all(s in found["statements"] for s in expected["statements"])
        and all(str(s[0]).startswith(("SELECT", "SAVEPOINT")) for s in sent)
    )


def _was_kept(shown: Entry, other: Entry) -> bool:
    """Whether an object without changes has more loaded than one that is new."""
    more = set(other.get("unloaded", ())).difference(shown["unloaded"])
    names = {"unloaded", *more, *(f"history of {name}" for name in more)}
    return (
        bool(more)
        and not shown["modified"]
        and {k: v for k, v in shown.items() if k not in names}
        == {k: v for k, v in other.items() if k not in names}
    )


def _refreshes_others(steps: list[Step], expected: Entry, found: Entry) -> bool:
    """Whether a refresh by names loads them of other objects of the class, too."""
    step = expected["step"]
    if step[0] != "refresh" or not step[2] or "error" in expected or "error" in found:
        return False
    differing = list(_differing(expected, found))
    return (
        bool(differing)
        and any(s not in found["statements"] for s in expected["statements"])
        and all(s in expected["statements"] for s in found["statements"])
        and all(
            step[1] != handle
            and set(shown["unloaded"]) <= set(other.get("unloaded", ()))
            for handle, shown, other in differing
        )
    )


def _calls_parent_stale(steps: list[Step], expected: Entry, found: Entry) -> bool:
    name, text = _error(expected)
    return (
        name == "StaleDataError"
        and "the parent record has gone stale" in text
        and any(s[0] == "pickle" for s in _flat(steps))
        and found.get("error") != expected["error"]
    )


def _members(entry: Entry) -> int:
    """How many members all collections have together."""
    return sum(
        len(value)
        for shown in entry["seen"].values()
        for name, value in shown.items()
        if name in COLLECTIONS
    )


def _skips_while_merging(steps: list[Step], expected: Entry, found: Entry) -> bool:
    return (
        expected["step"][0] == "merge"
        and expected["seen"] != found["seen"]
        and {**expected, "seen": None} == {**found, "seen": None}
        and _without_related(expected) == _without_related(found)
        and _members(expected) <= _members(found)
    )


def _without_related(entry: Entry) -> dict[str, Entry]:
    """What is seen of the objects apart from what they refer to."""
    return {
        handle: {k: v for k, v in shown.items() if k.split()[-1] not in RELATED}
        for handle, shown in entry["seen"].items()
    }


KNOWN_DIFFERENCES = (
    KnownDifference(
        "a_deleted_column_attribute_breaks_the_flush",
        "A flush ends with KeyError once a column attribute of a persistent object was "
        "deleted, where the attribute's history says that there is something to save.",
        _breaks_for_deleted_column,
    ),
    KnownDifference(
        "a_deleted_collection_breaks_the_cascade",
        "A cascade along a collection that was deleted by `del` ends with an "
        "AttributeError about LoaderCallableStatus.",
        _breaks_for_deleted_collection,
    ),
    KnownDifference(
        "an_undone_object_keeps_its_mark_of_deletion",
        "An object whose INSERT and DELETE were rolled back together says that it is "
        "transient and that it was deleted, and still does when it was saved again.",
        _keeps_mark_of_deletion,
    ),
    KnownDifference(
        "a_deleted_reference_within_a_class_is_not_saved",
        "Deleting a many-to-one reference saves NULL, but does nothing where the "
        "reference leads to the same class; the object is then shown as unmodified.",
        _forgets_deleted_parent,
    ),
    KnownDifference(
        "a_replaced_object_claims_to_be_persistent",
        "Where a rollback brings a deleted object back, one that has taken its key since "
        "says that it is persistent, although it is not in the session any more.",
        _replaced_claims_session,
    ),
    KnownDifference(
        "a_rollback_returns_an_expunged_object_half",
        "Where the key of an object changed, a rollback puts it back into the identity "
        "map even if it was expunged since: it is in the session, and detached.",
        partial(_still_in_session, "detached"),
    ),
    KnownDifference(
        "what_was_deleted_twice_stays_in_the_session",
        "An object that was deleted once more, after its row was, is detached after the "
        "commit, and still found in the session.",
        partial(_still_in_session, "detached was deleted"),
    ),
    KnownDifference(
        "what_was_saved_again_in_a_savepoint_is_detached",
        "An object that was deleted, made transient and saved again in a savepoint is "
        "detached by the commit, although its row is there and the session has it.",
        _detached_by_the_commit,
    ),
    KnownDifference(
        "what_was_deleted_before_its_key_was_taken_stays_with_the_session",
        "An object whose row was deleted, that is deleted again and then saved by a "
        "cascade, stays with the session when a new object gets its key in that flush; "
        "which of the two is found by it depends on their addresses.",
        _replaces_what_was_deleted,
    ),
    KnownDifference(
        "a_read_misses_the_row_that_its_flush_has_deleted",
        "The read of what the rows of a base class lacked flushes first; where that "
        "deletes the object, it ends with a KeyError, not with ObjectDeletedError.",
        _misses_a_row_that_it_deleted,
    ),
    KnownDifference(
        "a_merge_into_an_object_of_another_class_breaks_off",
        "A merge of an object whose key is that of an object of another class of the "
        "hierarchy ends with a KeyError, after it has copied some attributes.",
        _merges_into_another_class,
    ),
    KnownDifference(
        "a_delete_by_columns_of_several_tables_asks_for_an_option",
        "A DELETE with criteria of several tables that is to fetch what it deletes asks "
        "for the option `is_delete_using` in place of the SELECT that it would make; "
        "where the database cannot do that DELETE at all, Core says so.",
        _refuses_deletes_of_several_tables,
    ),
    KnownDifference(
        "a_second_deletion_breaks_the_rollback",
        "A rollback ends with InvalidRequestError where an object was inserted, deleted "
        "and, without a flush, deleted once more: it says that it is not persisted. "
        "So does the rollback of a flush that failed.",
        _refuses_rollback,
    ),
    KnownDifference(
        "a_row_that_was_taken_over_within_a_tree_is_lost",
        "Where objects of a class that refers to itself are sorted one by one, a new "
        "object updates the row of one that is deleted, whose DELETE is sent as well.",
        _loses_taken_row,
    ),
    KnownDifference(
        "a_deleted_attribute_trips_the_flush",
        "A flush ends with IndexError, trips over a marker of its own, or says that a key "
        "is NULL which the object is known by, once a key was deleted from an object that "
        "was merged, or a new object has lost its parent.",
        _trips_over_deleted,
    ),
    KnownDifference(
        "a_read_looks_for_a_key_that_it_has_just_changed",
        "Reading a deferred or expired column flushes a changed primary key, then looks "
        "for the row of the key before, and ends with ObjectDeletedError.",
        _looks_for_old_key,
    ),
    KnownDifference(
        "a_loaded_attribute_is_said_to_be_expired",
        "An attribute of an expired object that one row defers and a later one loads "
        "stays among `expired_attributes`, the set of what a read has yet to load.",
        _keeps_loaded_expired,
    ),
    KnownDifference(
        "what_a_failed_flush_has_seen_outlives_its_use",
        "The histories that a failed flush has looked at are kept with its exception, so "
        "that objects in them are still there, and expired, when nobody refers to them.",
        _outlives_its_use,
    ),
    KnownDifference(
        "a_deferred_column_that_was_deleted_breaks_its_load",
        "A column that an option defers and that was deleted from the object is loaded when "
        "it is read, by a statement that leaves it out: a KeyError.",
        _loads_deleted_in_vain,
    ),
    KnownDifference(
        "changes_of_a_parent_that_left_keep_it",
        "An object keeps the states of its parents, and a changed one its object: a parent "
        "that was deleted or expunged with changes is there, and all that it refers to, as "
        "long as the session has a child of it, though nobody refers to either.",
        _outlives_its_row,
    ),
    KnownDifference(
        "a_refresh_by_names_loads_them_of_what_is_joined_too",
        "A refresh by names loads them of another object of the same class as well, which "
        "is joined to the row, though they are documented as the object's own.",
        _refreshes_others,
    ),
    KnownDifference(
        "a_pickled_parent_that_is_gone_is_called_stale",
        "Nothing can be taken from a collection that was unpickled, where another parent "
        "of its members was pickled along with them and nobody has kept it.",
        _calls_parent_stale,
    ),
    KnownDifference(
        "a_merge_skips_what_moves_on_meanwhile",
        "A merge walks along a collection that it changes itself, where a member is moved "
        "to another copy: the member that comes after it is left out.",
        _skips_while_merging,
    ),
    KnownDifference(
        "a_waiting_addition_breaks_the_flush",
        "A flush fails an assertion without a text where a transient object has something "
        "that was added to a collection which is not loaded; a refresh fails one where a "
        "deleted column is all that is left to load.",
        _asserts,
    ),
)
