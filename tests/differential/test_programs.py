"""Random programs and kept ones do the same with Ormolu as with sqlalchemy.orm."""

import gc
from collections.abc import Iterator

import pytest

from .comparing import Comparison
from .generator import INHERITING, Generator
from .known_differences import KNOWN_DIFFERENCES, KnownDifference, known_difference
from .program import Program, kept_cases
from .running import comparison

SEEDS = range(1, 151)
CASES = kept_cases()


@pytest.fixture(scope="module")
def compared() -> Iterator[Comparison]:
    """Both ORMs; what is alive before is no business of the collections here."""
    found = comparison()
    gc.collect()
    gc.freeze()
    yield found
    gc.unfreeze()


def check(compared: Comparison, program: Program) -> None:
    divergence = compared.compare(program)
    # where sqlalchemy.orm itself does now this and now that, nothing can be said
    assert divergence is None or divergence.undetermined, divergence.report()


@pytest.mark.parametrize("name", CASES)
def test_a_kept_program(compared: Comparison, name: str) -> None:
    check(compared, CASES[name])


@pytest.mark.parametrize("known", KNOWN_DIFFERENCES, ids=lambda known: known.name)
def test_a_known_difference_shows(compared: Comparison, known: KnownDifference) -> None:
    program = kept_cases("differences")[known.name]
    entries = zip(
        compared.references[0].run(program), compared.other.run(program), strict=True
    )
    count, left, right = next((i, a, b) for i, (a, b) in enumerate(entries) if a != b)
    assert known_difference(program.steps[: count + 1], left, right) is known
    assert known_difference(program.steps[: count + 1], right, left) is None
    assert compared.compare(program) is None


def test_random_programs(compared: Comparison) -> None:
    for seed in SEEDS:
        check(compared, Generator(seed).program())


def test_random_programs_of_classes_that_inherit(compared: Comparison) -> None:
    for seed in SEEDS[:60]:
        check(compared, Generator(seed, themes=INHERITING).program())


def test_a_program_survives_being_written() -> None:
    program = Generator(1).program()
    assert Program.parse(program.text()) == program


def test_a_difference_is_found(compared: Comparison) -> None:
    """The comparison is not blind: other circumstances show."""
    steps = [["select", "Author", {}], ["commit"], ["read", "Author@1", "name"]]
    expiring = compared.references[0].run(Program(steps))
    keeping = compared.other.run(Program(steps, expire_on_commit=False))
    assert expiring != keeping
    assert expiring == compared.other.run(Program(steps))
