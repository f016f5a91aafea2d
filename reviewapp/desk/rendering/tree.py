"""JSON as a tree that folds. What is deep or wide comes when it is opened."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from evals import values

#: Nodes that are laid out at first, those nearest to the root; and children of one at a time.
NODES, CHILDREN = 150, 100
#: Nodes where nothing can be asked for later.
WHOLE = 2_000
#: Levels that stand open at first.
OPEN = 2


@dataclass
class Node:
    """One value. `label` is its key or index; `text` a leaf as JSON, else how much is inside;
    `path` its JSON path. `later`: its children are asked for when it is opened. `left`: how many
    more children it has behind those that are shown; `after`: how many come before those, 0 where
    they cannot be asked for."""

    label: str
    path: str
    text: str
    kind: str
    open: bool = False
    later: bool = False
    left: int = 0
    after: int = 0
    children: list[Node] = field(default_factory=list)


def tree(
    value: object, *, at: tuple[str | int, ...] = (), start: int = 0, whole: bool = False
) -> Node | None:
    """The tree of an object or a list that lies at a path, its children from `start` on; None for
    anything else. `whole`: nothing of it can be asked for later."""
    if not isinstance(value, dict | list):
        return None
    root = _node("", at, value)
    waiting = deque([(root, at, value, 0)])
    budget = WHOLE if whole else NODES
    while waiting:
        node, place, inside, level = waiting.popleft()
        pairs = _pairs(inside)[start if node is root else 0 :]
        most = budget if whole else CHILDREN
        if node is not root and not whole and min(len(pairs), most) > budget:
            node.later = bool(pairs)
            continue
        node.open = level < OPEN
        for key, one in pairs[:most]:
            child = _node(str(key), (*place, key), one)
            node.children.append(child)
            if isinstance(one, dict | list):
                waiting.append((child, (*place, key), one, level + 1))
        budget -= len(node.children)
        node.left = len(pairs) - len(node.children)
        if node.left and not whole:
            node.after = (start if node is root else 0) + len(node.children)
    return root


def _pairs(value: dict[str, object] | list[object]) -> list[tuple[str | int, object]]:
    return list(value.items() if isinstance(value, dict) else enumerate(value))


def _node(label: str, at: tuple[str | int, ...], value: object) -> Node:
    path = values.path_of(at)
    if not isinstance(value, dict | list):
        return Node(label, path, values.source_of(value), _kind(value))
    kind = "object" if isinstance(value, dict) else "list"
    return Node(label, path, _size(kind, len(value)), kind)


def _kind(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "constant"
    return "text" if isinstance(value, str) else "number"


def _size(kind: str, count: int) -> str:
    noun = {"object": "field", "list": "item"}[kind]
    return f"{count} {noun}{'' if count == 1 else 's'}"
