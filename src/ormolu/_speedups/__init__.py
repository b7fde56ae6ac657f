"""The kernel: ``state``, ``hydration``, ``gather``, ``flushing``, ``finding``, ``linking``.

The layers above import the modules from here, in the implementation chosen, and never
know which one runs.  Each has a compiled form (``state_c``) and a twin in Python
(``state_py``).  ``state`` and ``hydration`` put together what smaller modules make; the
kernel's own modules use those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ormolu._speedups._choose import Implementation, ModuleStatus, choose

if TYPE_CHECKING:
    # the twins have the same interface; type checkers see the one in Python
    from ormolu._speedups import finding_py as finding
    from ormolu._speedups import flushing_py as flushing
    from ormolu._speedups import gather_py as gather
    from ormolu._speedups import hydration_py as hydration
    from ormolu._speedups import linking_py as linking
    from ormolu._speedups import state_py as state

__all__ = [
    "finding",
    "flushing",
    "gather",
    "hydration",
    "impl",
    "linking",
    "speedups_status",
    "state",
]

_choice = choose()

impl: Implementation = _choice.impl

if not TYPE_CHECKING:
    state = _choice.modules["state"]
    hydration = _choice.modules["hydration"]
    gather = _choice.modules["gather"]
    flushing = _choice.modules["flushing"]
    finding = _choice.modules["finding"]
    linking = _choice.modules["linking"]


def speedups_status() -> dict[str, ModuleStatus]:
    """For each module of the kernel: which implementation runs, and why."""
    return dict(_choice.status)
