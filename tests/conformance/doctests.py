"""Holds how many documentation examples match: no page may lose one.

python -m tests.conformance.doctests check
python -m tests.conformance.doctests update
python -m tests.conformance.doctests failures --documents tutorial
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from tests.conformance.variants import IMPLEMENTATIONS, RATCHET, ROOT, environment

COUNTS = ("values", "with_sql")


class Page(TypedDict):
    """What a page has reached, of how many examples."""

    examples: int
    values: int
    with_sql: int
    failures: list[str]


Pages = dict[str, Page]
Listed = dict[str, dict[str, int]]


def run(script: Path, kernel: str, documents: Sequence[str]) -> Pages:
    """Run the pages as doctests."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch, "out.json")
        command = [sys.executable, str(script), "--target", "ormolu"]
        command += ["--json", str(out)]
        command += ["--documents", *documents] if documents else []
        done = subprocess.run(
            command, env=environment(kernel), capture_output=True, text=True
        )
        if not out.exists():
            raise SystemExit(f"the doctests did not run:\n{done.stdout}{done.stderr}")
        pages: Pages = json.loads(out.read_text("utf-8"))
        return pages


def path_of(kernel: str) -> Path:
    """The file of the counts."""
    return RATCHET / f"doctests-{kernel}.json"


def read(kernel: str) -> Listed:
    """The counts that each page has reached."""
    path = path_of(kernel)
    if not path.exists():
        return {}
    listed: Listed = json.loads(path.read_text("utf-8"))
    return listed


def fallen(listed: Listed, pages: Pages) -> list[str]:
    """The pages that have lost examples."""
    lost = []
    for name, page in pages.items():
        for kind in COUNTS:
            before = listed.get(name, {}).get(kind, 0)
            now = page[kind]  # type: ignore[literal-required]  # from COUNTS
            if now < before:
                lost.append(f"{name}: {kind} {now}, was {before}")
    return lost


def check(kernel: str, pages: Pages) -> bool:
    """Whether no page has lost an example."""
    lost = fallen(read(kernel), pages)
    total = sum(page["values"] for page in pages.values())
    with_sql = sum(page["with_sql"] for page in pages.values())
    examples = sum(page["examples"] for page in pages.values())
    print(
        f"doctests {kernel}: of {examples} examples {total} match, {with_sql} with "
        f"their SQL, on {len(lost)} pages fewer than before",
        flush=True,
    )
    for line in lost:
        print(f"  {line}")
    return not lost


def update(kernel: str, pages: Pages) -> bool:
    """Raise the counts to what has been reached."""
    listed = read(kernel)
    for name, page in pages.items():
        old = listed.get(name, {})
        listed[name] = {
            "examples": page["examples"],
            "values": max(page["values"], old.get("values", 0)),
            "with_sql": max(page["with_sql"], old.get("with_sql", 0)),
        }
    path_of(kernel).parent.mkdir(parents=True, exist_ok=True)
    rows = (f" {json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(listed.items()))
    path_of(kernel).write_text("{\n" + ",\n".join(rows) + "\n}\n", "utf-8")
    return check(kernel, pages)


def failures(kernel: str, pages: Pages) -> bool:
    """Print what does not match, by page."""
    for name, page in pages.items():
        print(f"{name}: {page['values']} of {page['examples']} ({kernel})")
        for line in page["failures"]:
            print(f"  {line}")
    return True


COMMANDS = {f.__name__: f for f in (check, update, failures)}


def main(given: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--kernels", nargs="+", default=[*IMPLEMENTATIONS])
    parser.add_argument("--documents", nargs="+", default=[], metavar="PREFIX")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    arguments = parser.parse_args(given)
    script = (arguments.shared / "conformance" / "doctests.py").resolve()
    if not script.exists():
        print(f"skipped: no conformance suite in {arguments.shared}")
        return 0
    good = True
    for kernel in arguments.kernels:
        pages = run(script, kernel, arguments.documents)
        good &= COMMANDS[arguments.command](kernel, pages)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
