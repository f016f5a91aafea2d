"""JSON as a tree that folds."""

from __future__ import annotations

from dataclasses import dataclass, field

from evals import values

#: Nodes that are shown; the rest is counted.
NODES = 2_000
#: Levels that stand open at first.
OPEN = 2


@dataclass
class Node:
    """One value. `label` is its key or index; `text` a leaf as JSON, else how much is inside;
    `path` its JSON path; `left` how many of its children are not shown."""

    label: str
    path: str
    text: str
    kind: str
    open: bool = False
    left: int = 0
    children: list[Node] = field(default_factory=list)


def tree(value: object) -> Node | None:
    """The tree of an object or a list; None for anything else."""
    if not isinstance(value, dict | list):
        return None
    budget = [NODES]
    return _node("", (), value, 0, budget)


def _node(
    label: str, at: tuple[str | int, ...], value: object, level: int, budget: list[int]
) -> Node:
    budget[0] -= 1
    path = values.path_of(at)
    if not isinstance(value, dict | list):
        return Node(label, path, values.source_of(value), _kind(value))
    pairs = list(value.items() if isinstance(value, dict) else enumerate(value))
    kind = "object" if isinstance(value, dict) else "list"
    node = Node(label, path, _size(kind, len(pairs)), kind, open=level < OPEN)
    for key, one in pairs:
        if budget[0] <= 0:
            node.left = len(pairs) - len(node.children)
            break
        node.children.append(_node(str(key), (*at, key), one, level + 1, budget))
    return node


def _kind(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "constant"
    return "text" if isinstance(value, str) else "number"


def _size(kind: str, count: int) -> str:
    noun = {"object": "field", "list": "item"}[kind]
    return f"{count} {noun}{'' if count == 1 else 's'}"
