"""``python -m tests.differential``: many random programs on both ORMs."""

import argparse
import gc
import sys
import time
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from .comparing import Comparison, Divergence
from .generator import INHERITING, THEMES, Generator
from .program import Program
from .running import comparison
from .shrinking import shrink

CONFIRMING = 400
"""How often the reference runs before a divergence is reported.

An order that it takes once in fifty times is missed by 60 runs in every third case.
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.differential")
    parser.add_argument("--programs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1, help="of the first program")
    parser.add_argument("--stop", type=int, default=10, help="after so many kinds")
    parser.add_argument("--seconds", type=float, help="start no program after them")
    parser.add_argument(
        "--reference-twice",
        action="store_true",
        help="compare sqlalchemy.orm with itself",
    )
    parser.add_argument("--without", default="", help="steps, with commas between")
    parser.add_argument(
        "--inheriting", action="store_true", help="of classes that inherit"
    )
    parser.add_argument("--run", type=Path, help="a stored program, instead")
    options = parser.parse_args()
    compared = comparison(options.reference_twice)
    gc.collect()
    gc.freeze()
    if options.run:
        found = compared.compare(Program.parse(options.run.read_text()))
        print("no divergence" if found is None else found.report())
        return found is not None
    without = options.without.split(",")
    themes = INHERITING if options.inheriting else THEMES
    seconds = float("inf") if options.seconds is None else options.seconds
    return many(
        compared, options.programs, options.seed, options.stop, without, themes, seconds
    )


def many(
    compared: Comparison,
    programs: int,
    seed: int,
    stop: int,
    without: Collection[str],
    themes: Sequence[tuple[str, ...]],
    seconds: float,
) -> int:
    """Run programs; the exit status."""
    kinds: Counter[str] = Counter()
    steps = 0
    start = shown = time.monotonic()
    count = 0
    for count in range(1, programs + 1):
        program = Generator(seed + count - 1, without, themes).program()
        steps += len(program.steps)
        found = compared.compare(program)
        if found is not None:
            found = compared.compare(program, reruns=CONFIRMING)
        now = time.monotonic()
        if now - shown > 10:
            shown = now
            print(
                f"{count} programs, {sum(kinds.values())} diverged, "
                f"{now - start:.0f} s",
                file=sys.stderr,
                flush=True,
            )
        if found is None:
            if now - start > seconds:
                break
            continue
        kind = found.signature()
        if found.undetermined:
            kind += " (undetermined)"
        kinds[kind] += 1
        if kinds[kind] == 1:
            print(f"=== seed {seed + count - 1}: {kind}")
            print(smallest(compared, found).report(), flush=True)
        if len(kinds) >= stop or now - start > seconds:
            break
    elapsed = time.monotonic() - start
    print(
        f"{count} programs, {steps} steps, {sum(kinds.values())} diverged, "
        f"{compared.undetermined} had no "
        f"determined outcome, {elapsed:.0f} s"
    )
    for kind, number in kinds.most_common():
        print(f"{number:5} {kind}")
    return bool(kinds)


def smallest(compared: Comparison, found: Divergence) -> Divergence:
    """The divergence of the smallest program of its kind."""
    program = found.program.with_steps(found.program.steps[: found.position + 1])

    def fails(candidate: Program) -> bool:
        return compared.compare(candidate, reruns=2) is not None

    if not fails(program):  # it shows at the end only
        program = found.program
    shrunken = compared.compare(shrink(program, fails))
    return found if shrunken is None else shrunken


if __name__ == "__main__":
    sys.exit(main())
