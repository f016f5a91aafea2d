"""A chat, or any other request or output, as turns that a person reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from django.utils.safestring import SafeString

from evals import values
from reviewapp.desk.rendering import markdown, tree

#: Characters of a request that are rendered as Markdown; what comes behind them is shown as stored.
READ = 30_000

#: What a chat's attachments are called; they are never loaded.
_ATTACHED = {"image_url": "image", "input_image": "image", "image": "image", "input_audio": "audio"}


@dataclass(frozen=True)
class Part:
    """A piece of a turn: `kind` is text, call (of the tool `name`), json or attachment.

    `path` is the JSON path of a text that is shown as it stands, for evidence (empty where the
    text is the whole value); None where what is shown is not the text as stored. `left`: how many
    characters of it are folded. `reads`: Markdown is rendered. `place`: where the rest of its tree
    is asked for ("request.3.0"); empty where it cannot be.
    """

    kind: str
    text: str
    path: str | None = None
    name: str = ""
    left: int = 0
    value: object = field(default=None, compare=False, repr=False)
    reads: bool = field(default=False, compare=False)
    place: str = field(default="", compare=False)

    @property
    def length(self) -> int:
        return len(self.text) + self.left

    @cached_property
    def tree(self) -> tree.Node | None:
        return tree.tree(self.value, whole=not self.place)

    @cached_property
    def html(self) -> SafeString | None:
        """Of a text in Markdown; None where it reads as it is stored."""
        return markdown.marked_up(self.text) if self.reads else None

    def folded(self, most: int) -> Part:
        """The part with no more than about `most` characters of its text."""
        left = len(self.text) - most
        return self if left <= most // 10 else replace(self, text=self.text[:most], left=left)


@dataclass(frozen=True)
class Turn:
    """What one speaker said: system, user, assistant, tool; empty where nobody is named."""

    who: str
    parts: list[Part]


def of_request(
    value: object, *, fold: int | None = None, reads: bool = True, later: bool = False
) -> list[Turn]:
    """One turn for a text or a JSON value, one a message for a chat; `fold`: characters of each
    text that are shown before somebody asks for the rest. `reads`: Markdown and JSON as they read,
    else as they are stored. `later`: what is deep in a tree can be asked for later."""
    if not reads and not _is_chat(value):
        turns = [Turn("request", [Part("text", values.as_text(value), "")])]
    else:
        turns = _turns(value)
    found, budget = [], READ if reads else 0
    for i, turn in enumerate(turns):
        parts = []
        for j, one in enumerate(turn.parts):
            part = one if fold is None else one.folded(fold)
            if part.kind == "text":
                budget -= len(part.text)
                part = replace(part, reads=budget >= 0)
            parts.append(replace(part, place=f"request.{i}.{j}") if later else part)
        found.append(Turn(turn.who, parts))
    return found


def has_ways(value: object, turns: Iterable[Turn]) -> bool:
    """Whether a request reads otherwise than it is stored."""
    if isinstance(value, dict | list) and not _is_chat(value):
        return True
    texts = [part for turn in turns for part in turn.parts if part.kind == "text"]
    return any(part.html if part.reads else markdown.perhaps(part.text) for part in texts)


def _is_chat(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("messages"), list)


def _turns(value: object) -> list[Turn]:
    if isinstance(value, dict) and _is_chat(value):
        turns = [_message(one, ("messages", i)) for i, one in enumerate(value["messages"])]
        rest = {key: one for key, one in value.items() if key != "messages" and one}
        return [*turns, Turn("also sent", [_json(rest)])] if rest else turns
    return [Turn("request", [_whole(value)])]


def of_output(value: object, *, place: str = "") -> list[Part]:
    """The parts of an output: a text, JSON, or a message with content and tool calls. `place`: what
    it is called where the rest of a tree is asked for."""
    is_message = isinstance(value, dict) and value.get("tool_calls") and set(value) <= _MESSAGE
    parts = _parts(value, ()) if isinstance(value, dict) and is_message else [_whole(value)]
    return [replace(p, place=f"{place}.0.{i}") for i, p in enumerate(parts)] if place else parts


_MESSAGE = {"role", "content", "tool_calls", "refusal"}


def _whole(value: object) -> Part:
    return Part("text", value, "") if isinstance(value, str) else _json(value)


def _json(value: object) -> Part:
    return Part("json", values.as_text(value), value=value)


def _message(message: object, at: tuple[str | int, ...]) -> Turn:
    if not isinstance(message, dict):
        return Turn("", [_json(message)])
    who = str(message.get("role", ""))
    if answered := message.get("tool_call_id") or message.get("name"):
        who = f"{who} {answered}"
    return Turn(who, _parts(message, at) or [Part("text", "")])


def _parts(message: dict[str, object], at: tuple[str | int, ...]) -> list[Part]:
    content = message.get("content")
    parts: list[Part] = []
    if isinstance(content, str):
        if content:
            parts.append(Part("text", content, values.path_of((*at, "content"))))
    elif isinstance(content, list):
        parts += [_part(one, (*at, "content", i)) for i, one in enumerate(content)]
    elif content is not None:
        parts.append(_json(content))
    if refusal := message.get("refusal"):
        parts.append(Part("text", str(refusal), values.path_of((*at, "refusal"))))
    calls = message.get("tool_calls")
    parts += [_call(one) for one in calls] if isinstance(calls, list) else []
    known = {"role", "content", "refusal", "tool_calls", "tool_call_id", "name"}
    if rest := {key: one for key, one in message.items() if key not in known and one}:
        parts.append(_json(rest))
    return parts


def _part(part: object, at: tuple[str | int, ...]) -> Part:
    if isinstance(part, dict):
        kind = part.get("type")
        text = part.get("text")
        if isinstance(text, str):
            return Part("text", text, values.path_of((*at, "text")))
        if isinstance(kind, str) and kind in _ATTACHED:
            return Part("attachment", f"{_ATTACHED[kind]}, not shown")
    return _json(part)


def _call(call: object) -> Part:
    function = call.get("function", call) if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return _json(call)
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        try:
            arguments = values.loads(arguments)
        except ValueError:
            return Part("call", str(arguments), name=function["name"])
    return Part("call", values.as_text(arguments), name=function["name"], value=arguments)
