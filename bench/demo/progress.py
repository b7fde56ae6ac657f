"""What the screen shows while a step works."""

from __future__ import annotations

import sys
import time
from typing import TextIO

WIDTH = 24


class Progress:
    """One step's line: a bar on a terminal, a few plain lines anywhere else.

    Args:
        title: The step.
        stream: Where to write.
    """

    def __init__(self, title: str, stream: TextIO = sys.stdout) -> None:
        self.title = f"  {title:<42}"
        self.stream = stream
        self.terminal = stream.isatty()
        self._start = time.monotonic()
        self._shown = 0
        if self.terminal:
            self._write(self.title)

    def update(self, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` rows are handled."""
        share = done / total if total else 1.0
        if self.terminal:
            bar = "#" * round(share * WIDTH)
            self._write(f"\r{self.title}[{bar:.<{WIDTH}}] {share:4.0%}")
        elif int(share * 4) > self._shown and share < 1:
            self._shown = int(share * 4)
            elapsed = time.monotonic() - self._start
            self._write(f"{self.title}... {share:.0%} after {elapsed:.0f} s\n")

    def finish(self, text: str) -> None:
        """End the line."""
        if self.terminal:
            self._write(f"\r{self.title}{' ' * (WIDTH + 10)}\r")
        self._write(f"{self.title}{text}\n")

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()
