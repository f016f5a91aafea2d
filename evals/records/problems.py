"""What is wrong with a line."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LineError:
    """Why one line was not read; `path` is the JSON path of the field, `$` for the whole line."""

    line: int
    path: str
    reason: str

    def __str__(self) -> str:
        where = "" if self.path == "$" else f", {self.path}"
        return f"line {self.line}{where}: {self.reason}"
