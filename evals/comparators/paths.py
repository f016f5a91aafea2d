"""JSON paths (RFC 9535) that are safe to run on hostile values."""

from collections.abc import Iterator
from functools import lru_cache

import jsonpath

from evals.values import MAX_DEPTH


class _Environment(jsonpath.JSONPathEnvironment):
    max_recursion_depth = MAX_DEPTH + 10

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        # These two run a backtracking engine, which a hostile output can stall.
        del self.function_extensions["match"], self.function_extensions["search"]


_ENVIRONMENT = _Environment(strict=True)

Location = tuple[str | int, ...]


@lru_cache(maxsize=1024)
def compile_path(path: str) -> jsonpath.JSONPath:
    """The compiled path; ValueError where it is none."""
    try:
        compiled = _ENVIRONMENT.compile(path)
    except (jsonpath.JSONPathError, RecursionError, ValueError) as error:
        reason = error.args[0] if error.args else "?"  # its str() can fail by itself
        raise ValueError(f"not a JSON path such as $.answer.label ({reason})") from None
    assert isinstance(compiled, jsonpath.JSONPath)  # the strict grammar joins no paths
    return compiled


def matches(path: str, value: object) -> Iterator[tuple[Location, object]]:
    """Each (location, value) at `path`; none where the path leads nowhere in this value."""
    if not isinstance(value, list | dict):  # nothing to look into, and text is not parsed here
        if path == "$":
            yield (), value
        return
    try:
        for match in compile_path(path).finditer(value):
            yield tuple(match.parts), match.obj
    except (jsonpath.JSONPathError, RecursionError):
        return
