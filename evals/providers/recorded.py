"""Outputs that were recorded before, from a JSONL file in a folder that the operator names.

A line is a traffic record ({"id": …, "outputs": [{"model": …, "sample": 0, "output": …}]}), of
which the outputs of `upstream_model` count (all of them where it is empty), or one output by
itself: {"id": "req-1", "sample": 0, "output": …, "latency_ms": 412, "input_tokens": 388,
"output_tokens": 12, "cost_usd": 0.0007} or with "error" in place of "output".
"""

import math
import os
import threading
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from evals.providers.base import Call, OptionError, ProviderError, Reply
from evals.providers.http_errors import excerpt
from evals.providers.openai_reply import token_count
from evals.values import loads, source_of

MAX_LINE = 16 * 1024 * 1024
# One reading of a file serves all calls; it is read again where it has changed.
_reading = threading.Lock()


class Recorded:
    """The output that a file holds for (request, sample). `base_url` is the operator's folder."""

    needs: Mapping[str, str] = {"options": 'which file ({"file": "answers.jsonl"})'}
    billed = False

    def check(self, options: Mapping[str, Any]) -> None:
        if unknown := sorted(set(options) - {"file"}):
            raise OptionError(unknown[0], "there is no such option; there is file")
        name = options.get("file")
        if not isinstance(name, str) or not name.endswith(".jsonl"):
            raise OptionError("file", 'write the name of a .jsonl file: {"file": "answers.jsonl"}')
        parts = name.split("/")
        if name.startswith("/") or "\\" in name or "\0" in name or {"", ".", ".."} & set(parts):
            raise OptionError("file", "write a path inside the folder of recordings, without ..")

    def ask(self, call: Call) -> Reply:
        """Look once. Raises ProviderError and nothing else."""
        path = _path(call)
        line = _line(path, call)
        found = next(
            (one for one in _outputs(line, call.model) if one.get("sample", 0) == call.sample), None
        )
        if found is None:  # the file was changed under its index
            raise _no(f"{path.name} holds no sample {call.sample} of {call.request}")
        if found.get("error"):
            raise _no(excerpt(str(found["error"])))
        if found.get("output") is None:
            raise _no("the record has neither output nor error")
        return Reply(
            value=found["output"],
            text=found["output"]
            if isinstance(found["output"], str)
            else source_of(found["output"]),
            is_text=isinstance(found["output"], str),
            latency_ms=_number(found, "latency_ms"),
            input_tokens=token_count(found.get("input_tokens"), "input_tokens of the record"),
            output_tokens=token_count(found.get("output_tokens"), "output_tokens of the record"),
            cost_usd=_cost(found),
        )


def _path(call: Call) -> Path:
    """The file, which is in the folder also after every link is followed."""
    name = str(call.options.get("file"))
    try:
        Recorded().check(call.options)
        folder = Path(call.base_url).resolve(strict=True)
        path = (folder / name).resolve(strict=True)
        if path.is_relative_to(folder) and path.is_file():
            return path
    except OptionError as error:
        raise _no(str(error), True) from None
    except (OSError, ValueError, RuntimeError):
        pass
    # One answer to what is missing, outside, or no file: it tells nothing of what lies outside.
    raise _no(f"there is no file {name} in the folder of recordings", True)


def _line(path: Path, call: Call) -> dict[str, Any]:
    try:
        stat = path.stat()
        with _reading:
            index = _index(str(path), stat.st_mtime_ns, stat.st_size, call.model)
        at = index.get((call.request, call.sample))
        if at is None:
            raise _no(f"{path.name} holds no sample {call.sample} of {call.request}")
        with path.open("rb") as file:
            file.seek(at)
            found = loads(file.readline(MAX_LINE))
    except OSError as error:
        raise _no(f"{path.name} cannot be read: {os.strerror(error.errno or 0)}", True) from None
    except ValueError as error:
        raise _no(f"{path.name}: {excerpt(str(error))}") from None
    assert isinstance(found, dict)
    return found


@lru_cache(maxsize=8)
def _index(path: str, changed: int, size: int, model: str) -> dict[tuple[str, int], int]:
    """Where each (request, sample) begins, in bytes; the first of several counts. Lines that are
    no records are passed over: what they would have held is told to be missing."""
    index: dict[tuple[str, int], int] = {}
    at = 0
    with open(path, "rb") as file:
        while line := file.readline(MAX_LINE):
            try:
                record = loads(line) if line.strip() else None
            except ValueError:
                record = None
            if isinstance(record, dict) and isinstance(record.get("id"), str):
                for one in _outputs(record, model):
                    sample = one.get("sample", 0)
                    if isinstance(sample, int):
                        index.setdefault((record["id"], sample), at)
            at += len(line)
    return index


def _outputs(record: Mapping[str, Any], model: str) -> Iterator[Mapping[str, Any]]:
    outputs = record.get("outputs", [record])
    for one in outputs if isinstance(outputs, list) else []:
        if isinstance(one, dict) and (not model or one.get("model") in (None, model)):
            yield one


def _number(found: Mapping[str, Any], name: str) -> float | None:
    value = found.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise _no(f"{name} of the record is not a number: {excerpt(str(value)[:100])}")
    return float(value)


def _cost(found: Mapping[str, Any]) -> Decimal | None:
    cost = _number(found, "cost_usd")
    return None if cost is None or cost >= 1e6 else Decimal(repr(cost))


def _no(reason: str, servers: bool = False) -> ProviderError:
    return ProviderError(reason, retryable=False, servers=servers)
