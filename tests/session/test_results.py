"""The session's results do what Core's do, whatever is asked of them in a row."""

import gc
import weakref
from itertools import product
from typing import Any

import pytest
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData
from sqlalchemy.exc import InvalidRequestError

from ormolu.session.results import EntityResult


class Owner:
    """What a result asks its session for."""

    def __init__(self) -> None:
        self._generation = 0


ROWS = [[], ["a"], [None], ["a", "a"], ["a", "b", None]]

OF_SCALARS = [
    "all",
    "one",
    "one_or_none",
    "first",
    "fetchall",
    "unique",
    "next",
    "list",
    "close",
    "closed",
    "fetchmany",
]

OF_RESULTS = [*OF_SCALARS, "scalar", "scalar_one", "scalar_one_or_none", "fetchone"]


def ours(rows: list[Any], scalar: bool) -> Any:
    return EntityResult(SimpleResultMetaData(["x"]), list(rows), scalar, Owner(), 0)


def core(rows: list[Any], scalar: bool) -> Any:
    return IteratorResult(
        SimpleResultMetaData(["x"]), iter(rows), _source_supports_scalars=scalar
    )


def ask(result: Any, step: str) -> Any:
    """What comes of a step: the answer, or the error."""
    try:
        if step == "next":
            return next(result, "end")
        if step == "list":
            return list(result)
        if step == "fetchmany":
            return result.fetchmany(1)
        found = getattr(result, step)
        found = found() if callable(found) else found
        return "itself" if found is result else found
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("rows", ROWS, ids=str)
def test_scalars_answer_as_those_of_core(rows: list[Any]) -> None:
    for steps in product(OF_SCALARS, repeat=3):
        mine, theirs = ours(rows, True).scalars(), core(rows, True).scalars()
        for step in steps:
            assert ask(mine, step) == ask(theirs, step), steps


@pytest.mark.parametrize("rows", ROWS, ids=str)
def test_scalars_of_rows_answer_as_those_of_core(rows: list[Any]) -> None:
    wide = [(value,) for value in rows]
    for steps in product(OF_SCALARS, repeat=2):
        mine, theirs = ours(wide, False).scalars(), core(wide, False).scalars()
        for step in steps:
            assert ask(mine, step) == ask(theirs, step), steps


@pytest.mark.parametrize("rows", ROWS, ids=str)
@pytest.mark.parametrize("scalar", [True, False])
def test_results_answer_as_those_of_core(rows: list[Any], scalar: bool) -> None:
    given = rows if scalar else [(value,) for value in rows]
    for steps in product(OF_RESULTS, repeat=2):
        mine, theirs = ours(given, scalar), core(given, scalar)
        for step in steps:
            assert ask(mine, step) == ask(theirs, step), steps


@pytest.mark.parametrize("step", ["all", "one", "first", "list", "scalar"])
def test_rows_are_refused_once_the_session_has_let_their_objects_go(step: str) -> None:
    owner = Owner()
    result: Any = EntityResult(SimpleResultMetaData(["x"]), [owner], True, owner, 0)
    owner._generation = 1
    asked = result if step == "scalar" else result.scalars()
    with pytest.raises(InvalidRequestError, match="no longer valid"):
        list(asked) if step == "list" else getattr(asked, step)()


def test_a_result_that_was_read_keeps_no_row() -> None:
    class Row:
        pass

    row = Row()
    gone = weakref.ref(row)
    result: Any = EntityResult(SimpleResultMetaData(["x"]), [row], True, Owner(), 0)
    del row
    gc.disable()  # no cycle holds it either
    try:
        assert isinstance(result.scalars().one(), Row)
        assert gone() is None
    finally:
        gc.enable()
