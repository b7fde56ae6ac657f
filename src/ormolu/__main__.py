"""``python -m ormolu info``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ormolu._info import report


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ormolu")
    commands = parser.add_subparsers(required=True, metavar="command")
    info = commands.add_parser("info", help="version, kernel in use and why, drivers")
    info.set_defaults(show=report)
    print(parser.parse_args(arguments).show())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
