"""SQL's logic in Python: true, false, NULL, and what is not loaded."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import String as SqlString
from sqlalchemy import and_, bindparam, cast, func, not_, or_, true, tuple_

from ormolu import Session
from ormolu.dml.evaluator import EXPIRED
from ormolu.evaluator import EvaluatorCompiler, UnevaluatableError
from tests.dml.models import Models

Make = Callable[[Any], Any]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda W: W.name == "ant", True),
        (lambda W: W.note == "x", None),
        (lambda W: W.note.is_(None), True),
        (lambda W: W.note.is_not(None), False),
        (lambda W: not_(W.note == "x"), None),
        (lambda W: and_(W.note == "x", W.name == "bee"), False),
        (lambda W: and_(W.note == "x", W.name == "ant"), None),
        (lambda W: or_(W.note == "x", W.name == "ant"), True),
        (lambda W: or_(W.note == "x", W.name == "bee"), None),
        (lambda W: and_(true(), W.size > 5), True),
        (lambda W: W.name.in_(["ant", "bee"]), True),
        (lambda W: W.name.not_in(["bee", None]), None),
        (lambda W: W.name.in_([]), False),
        (lambda W: W.note.in_(["x"]), None),
        (lambda W: tuple_(W.name, W.size).in_([("ant", 10)]), True),
        (lambda W: tuple_(W.name, W.note).in_([("ant", "x")]), None),
        (lambda W: W.name.startswith("a"), True),
        (lambda W: W.name.endswith("a"), False),
        (lambda W: W.size * 2 + 1 == 21, True),
        (lambda W: W.name + "s" == "ants", True),
        (lambda W: W.name == bindparam("given"), True),
        (lambda W: W.name.op("~", python_impl=lambda a, b: b in a)("n"), True),
    ],
)
def test_values(models: Models, make: Make, expected: Any) -> None:
    widget = models.Widget(name="ant", size=10, note=None)
    compiler = EvaluatorCompiler(models.Widget, {"given": "ant"})
    assert compiler.process(make(models.Widget))(widget) is expected


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda W: W.name == "ant", EXPIRED),
        (lambda W: W.name.is_(None), EXPIRED),
        (lambda W: and_(W.name == "ant", W.id == 1), EXPIRED),
        (lambda W: and_(W.name == "ant", W.id == 2), False),
        (lambda W: or_(W.name == "ant", W.id == 1), True),
        (lambda W: not_(W.name == "ant"), EXPIRED),
    ],
)
def test_what_is_not_loaded_is_unknown(
    session: Session, models: Models, make: Make, expected: Any
) -> None:
    widget = session.get(models.Widget, 1)
    session.expire(widget, ["name"])
    compiler = EvaluatorCompiler(models.Widget)
    assert compiler.process(make(models.Widget))(widget) is expected


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda m: func.lower(m.Widget.name) == "x", "Cannot evaluate Function"),
        (lambda m: cast(m.Widget.size, SqlString) == "1", "Cannot evaluate Cast"),
        (lambda m: m.Widget.name.like("a%"), "with operator <function like_op"),
        (lambda m: m.Widget.size + "x", 'math operator "add" for datatypes INTEGER'),
        (lambda m: m.Widget.name.op("~")("x"), "Custom operator '~'"),
        (lambda m: m.Part.id == 1, "against alternate class"),
        (
            lambda m: m.metadata.tables["widget"].c.name == "x",
            "Cannot evaluate column: widget.name",
        ),
    ],
)
def test_refusals(models: Models, make: Make, message: str) -> None:
    with pytest.raises(UnevaluatableError, match=message):
        EvaluatorCompiler(models.Widget).process(make(models))
