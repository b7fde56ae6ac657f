"""``with_loader_criteria()``: criteria for an entity wherever a statement has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.sql.cache_key import HasCacheKey
from sqlalchemy.sql.visitors import InternalTraversal

from .._core.lambdas import deferred_criterion, resolved
from ..exc import UnmappedClassError
from ..mapping.queryable import inspect_entity


class LoaderCriteriaOption(ExecutableOption, HasCacheKey):
    """Further WHERE or ON criteria of an entity, in all of a statement and its loads.

    Made by `with_loader_criteria`.

    Attributes:
        root_entity: the class that mapped classes inherit from, when it is not mapped.
        entity: the mapper or alias, when it is one.
        deferred_where_criteria: whether a function makes the criterion.
        where_criteria: the criterion.
        include_aliases: whether it is also for aliases, and for subclasses.
        propagate_to_loaders: whether the loads of loaded objects repeat it.

    Source: ``sqlalchemy.orm.LoaderCriteriaOption``.
    """

    __slots__ = (
        "_given",
        "_track",
        "deferred_where_criteria",
        "entity",
        "include_aliases",
        "propagate_to_loaders",
        "root_entity",
        "where_criteria",
    )

    _cache_key_traversal = [
        ("root_entity", InternalTraversal.dp_plain_obj),
        ("entity", InternalTraversal.dp_has_cache_key),
        ("where_criteria", InternalTraversal.dp_clauseelement),
        ("include_aliases", InternalTraversal.dp_boolean),
        ("propagate_to_loaders", InternalTraversal.dp_boolean),
    ]

    _is_has_cache_key = True
    _is_core = False
    _is_criteria_option = True

    root_entity: type | None
    entity: Any
    where_criteria: Any

    def __init__(
        self,
        entity_or_base: Any,
        where_criteria: Any,
        loader_only: bool = False,
        include_aliases: bool = False,
        propagate_to_loaders: bool = True,
        track_closure_variables: bool = True,
    ) -> None:
        self.root_entity = None
        self.entity = _inspected(entity_or_base)
        if self.entity is None:
            self.root_entity = entity_or_base
        self._given = where_criteria
        self._track = track_closure_variables
        self.deferred_where_criteria = callable(where_criteria)
        if self.deferred_where_criteria:
            sample = _UnmappedView(entity_or_base)
            if self.entity is not None:
                sample = self.entity.entity
            self.where_criteria = deferred_criterion(
                where_criteria, sample, track_closure_variables=track_closure_variables
            )
        else:
            self.where_criteria = coercions.expect(
                roles.WhereHavingRole, where_criteria
            )
        self.include_aliases = include_aliases
        self.propagate_to_loaders = propagate_to_loaders

    def is_about(self, mapper: Any) -> bool:
        """Whether a mapper is that of the entity, or one below it."""
        if self.entity is None:
            return self.root_entity in mapper.class_.__mro__
        return bool(mapper.isa(self.entity.mapper))

    def applies_to(self, entity: Any) -> bool:
        """Whether a mapper or alias gets the criterion where it is selected from."""
        if entity is self.entity:
            return True
        return self.include_aliases and self.is_about(entity.mapper)

    def criterion_of(self, entity: Any) -> Any:
        """The criterion for a mapper or alias, not adapted to the alias yet."""
        if not self.deferred_where_criteria:
            return self.where_criteria
        return resolved(self.where_criteria, entity.entity)

    def _clone(self, **_: Any) -> LoaderCriteriaOption:
        """A copy, for a statement that is copied with other parameters."""
        copied = LoaderCriteriaOption.__new__(LoaderCriteriaOption)
        for name in self.__slots__:
            setattr(copied, name, getattr(self, name))
        return copied

    def _copy_internals(self, *, omit_attrs: Iterable[str] = (), **kw: Any) -> None:
        clone = kw.pop("clone")
        self.where_criteria = clone(self.where_criteria, **kw)

    def __reduce__(self) -> Any:
        base = self.root_entity if self.entity is None else self.entity.entity
        return _unpickled, (
            base,
            self._given,
            self.include_aliases,
            self.propagate_to_loaders,
            self._track,
        )


def _unpickled(
    base: Any, criteria: Any, aliases: bool, propagate: bool, track: bool
) -> LoaderCriteriaOption:
    return LoaderCriteriaOption(
        base,
        criteria,
        include_aliases=aliases,
        propagate_to_loaders=propagate,
        track_closure_variables=track,
    )


def _inspected(given: Any) -> Any:
    """The mapper or alias that an argument stands for; None for a class without one.

    Raises:
        ArgumentError: it is no class.
    """
    try:
        return inspect_entity(given)
    except UnmappedClassError:
        return None
    except sa_exc.ArgumentError as error:
        raise sa_exc.ArgumentError(
            "with_loader_criteria() expects a mapped class, an alias of one, or a base "
            f"class or mixin of mapped classes; got {given!r}"
        ) from error


class _UnmappedView:
    """A class that is not mapped, as a criterion's function sees it at first.

    Attributes that are declared by functions are made, without the warning that a
    user's own access to them gets.
    """

    def __init__(self, cls: type) -> None:
        self._cls = cls

    def __getattr__(self, name: str) -> Any:
        cls = self._cls
        for base in cls.__mro__:
            if name in base.__dict__:
                found: Any = base.__dict__[name]
                if getattr(found, "_is_declared_attr", False):
                    return found.fget(cls)
                break
        return getattr(cls, name)


def with_loader_criteria(
    entity_or_base: Any,
    where_criteria: Any | Callable[[Any], Any],
    loader_only: bool = False,
    include_aliases: bool = False,
    propagate_to_loaders: bool = True,
    track_closure_variables: bool = True,
) -> LoaderCriteriaOption:
    """Add criteria for an entity wherever a statement, or a load after it, has it.

    Args:
        entity_or_base: a mapped class, an alias, or a base class or mixin of mapped
            classes, all of which the criteria are for.
        where_criteria: the expression, or a function that makes it of a class. The
            function runs once; its closure variables become parameters.
        loader_only: not used.
        include_aliases: add them also for aliases of the class; a base class or mixin
            needs it for the mapped classes themselves.
        propagate_to_loaders: have lazy loads of the objects repeat the criteria.
        track_closure_variables: let closure variables of the function take part in
            cache keys.

    Raises:
        ArgumentError: the criteria are no SQL expression, or the entity is no class.
        InvalidRequestError: a closure variable cannot take part in a cache key.

    Source: ``sqlalchemy.orm.with_loader_criteria``.
    """
    return LoaderCriteriaOption(
        entity_or_base,
        where_criteria,
        loader_only,
        include_aliases,
        propagate_to_loaders,
        track_closure_variables,
    )
