"""The ways in which the conformance suite runs: which kernel, which entities."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RATCHET = Path(__file__).with_name("ratchet")
RESULTS = ROOT / ".conformance"
IMPLEMENTATIONS = {"compiled": "cython", "pure": "python"}


@dataclass(frozen=True)
class Variant:
    """One way to run the suite; ``embedded`` entities carry their state."""

    kernel: str
    embedded: bool

    @property
    def name(self) -> str:
        """As on the command line and in file names."""
        return f"{self.kernel}-{'embedded' if self.embedded else 'plain'}"

    @property
    def ratchet(self) -> Path:
        """The file of the tests that must pass."""
        return RATCHET / f"{self.name}.txt"

    @property
    def results(self) -> Path:
        """The outcomes of the last run."""
        return RESULTS / f"{self.name}.json"


VARIANTS = {
    variant.name: variant
    for variant in (Variant(k, e) for k in IMPLEMENTATIONS for e in (False, True))
}


def environment(kernel: str) -> dict[str, str]:
    """The variables of a run: one kernel, none of this environment's plugins.

    The suite has its own fixtures and order; pytest-randomly would shuffle it.
    """
    return {
        **os.environ,
        "ORMOLU_IMPL": IMPLEMENTATIONS[kernel],
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
