"""A program: a list of steps, plain data that can be printed and stored as JSON."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Step = list[Any]  # the name of a step of `interpreter`, and its arguments


@dataclass
class Program:
    """What is done with one session, and how the session and classes are made."""

    steps: list[Step] = field(default_factory=list)
    mode: str = "declarative"
    lane: str = "fast"
    foreign_keys: bool = True
    autoflush: bool = True
    expire_on_commit: bool = True

    def with_steps(self, steps: list[Step]) -> "Program":
        """The same circumstances with other steps."""
        return Program(**{**self.__dict__, "steps": steps})

    def text(self) -> str:
        """JSON with one step a line."""
        head = {k: v for k, v in asdict(self).items() if k != "steps"}
        lines = ",\n".join(f"  {json.dumps(step)}" for step in self.steps)
        return f'{json.dumps(head)[:-1]}, "steps": [\n{lines}\n]}}\n'

    @classmethod
    def parse(cls, text: str) -> "Program":
        """The program that `text` wrote."""
        return cls(**json.loads(text))


HERE = Path(__file__).parent


def kept_cases(folder: str = "cases") -> dict[str, Program]:
    """The kept programs by name; each has diverged once, or still does by design."""
    return {
        path.stem: Program.parse(path.read_text())
        for path in sorted((HERE / folder).glob("*.json"))
    }
