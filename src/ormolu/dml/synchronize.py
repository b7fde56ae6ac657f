"""Brings loaded objects up to date with an UPDATE or DELETE of their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import exc as sa_exc

from .._speedups import state as kernel
from ..compile.criteria import plain_criteria
from ..instrument.expiry import (
    expire_all,
    expire_keys,
    expired_keys,
    leave_expiry,
    settle_values,
)
from ..instrument.extras import extras_of
from .evaluator import EXPIRED, Evaluator, EvaluatorCompiler, UnevaluatableError
from .request import Request
from .tables import names_of

UNLOADED = kernel.UNLOADED
WHOLLY_EXPIRED = kernel.EXPIRED


def objects_of(session: Any, mapper: Any) -> list[Any]:
    """The persistent objects of a mapper and of those that inherit from it."""
    base, cls = mapper.layout.base, mapper.class_
    return [
        obj
        for (layout, _), home in list(session._tracker.homes.items())
        if layout is base
        for obj in home.values()
        if isinstance(obj, cls)
    ]


def objects_by_key(session: Any, mapper: Any, keys: Iterable[Any]) -> list[Any]:
    """The persistent objects with some primary keys, under any identity token."""
    base, wanted = mapper.layout.base, list(keys)
    homes = [h for (layout, _), h in session._tracker.homes.items() if layout is base]
    found = [home.get(key) for home in homes for key in wanted]
    return [o for o in found if isinstance(o, mapper.class_)]


class Matches:
    """The objects that a statement's criteria are about.

    Attributes:
        objects: those that meet the criteria.
        unknown: those of which this cannot be said: they are not wholly loaded.
    """

    __slots__ = ("objects", "unknown")

    def __init__(self, objects: list[Any], unknown: list[Any]) -> None:
        self.objects = objects
        self.unknown = unknown

    @property
    def all(self) -> list[Any]:
        return [*self.objects, *self.unknown]


def compile_criteria(request: Request, of_alias: bool = False) -> Callable[[], Matches]:
    """What finds the objects that an UPDATE or DELETE is about, in Python.

    Args:
        of_alias: whether the criteria may be those of an alias.

    Raises:
        UnevaluatableError: when Python cannot evaluate the criteria.
    """
    entity, statement = request.entity, request.statement
    criteria = (*statement._where_criteria, *plain_criteria(statement, entity))
    compiler = EvaluatorCompiler(
        entity.class_, request.single_parameters, entity if of_alias else None
    )
    evaluate = compiler.process(*criteria) if criteria else _always

    def find() -> Matches:
        objects, unknown = [], []
        for obj in objects_of(request.session, entity.mapper):
            if kernel.state_of(obj)._o_flags & WHOLLY_EXPIRED:
                continue  # it has no values to evaluate or to bring up to date
            answer = evaluate(obj)
            if answer is EXPIRED:
                unknown.append(obj)
            elif answer:
                objects.append(obj)
        return Matches(objects, unknown)

    return find


def _always(obj: Any) -> bool:
    return True


class UpdateSync:
    """Carries the SET clause of an UPDATE over to objects."""

    def __init__(self, request: Request) -> None:
        self.mapper = request.mapper
        self.session = request.session
        self._keys = _attribute_keys(request.entity)
        self._parameters = request.single_parameters
        self._alias = request.entity
        self._no_attributes: list[str] = []
        self._expressions: dict[str, Any] = {}
        self._constants: dict[str, Any] = {}
        self._computed: dict[str, Any] = {}  # by Python's defaults
        self._unknown: set[str] = set()
        for column, value in (request.statement._values or {}).items():
            if isinstance(column, str):
                self._no_attributes.append(column)
            elif column in self._keys:
                self._expressions[self._keys[column]] = value
        if self._parameters:
            self._add_parameters()

    def _add_parameters(self) -> None:
        """Parameters that are named as columns are in the SET clause, too."""
        for key, column_key in names_of(self.mapper).keys.items():
            if column_key in self._parameters and not self._is_known(key):
                self._constants[key] = self._parameters[column_key]

    def _is_known(self, key: str) -> bool:
        return key in self._expressions or key in self._constants

    def take_result(self, result: Any, returns_defaults: bool) -> None:
        """Learn what defaults set besides: Python's values, and the server's columns.

        Args:
            returns_defaults: the user asked for the defaults by
                ``return_defaults()`` and "fetch" read them: leave them alone.
        """
        context = result.context
        compiled = context.compiled
        keys = self._keys
        for column in compiled.postfetch or ():
            if column in keys and not self._is_known(keys[column]):
                self._unknown.add(keys[column])
        if returns_defaults or len(context.compiled_parameters) != 1:
            return
        values = context.compiled_parameters[0]
        for column in compiled.update_prefetch or ():
            if column in keys and column.key in values:
                self._computed[keys[column]] = values[column.key]

    def apply(self, objects: list[Any]) -> None:
        """Give objects their new values; expire those that cannot be told.

        Raises:
            InvalidRequestError: when a name in ``values()`` is no attribute.
        """
        if not objects:
            return
        for name in self._no_attributes:
            raise sa_exc.InvalidRequestError(
                "Attribute name not found, can't be synchronized back to objects: "
                f"{name!r}"
            )
        evaluators, unknown = self._evaluators()
        session = self.session
        for obj in objects:
            leave_expiry(obj)
            set_values(obj, *self._new_values(obj, evaluators, unknown))
            self._put_computed(obj)
            expire_postfetched(obj, self._unknown)
        session._note_altered(objects)

    def _put_computed(self, obj: Any) -> None:
        """Store what Python's defaults set, whether it was loaded or not."""
        if not self._computed:
            return
        again = self._computed.keys() & expired_keys(obj)
        index = kernel.layout_of(obj).index
        for key, value in self._computed.items():
            kernel.put(obj, index[key], value)
        if again:  # the reload of the others brings them, too
            extras_of(kernel.state_of(obj))["reread"] = again

    def _evaluators(self) -> tuple[dict[str, Evaluator], set[str]]:
        compiler = EvaluatorCompiler(self.mapper.class_, self._parameters, self._alias)
        evaluators: dict[str, Evaluator] = {}
        unknown = set()
        for key, value in self._expressions.items():
            try:
                evaluators[key] = compiler.process(value)
            except UnevaluatableError:
                unknown.add(key)
        return evaluators, unknown

    def _new_values(
        self, obj: Any, evaluators: dict[str, Evaluator], unknown: set[str]
    ) -> tuple[dict[str, Any], set[str]]:
        """All of them before one is set: SET means the old values."""
        changed = kernel.state_of(obj)._o_originals or ()
        values = dict(self._constants)
        for key, evaluate in evaluators.items():
            values[key] = evaluate(obj)
        lost = {k for k, v in values.items() if v is EXPIRED or k in changed}
        if not lost:
            return values, unknown
        known = {k: v for k, v in values.items() if k not in lost}
        return known, unknown | lost


def _attribute_keys(entity: Any) -> dict[Any, str]:
    """By column, as a statement about an entity names it, the attribute."""
    columns = entity.mapper._columntoproperty
    if not entity.is_aliased_class:
        plans = entity.mapper._plans
        found = plans.get("keys of columns")
        if found is None:
            found = {c: str(prop.key) for c, prop in columns.items()}
            plans["keys of columns"] = found
        return found  # type: ignore[no-any-return]
    adapt = entity._adapter.traverse
    return {adapt(c): str(prop.key) for c, prop in columns.items()}


def set_values(obj: Any, values: Mapping[str, Any], unknown: set[str]) -> None:
    """Store values as the database has them; expire other attributes.

    Attributes that are not loaded stay so.
    """
    index = kernel.layout_of(obj).index
    known = [key for key in values if kernel.peek_key(obj, key) is not UNLOADED]
    for key in known:
        kernel.put(obj, index[key], values[key])
    settle_values(obj, known)
    gone = [key for key in unknown if kernel.peek_key(obj, key) is not UNLOADED]
    if gone:
        expire_keys(obj, gone)


def expire_postfetched(obj: Any, keys: set[str]) -> None:
    """Expire what the server set, except for deferred columns that are not loaded."""
    deferred = kernel.layout_of(obj).mapper._deferred_keys
    gone = {
        key
        for key in keys
        if key not in deferred or kernel.peek_key(obj, key) is not UNLOADED
    }
    if gone:
        expire_keys(obj, gone)


def remove_objects(session: Any, matches: Matches) -> None:
    """What a DELETE does to objects: they leave the session.

    Those that may or may not be deleted are expired.
    """
    session._remove_newly_deleted(matches.objects)
    for obj in matches.unknown:
        expire_all(obj)


def synchronize(
    request: Request,
    sync: UpdateSync | None,
    matches: Matches,
    result: Any,
    returns_defaults: bool = False,
) -> None:
    """Bring the objects that a statement was about up to date with its result."""
    if sync is None:
        remove_objects(request.session, matches)
        return
    sync.take_result(result, returns_defaults)
    sync.apply(matches.all)
