"""How much each operation handles, and for how long it is repeated."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers of rows, objects and calls in one round, and the number of rounds.

    Args:
        accounts: Rows of 10 plain columns in the table, all read by ``load``.
        calls: Calls by key in one round of the point reads.
        inserts: Objects of one flush of new objects.
        changes: Objects loaded, changed and flushed in one round.
        parents: Rows with children of the eager loads.
        children: Children of each parent.
        constructs: Objects constructed in one round.
        attributes: Objects whose attribute is read or written, ten times each.
        seconds: Time to spend on one operation; it decides the number of rounds.
        min_rounds: Rounds in any case.
        max_rounds: Rounds at the most.
    """

    accounts: int
    calls: int
    inserts: int
    changes: int
    parents: int
    children: int
    constructs: int
    attributes: int
    seconds: float
    min_rounds: int
    max_rounds: int

    def rounds(self, one_round: float) -> int:
        """Return the number of rounds, given the seconds that one takes."""
        fitting = int(self.seconds / max(one_round, 1e-9))
        return max(self.min_rounds, min(self.max_rounds, fitting))


FULL = Sizes(
    accounts=100_000,
    calls=1_000,
    inserts=5_000,
    changes=5_000,
    parents=5_000,
    children=4,
    constructs=10_000,
    attributes=1_000,
    seconds=1.0,
    min_rounds=5,
    max_rounds=60,
)

QUICK = Sizes(
    accounts=1_500,
    calls=40,
    inserts=1_100,
    changes=300,
    parents=600,
    children=4,
    constructs=200,
    attributes=50,
    seconds=0.0,
    min_rounds=2,
    max_rounds=2,
)
