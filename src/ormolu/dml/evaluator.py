"""Evaluates SQL expressions in Python, on the attributes of one object.

``synchronize_session="evaluate"`` finds the objects that an UPDATE or DELETE is about
this way.  The logic is SQL's, with three values: true, false and NULL (None).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy import types
from sqlalchemy.sql import operators

from .._speedups import state as kernel
from ..exc import UnmappedColumnError
from ..instrument.flags import (
    INIT_OK,
    NO_VALUE,
    PASSIVE_NO_FETCH,
    PASSIVE_NO_RESULT,
)

Evaluator = Callable[[Any], Any]


class UnevaluatableError(sa_exc.InvalidRequestError):
    """A SQL expression cannot be evaluated in Python."""


class _Expired:
    """The value of an attribute that is not loaded, and of all that depends on it."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "EXPIRED"


EXPIRED = _Expired()

MATH = {
    operators.add: operator.add,
    operators.sub: operator.sub,
    operators.mul: operator.mul,
    operators.mod: operator.mod,
    operators.truediv: operator.truediv,
}
NUMBERS = (types.Integer, types.Numeric)
"""Types whose values Python computes as the database does; not those of floats."""

SEQUENCES = (types.String, types.ARRAY)


def _within(value: Any, choices: Any) -> Any:
    if isinstance(value, tuple):
        return value in [tuple(c) for c in choices]
    return value in choices


def _not_within(value: Any, choices: Any) -> Any:
    if _within(value, choices):
        return False
    return None if any(c is None for c in choices) else True


STRAIGHT: dict[Any, Callable[[Any, Any], Any]] = {
    operators.eq: operator.eq,
    operators.ne: operator.ne,
    operators.lt: operator.lt,
    operators.le: operator.le,
    operators.gt: operator.gt,
    operators.ge: operator.ge,
    operators.in_op: _within,
    operators.not_in_op: _not_within,
    operators.startswith_op: lambda a, b: a.startswith(b),
    operators.endswith_op: lambda a, b: a.endswith(b),
}


class EvaluatorCompiler:
    """Turns SQL expressions into functions of an object.

    Args:
        target_cls: the class whose attributes may occur; any class when None.
        parameters: values of the statement's named parameters.
        alias: whose columns stand for those of its mapper, too.
    """

    def __init__(
        self,
        target_cls: type | None = None,
        parameters: Mapping[str, Any] | None = None,
        alias: Any = None,
    ) -> None:
        self.target_cls = target_cls
        self.alias = alias
        self.parameters = parameters or {}

    def process(self, clause: Any, *clauses: Any) -> Evaluator:
        """A function that evaluates expressions (joined by AND) on an object.

        Raises:
            UnevaluatableError: when Python cannot evaluate one of them.
        """
        functions = [self._visit(c) for c in (clause, *clauses)]
        evaluate = functions[0] if len(functions) == 1 else _all_of(functions)

        def of_object(obj: Any) -> Any:
            return None if obj is None else evaluate(obj)

        return of_object

    def _visit(self, clause: Any) -> Evaluator:
        given = clause
        if hasattr(clause, "__clause_element__"):
            clause = clause.__clause_element__()
        visit = getattr(self, f"visit_{clause.__visit_name__}", None)
        if visit is None:
            raise UnevaluatableError(f"Cannot evaluate {type(given).__name__}")
        return visit(clause)  # type: ignore[no-any-return]

    # -- leaves ------------------------------------------------------------

    def visit_null(self, clause: Any) -> Evaluator:
        return lambda obj: None

    def visit_false(self, clause: Any) -> Evaluator:
        return lambda obj: False

    def visit_true(self, clause: Any) -> Evaluator:
        return lambda obj: True

    def visit_bindparam(self, clause: Any) -> Evaluator:
        if clause.key in self.parameters:
            value = self.parameters[clause.key]
        else:
            value = clause.effective_value
        return lambda obj: value

    def visit_column(self, clause: Any) -> Evaluator:
        key = self._attribute_key(clause)
        peek, unloaded = kernel.peek_key, kernel.UNLOADED

        def evaluate(obj: Any) -> Any:
            value = peek(obj, key)
            if value is not unloaded:
                return value
            if kernel.state_of(obj)._o_key is None:
                return None
            impl = kernel.layout_of(obj).mapper.class_manager[key].impl
            value = impl.get(obj, PASSIVE_NO_FETCH ^ INIT_OK)
            if value is PASSIVE_NO_RESULT:
                return EXPIRED
            return None if value is NO_VALUE else value

        return evaluate

    def _attribute_key(self, clause: Any) -> str:
        annotations = clause._annotations
        entity = annotations.get("parententity") or annotations.get("parentmapper")
        if entity is None:
            raise UnevaluatableError(f"Cannot evaluate column: {clause}")
        target = self.target_cls
        if target is not None and not issubclass(target, entity.class_):
            raise UnevaluatableError(
                f"Can't evaluate criteria against alternate class {entity.class_}"
            )
        if entity.is_aliased_class and entity is not self.alias:
            raise UnevaluatableError(
                f"Cannot evaluate expression: No column {clause} is configured on "
                f"mapper {entity.mapper}..."
            )
        key = annotations.get("proxy_key")
        if getattr(entity.mapper._props.get(key), "_is_column", False):
            return str(key)
        try:
            return str(entity.mapper.get_property_by_column(clause).key)
        except UnmappedColumnError as error:
            raise UnevaluatableError(f"Cannot evaluate expression: {error}") from error

    # -- composed expressions ----------------------------------------------------

    def visit_grouping(self, clause: Any) -> Evaluator:
        return self._visit(clause.element)

    def visit_tuple(self, clause: Any) -> Evaluator:
        return self._sequence(clause)

    def visit_expression_clauselist(self, clause: Any) -> Evaluator:
        if clause.operator is operators.and_:
            return _all_of([self._visit(c) for c in clause.clauses])
        if clause.operator is operators.or_:
            return _any_of([self._visit(c) for c in clause.clauses])
        if clause.operator is operators.comma_op:
            return self._sequence(clause)
        return self._chain(clause)

    visit_clauselist = visit_expression_clauselist

    def _sequence(self, clause: Any) -> Evaluator:
        functions = [self._visit(c) for c in clause.clauses]

        def evaluate(obj: Any) -> Any:
            values = tuple([f(obj) for f in functions])
            if EXPIRED in values:
                return EXPIRED
            return None if any(v is None for v in values) else values

        return evaluate

    def _chain(self, clause: Any) -> Evaluator:
        """``a + b + c``, which Core keeps as one list."""
        first, *others = clause.clauses
        evaluate = self._visit(first)
        for other in others:
            function = self._binary_function(clause, first, other)
            evaluate = _straight(function, evaluate, self._visit(other))
        return evaluate

    def visit_unary(self, clause: Any) -> Evaluator:
        evaluate = self._visit(clause.element)
        if clause.operator is not operators.inv:
            raise UnevaluatableError(
                f"Cannot evaluate {type(clause).__name__} with operator "
                f"{clause.operator}"
            )

        def negated(obj: Any) -> Any:
            value = evaluate(obj)
            return value if value is None or value is EXPIRED else not value

        return negated

    def visit_binary(self, clause: Any) -> Evaluator:
        left, right = self._visit(clause.left), self._visit(clause.right)
        if clause.operator is operators.is_:
            return _identity(left, right, operator.eq)
        if clause.operator is operators.is_not:
            return _identity(left, right, operator.ne)
        function = self._binary_function(clause, clause.left, clause.right)
        return _straight(function, left, right)

    def _binary_function(
        self, clause: Any, left: Any, right: Any
    ) -> Callable[[Any, Any], Any]:
        op = clause.operator
        if op in STRAIGHT:
            return STRAIGHT[op]
        if op in MATH:
            _require_numbers(op, left, right)
            return MATH[op]
        if op is operators.concat_op:
            _require_strings(op, left, right)
            return operator.add
        if isinstance(op, operators.custom_op):
            return _custom_function(op)
        raise UnevaluatableError(
            f"Cannot evaluate {type(clause).__name__} with operator {op}"
        )


def _affinities(left: Any, right: Any) -> tuple[type, type]:
    return left.type._type_affinity, right.type._type_affinity


def _require_numbers(op: Any, left: Any, right: Any) -> None:
    mine, theirs = _affinities(left, right)
    if mine not in NUMBERS or theirs not in NUMBERS:
        raise UnevaluatableError(
            f'Cannot evaluate math operator "{op.__name__}" for datatypes '
            f"{left.type}, {right.type}"
        )


def _require_strings(op: Any, left: Any, right: Any) -> None:
    mine, theirs = _affinities(left, right)
    if mine is not theirs or mine not in SEQUENCES:
        raise UnevaluatableError(
            f'Cannot evaluate concatenate operator "{op.__name__}" for datatypes '
            f"{left.type}, {right.type}"
        )


def _custom_function(op: Any) -> Callable[[Any, Any], Any]:
    if op.python_impl is None:
        raise UnevaluatableError(
            f"Custom operator {op.opstring!r} can't be evaluated in Python unless it "
            "specifies a callable using `.python_impl`."
        )
    return op.python_impl  # type: ignore[no-any-return]


def _straight(
    function: Callable[[Any, Any], Any], left: Evaluator, right: Evaluator
) -> Evaluator:
    """An operator that NULL on either side makes NULL."""

    def evaluate(obj: Any) -> Any:
        mine, theirs = left(obj), right(obj)
        if mine is EXPIRED or theirs is EXPIRED:
            return EXPIRED
        return None if mine is None or theirs is None else function(mine, theirs)

    return evaluate


def _identity(
    left: Evaluator, right: Evaluator, function: Callable[[Any, Any], Any]
) -> Evaluator:
    """``IS`` and ``IS NOT``, for which NULL is a value."""

    def evaluate(obj: Any) -> Any:
        mine, theirs = left(obj), right(obj)
        if mine is EXPIRED or theirs is EXPIRED:
            return EXPIRED
        return function(mine, theirs)

    return evaluate


def _all_of(functions: list[Evaluator]) -> Evaluator:
    def evaluate(obj: Any) -> Any:
        answer: Any = True
        for function in functions:
            value = function(obj)
            if value is EXPIRED:
                answer = EXPIRED
            elif value is None:
                answer = None if answer is True else answer
            elif not value:
                return False
        return answer

    return evaluate


def _any_of(functions: list[Evaluator]) -> Evaluator:
    def evaluate(obj: Any) -> Any:
        answer: Any = False
        for function in functions:
            value = function(obj)
            if value is EXPIRED:
                answer = EXPIRED
            elif value is None:
                answer = None if answer is False else answer
            elif value:
                return True
        return answer

    return evaluate
