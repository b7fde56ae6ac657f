"""Makes a diverging program as small as it gets."""

from collections.abc import Callable, Iterator
from typing import Any

from .program import Program, Step

Fails = Callable[[Program], bool]


def shrink(program: Program, fails: Fails) -> Program:
    """A smaller program that still fails."""
    program = _without_steps(program, fails)
    improved = True
    while improved:
        improved = False
        for candidate in _simpler(program):
            if fails(candidate):
                program = candidate
                improved = True
                break
    return _without_steps(program, fails)


def _without_steps(program: Program, fails: Fails) -> Program:
    size = max(1, len(program.steps) // 2)
    while True:
        start = 0
        removed = False
        while start < len(program.steps):
            steps = program.steps
            candidate = program.with_steps([*steps[:start], *steps[start + size :]])
            if candidate.steps != steps and fails(candidate):
                program = candidate
                removed = True
            else:
                start += size
        if size == 1 and not removed:
            return program
        size = max(1, size // 2)


def _simpler(program: Program) -> Iterator[Program]:
    plain = Program(program.steps)
    for name in ("lane", "mode", "autoflush", "expire_on_commit", "foreign_keys"):
        default = getattr(plain, name)
        if getattr(program, name) != default:
            yield Program(**{**program.__dict__, name: default})
    for position, step in enumerate(program.steps):
        for simpler in _simpler_step(step):
            steps = program.steps
            yield program.with_steps(
                [*steps[:position], *simpler, *steps[position + 1 :]]
            )


def _simpler_step(step: Step) -> Iterator[list[Step]]:
    if step[0] == "no_autoflush":
        yield step[1]
        for inner in range(len(step[1])):
            yield [[step[0], [*step[1][:inner], *step[1][inner + 1 :]]]]
    if step[0] == "merge" and not step[3]:
        yield [[*step[:3], True]]
    for position, argument in enumerate(step[1:], 1):
        for simpler in _simpler_argument(argument):
            yield [[*step[:position], simpler, *step[position + 1 :]]]


def _simpler_argument(argument: Any) -> Iterator[Any]:
    if isinstance(argument, dict):
        for key in argument:
            yield {k: v for k, v in argument.items() if k != key}
        for key, value in argument.items():
            if isinstance(value, list):
                for simpler in _simpler_argument(value):
                    yield {**argument, key: simpler}
    elif isinstance(argument, list) and len(argument) > 1:
        for position in range(len(argument)):
            yield [*argument[:position], *argument[position + 1 :]]
