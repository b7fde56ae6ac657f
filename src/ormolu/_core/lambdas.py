"""The private names of SQLAlchemy Core's lambda elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.sql import roles
from sqlalchemy.sql.lambdas import DeferredLambdaElement, LambdaOptions

__all__ = ["deferred_criterion", "resolved"]


def deferred_criterion(
    fn: Callable[..., Any], sample: Any, *, track_closure_variables: bool
) -> DeferredLambdaElement:
    """A criterion that a function makes of a class when a statement is compiled.

    Arguments:
        fn: the function; its closure variables become parameters.
        sample: what it is called with at once, to learn what it makes.
        track_closure_variables: whether those variables count for cache keys.
    """
    return DeferredLambdaElement(
        fn,
        roles.WhereHavingRole,
        lambda_args=(sample,),
        opts=LambdaOptions(track_closure_variables=track_closure_variables),
    )


def resolved(element: DeferredLambdaElement, argument: Any) -> Any:
    """The expression that a deferred criterion's function makes of an argument."""
    return element._resolve_with_args(argument)
