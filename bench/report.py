"""The tables on the screen and the JSON behind them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.contenders import CONTENDERS
from bench.operations import BY_KEY, Goal, Operation
from bench.runner import Figures, Plan

LIMITS = """\
What these figures are, and are not: one machine, one thread, one connection, a
database in memory or on the same machine, warm caches, garbage collection on, the
best of several rounds. Ending a result's life is not timed, nor is making the Session.
Ratios carry over to other machines better than times; neither foretells a program
that waits for a network or a disk. Percentages below the noise of the machine
(5 to 10 % here) say nothing."""

MEMORY_LIMIT = 0.5


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a text table, the first column to the left, the others to the right."""
    lines = [list(head), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = []
    for line in lines:
        first, *others = line
        cells = [
            cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)
        ]
        text.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    text.insert(1, "-" * len(max(text, key=len)))
    return "\n".join(text)


def number(value: float | None) -> str:
    """Write a figure with three significant digits; a dash when there is none."""
    if value is None:
        return "-"
    if value >= 99.95:
        return f"{value:.0f}"
    return f"{value:#.3g}" if value >= 0.1 else f"{value:.3f}"


def ratio(value: float | None, other: float | None) -> str:
    """Write how many times ``other`` a value is; a dash when one is missing."""
    if value is None or not other:
        return "-"
    return f"{number(value / other)}x"


def times_by_operation(figures: Mapping[str, Figures]) -> dict[str, dict[str, float]]:
    """Turn the figures round: operation, contender, microseconds per unit."""
    return {
        key: {name: own.best[key] for name, own in figures.items() if key in own.best}
        for key in BY_KEY
        if any(key in own.best for own in figures.values())
    }


def environment_text(figures: Mapping[str, Figures], plan: Plan) -> str:
    """Say on what, and with what, the figures were measured."""
    known = next((own.environment for own in figures.values() if own.environment), None)
    if known is None:
        return "Nothing was measured."
    packages = ", ".join(
        f"{name} {version}" for name, version in known["packages"].items()
    )
    kernels = ", ".join(
        f"{CONTENDERS[name].title}: {own.environment.get('ormolu')}"
        for name, own in figures.items()
        if CONTENDERS[name].is_ormolu
    )
    compiled = any(
        own.environment.get("sqlalchemy_compiled") for own in figures.values()
    )
    place = "in memory" if plan.url == "sqlite://" else "see the URL"
    return "\n".join(
        [
            f"{known['cpu']}, {known['cores']} cores, {known['system']}",
            f"{known['python']}, {packages}",
            f"{known['driver']}, {place}; kernels: {kernels or 'none'}; "
            f"SQLAlchemy's own extensions: {'yes' if compiled else 'NO'}",
            f"Load average when it began: {plan.load_average}",
        ]
    )


def times_table(times: Mapping[str, Mapping[str, float]], names: Sequence[str]) -> str:
    """Microseconds per unit of every contender."""
    head = ["us per unit", "unit", *(CONTENDERS[name].title for name in names)]
    rows = [
        [
            BY_KEY[key].title,
            BY_KEY[key].unit,
            *(number(own.get(name)) for name in names),
        ]
        for key, own in times.items()
    ]
    return table(head, rows)


def ratio_table(
    times: Mapping[str, Mapping[str, float]], name: str, *, judge: bool
) -> str:
    """One ORM's times as multiples of the floors, and against the goals.

    Args:
        times: Operation, contender, microseconds per unit.
        name: The ORM.
        judge: Whether to say that a goal is met or not.
    """
    is_ormolu = CONTENDERS[name].is_ormolu
    head = [CONTENDERS[name].title, "x driver", "x dataclass"]
    if is_ormolu:
        head += ["as fast as sqlalchemy.orm", "must show", "", "goal", ""]
    rows = []
    for key, own in times.items():
        if name not in own:
            continue
        row = [BY_KEY[key].title]
        row += [
            ratio(own[name], own.get("driver")),
            ratio(own[name], own.get("dataclasses")),
        ]
        if is_ormolu:
            row.append(ratio(own.get("sqlalchemy"), own[name]))
            for goal in (BY_KEY[key].must, BY_KEY[key].goal):
                row += [str(goal or ""), verdict(goal, name, own) if judge else ""]
        rows.append(row)
    return table(head, rows)


def verdict(goal: Goal | None, name: str, times: Mapping[str, float]) -> str:
    """Say in a word whether a goal is met."""
    met = goal.met(name, times) if goal else None
    return {True: "yes", False: "NO", None: ""}[met]


def memory_table(figures: Mapping[str, Figures]) -> str:
    """Bytes per loaded object of 10 plain columns, values included."""
    reference = (
        figures["sqlalchemy"].memory.get("traced") if "sqlalchemy" in figures else None
    )
    head = ["bytes per loaded object", "traced", "peak", "RSS", "x sqlalchemy.orm", ""]
    rows = []
    for name, own in figures.items():
        if not own.memory:
            continue
        traced = own.memory.get("traced")
        row = [CONTENDERS[name].title]
        row += [number(own.memory.get(key)) for key in ("traced", "traced_peak", "rss")]
        row.append(ratio(traced, reference))
        row.append("")
        if CONTENDERS[name].is_ormolu and traced is not None and reference:
            met = traced <= reference * MEMORY_LIMIT
            row[-1] = f"<= {MEMORY_LIMIT:g}x must show: {'yes' if met else 'NO'}"
        rows.append(row)
    return table(head, rows)


def driver_notes(operations: Iterable[Operation]) -> str:
    """Say what the driver's version of each operation does."""
    lines = [f"  {operation.title}: {operation.driver}" for operation in operations]
    return "\n".join(["The driver's version:", *lines])


def full_text(plan: Plan, figures: Mapping[str, Figures]) -> str:
    """Return all that is printed at the end of a run."""
    times = times_by_operation(figures)
    parts = [LIMITS, environment_text(figures, plan)]
    if plan.quick:
        parts.append(
            "QUICK RUN: small sizes, two rounds. It checks results, not speed."
        )
    if times:
        parts.append(times_table(times, list(figures)))
        parts += [
            ratio_table(times, name, judge=not plan.quick)
            for name in figures
            if CONTENDERS[name].orm
        ]
    if any(own.memory for own in figures.values()):
        parts.append(memory_table(figures))
    parts.append(driver_notes(BY_KEY[key] for key in times))
    return "\n\n".join(parts)


def as_json(
    plan: Plan, figures: Mapping[str, Figures], unavailable: Mapping[str, str]
) -> dict[str, Any]:
    """Return the whole record of a run."""
    return {
        "limits": " ".join(LIMITS.split()),
        # without the password
        "url": re.sub(r":[^:@/]*@", "@", plan.url),
        "quick": plan.quick,
        "passes": plan.passes,
        "load_average": plan.load_average,
        "operations": {
            key: {"title": BY_KEY[key].title, "unit": BY_KEY[key].unit}
            for key in plan.operations
        },
        "unavailable": dict(unavailable),
        "contenders": {
            name: {
                "title": CONTENDERS[name].title,
                "microseconds_per_unit": own.best,
                "median_microseconds_per_unit": own.median,
                "rounds": own.rounds,
                "bytes_per_object": own.memory,
                "peak_rss_bytes": own.peak_rss,
                "environment": own.environment,
                "failures": own.failures,
            }
            for name, own in figures.items()
        },
    }
