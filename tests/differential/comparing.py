"""Compares what two ORMs made of a program."""

import random
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from .interpreter import Trace, World
from .known_differences import Entry, known_difference
from .program import Program

LONGEST_REPORT = 12
ORDERED = ("/statements", "/warnings", "/error")
"""What may be compared without its order, once the order was seen to vary."""


@dataclass
class Divergence:
    """The first step after which the ORMs differ.

    Attributes:
        position: of the step in the program.
        differences: path, what the reference shows, what the other shows.
        undetermined: the reference itself has shown different things.
    """

    program: Program
    position: int
    step: Any
    differences: list[tuple[str, Any, Any]]
    undetermined: bool = False

    def unlike(self, entry: Entry, other: Entry) -> set[str]:
        """The paths of differences where two entries differ by more than an order."""
        differences: list[tuple[str, Any, Any]] = []
        collect("", entry, other, differences)
        unlike = {
            p
            for p, left, right in differences
            if not same_but_for_order(p, left, right)
        }
        return {path for path, _, _ in self.differences if path in unlike}

    def signature(self) -> str:
        """What kind of difference it is, roughly: to tell known ones apart."""
        kinds = {path.split("/")[-1] for path, _, _ in self.differences}
        return f"{self.step[0]}: {', '.join(sorted(kinds))}"

    def report(self) -> str:
        """The program and the differences, to be read."""
        lines = [self.program.text(), f"after step {self.position}: {self.step}"]
        for path, expected, found in self.differences[:LONGEST_REPORT]:
            expected, found = without_common(expected, found)
            lines += [f"  {path}", f"    expected {expected}", f"    found    {found}"]
        left = len(self.differences) - LONGEST_REPORT
        return "\n".join([*lines, f"  and {left} more"] if left > 0 else lines)


class Comparison:
    """Runs programs on a reference and on another ORM.

    Args:
        references: worlds of the reference, which differ in addresses only.
        other: the world that is compared.
    """

    def __init__(self, references: list[World], other: World) -> None:
        self.references = references
        self.other = other
        self.undetermined = 0

    def compare(self, program: Program, reruns: int = 60) -> Divergence | None:
        """The first difference, or None.

        Some orders follow from addresses in memory.  So the reference runs again with
        other addresses; where it shows what the other ORM did, the program has no
        determined outcome and the two agree.  So they do where all that differs varies,
        and each value that the other ORM shows is one that the reference has shown: it
        has too many orders to choose from for all to be seen together.
        """
        expected = self.references[0].run(program)
        found = self.other.run(program)
        divergence = first_difference(program, expected, found)
        if divergence is None:
            return None
        varies = False
        varied: set[str] = set()
        position = divergence.position
        unmet = divergence.unlike(expected[position], found[position])
        for number in range(1, reruns * 2 + 1):
            if number > reruns and not varies:
                break  # it seems to be determined
            # every fourth as it comes: disturbing may hide an order, too
            with disturbed_memory(number) if number % 4 else nullcontext():
                again = self.references[number % len(self.references)].run(program)
            if first_difference(program, again, found) is None:
                self.undetermined += 1
                return None
            variation = first_difference(program, expected, again)
            if variation is None or variation.position > position:
                continue
            varies = True
            differences: list[tuple[str, Any, Any]] = []
            collect("", expected[position], again[position], differences)
            varied |= {path for path, _, _ in differences}
            unmet &= divergence.unlike(again[position], found[position])
        if not unmet and varied.issuperset(p for p, _, _ in divergence.differences):
            self.undetermined += 1
            return None
        divergence.undetermined = bool(varied)
        return divergence


@contextmanager
def disturbed_memory(seed: int) -> Iterator[None]:
    """Has new objects get addresses in another order than before."""
    chance = random.Random(seed)
    blocks = [bytes(size) for size in range(0, 480, 16) for _ in range(40)]
    chance.shuffle(blocks)
    kept = blocks[: len(blocks) // 2]
    del blocks
    yield
    kept.clear()


def same_but_for_order(path: str, left: Any, right: Any) -> bool:
    """Whether two values are the same once they are put into order."""
    return path in ORDERED and sorted(repr(left)) == sorted(repr(right))


def without_common(left: Any, right: Any) -> tuple[Any, Any]:
    """Two lists without what they begin and end with alike."""
    if not (isinstance(left, list) and isinstance(right, list)):
        return left, right
    left, right = list(left), list(right)
    for end in (0, -1):
        while left and right and left[end] == right[end]:
            del left[end], right[end]
    return left, right


def first_difference(
    program: Program, expected: Trace, found: Trace
) -> Divergence | None:
    """The first entry of two traces in which they differ, if it is not known to."""
    for position, (left, right) in enumerate(zip(expected, found, strict=True)):
        if "leaked" in left and set(right["leaked"]) <= set(left["leaked"]):
            right = {**right, "leaked": left["leaked"]}  # its leaks are its own affair
        if left != right:
            if known_difference(program.steps[: position + 1], left, right):
                return None
            differences: list[tuple[str, Any, Any]] = []
            collect("", left, right, differences)
            return Divergence(program, position, left["step"], differences)
    return None


def collect(path: str, left: Any, right: Any, into: list[tuple[str, Any, Any]]) -> None:
    """All differences of two nested dicts, with the path that leads there."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in dict.fromkeys([*left, *right]):
            nothing = "(nothing)"
            collect(
                f"{path}/{key}", left.get(key, nothing), right.get(key, nothing), into
            )
    elif left != right:
        into.append((path, left, right))
