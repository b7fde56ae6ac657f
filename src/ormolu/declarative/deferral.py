"""Classes whose mapping waits: for their tables, or for their subclasses.

A class asks for it by an attribute.  ``_sa_decl_prepare`` counts for the class and for
all that derive from it: each waits, and is scanned as the mapped class that it will be.
``_sa_decl_prepare_nocascade`` counts for the class alone, or for one that names the
owner of the attribute among its bases: what derives from it is mapped at once, with
the waiting class as a mixin.
"""

from __future__ import annotations

import itertools

from .plan import ClassPlan

CASCADING = "_sa_decl_prepare"
ALONE = "_sa_decl_prepare_nocascade"

# A dunder: no attribute of the class to those who list or scan them.
_PLAN = "__waiting_plan__"

_counter = itertools.count()


def must_wait(cls: type) -> bool:
    """Whether a class asks not to be mapped now."""
    if hasattr(cls, CASCADING) or ALONE in vars(cls):
        return True
    return any(
        ALONE in vars(base) and not hasattr(base, "_sa_registry")
        for base in cls.__bases__
    )


def keep(plan: ClassPlan) -> None:
    """Keep a planned class until it is mapped."""
    plan.waits_since = next(_counter)
    type.__setattr__(plan.cls, _PLAN, plan)


def waiting_plan(cls: type) -> ClassPlan | None:
    """The plan of a class that waits, None when it does not."""
    found: ClassPlan | None = vars(cls).get(_PLAN)
    return found


def release(cls: type) -> None:
    """Forget the plan of a class that is mapped now."""
    if _PLAN in vars(cls):
        type.__delattr__(cls, _PLAN)


def waits_as_mapped(cls: type) -> bool:
    """Whether a class waits that subclasses have to see as a mapped one."""
    return _PLAN in vars(cls) and hasattr(cls, CASCADING)


def waiting_below(cls: type) -> list[ClassPlan]:
    """The plans of a class and its subclasses that wait, in order of creation."""
    found: dict[type, ClassPlan] = {}
    stack = [cls]
    while stack:
        candidate = stack.pop()
        plan = waiting_plan(candidate)
        if plan is not None:
            found[candidate] = plan
        stack.extend(candidate.__subclasses__())
    return sorted(found.values(), key=lambda plan: plan.waits_since)
