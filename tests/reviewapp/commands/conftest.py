import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError


@dataclass
class Ran:
    code: int
    out: str
    err: str


@pytest.fixture
def manage() -> Callable[..., Ran]:
    """Runs a command as the command line would, and gives what it printed and its exit code."""

    def run(name: str, *args: Any) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        code = 0
        try:
            call_command(name, *map(str, args), stdout=out, stderr=err, no_color=True)
        except CommandError as error:
            code = error.returncode
            err.write(f"{error}\n")
        except SystemExit as stop:
            code = int(stop.code or 0)
        return Ran(code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    def give(content: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give
