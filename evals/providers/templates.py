"""Prompt templates: a small part of Jinja, in a sandbox, bounded in time and size.

A template knows one thing, `input`: `{{ input }}`, `{{ input.customer.name }}`,
`{{ input.items.0 }}`. Text goes in as it is, other JSON as compact JSON. There are `if`, `for` and
the filters of FILTERS; there is no `set`, no macro, no call but `range(…)`, so that a template can
be no slower and no larger than its loops, and those are counted. What was filled in is not looked
at again.
"""

import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from types import TracebackType
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from evals.values import source_of

MAX_TEMPLATE = 200_000
MAX_OUTPUT = 4_000_000
MAX_ITERATIONS = 100_000
MAX_RANGE = 1_000
MAX_SECONDS = 2.0
FILTERS = frozenset(
    (
        *("default", "d", "length", "count", "first", "last", "items", "lower", "upper", "title"),
        *("capitalize", "trim", "sort", "dictsort", "unique", "reverse", "list", "string", "int"),
        *("float", "abs", "min", "max", "sum", "join", "tojson", "truncate"),
    )
)
TESTS = frozenset(
    (
        *("defined", "undefined", "none", "string", "number", "integer", "float", "boolean"),
        *("true", "false", "mapping", "sequence", "iterable", "even", "odd", "divisibleby", "in"),
        *("eq", "ne", "equalto", "lt", "le", "gt", "ge", "lower", "upper"),
    )
)
_ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Name),
    *(nodes.Const, nodes.List, nodes.Tuple, nodes.Getattr, nodes.Getitem, nodes.Slice),
    *(nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not),
    *(nodes.CondExpr, nodes.Add, nodes.Sub, nodes.Neg, nodes.Call),
)
_FILE = "<template>"


class TemplateProblem(ValueError):
    """A template, or an input, from which no text can be made."""


class _Missing(StrictUndefined):
    """What this input does not have, said in words of JSON."""

    def _fail_with_undefined_error(self, *args: Any, **kwargs: Any) -> Any:
        raise TemplateProblem(f"this input has no {self._undefined_name!r}")

    __iter__ = __str__ = __len__ = __eq__ = __ne__ = __bool__ = __hash__ = __contains__ = (
        _fail_with_undefined_error
    )
    __add__ = __radd__ = __sub__ = __rsub__ = __neg__ = __lt__ = __le__ = __gt__ = __ge__ = (
        _fail_with_undefined_error
    )
    __getitem__ = __call__ = __int__ = __float__ = _fail_with_undefined_error

    def __getattr__(self, name: str) -> Any:
        if name[:2] == "__":
            raise AttributeError(name)
        return self._fail_with_undefined_error()


class _Environment(ImmutableSandboxedEnvironment):
    def getattr(self, obj: Any, attribute: str) -> Any:
        """A field of the input before anything of Python's: `input.items` is a field."""
        if obj is None or isinstance(obj, dict | list | str | int | float):
            return self.getitem(obj, attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, dict) and isinstance(argument, str | int) and str(argument) in obj:
            return obj[str(argument)]
        if (isinstance(obj, list) and isinstance(argument, int)) or isinstance(argument, slice):
            try:
                return obj[argument]
            except (IndexError, ValueError):
                pass
        if isinstance(obj, list) and isinstance(argument, str) and argument.isdecimal():
            return self.getitem(obj, int(argument[:9]))
        return self.undefined(obj=obj, name=argument)


def render(template: str, input_value: object) -> str:
    """The template with the input in it. TemplateProblem where it is wrong, where a path leads
    nowhere in this input, or where the text would be too long or take too long."""
    compiled = _compiled(template)
    pieces, size = [], 0
    counted = _Counter()
    try:
        for piece in compiled.generate(input=input_value, counted=counted, range=_range):
            size += len(piece)
            if size > MAX_OUTPUT:
                raise TemplateProblem(f"the text is longer than {MAX_OUTPUT} characters")
            pieces.append(piece)
    except TemplateProblem as error:
        reason, line = str(error), _line(error.__traceback__)
    except Exception as error:  # of a filter that was given what it cannot take
        reason, line = str(error)[:200] or type(error).__name__, _line(error.__traceback__)
    else:
        return "".join(pieces)
    raise TemplateProblem(f"line {line} of the template: {reason}" if line else reason)


def check_template(template: str) -> None:
    """TemplateProblem, with line and reason, where a template says something that it cannot."""
    _compiled(template)


@lru_cache(maxsize=64)
def _compiled(template: str) -> Template:
    if len(template) > MAX_TEMPLATE:
        raise TemplateProblem(f"the template is longer than {MAX_TEMPLATE} characters")
    try:
        tree = _ENVIRONMENT.parse(template)
        for loop in list(tree.find_all(nodes.For)):
            if loop.recursive:
                raise TemplateProblem(f"line {loop.lineno} of the template: no recursive loops")
        _check(tree)
        for loop in tree.find_all(nodes.For):
            name = nodes.Name("counted", "load", lineno=loop.lineno)
            loop.iter = nodes.Call(name, [loop.iter], [], None, None, lineno=loop.lineno)
            loop.iter.set_environment(_ENVIRONMENT)
        return Template.from_code(
            _ENVIRONMENT,
            _ENVIRONMENT.compile(tree, filename=_FILE),
            {},
        )
    except TemplateSyntaxError as error:
        raise TemplateProblem(f"line {error.lineno} of the template: {error.message}") from None
    except (RecursionError, MemoryError, SyntaxError):
        raise TemplateProblem("the template is nested too deep") from None


def _check(tree: nodes.Node) -> None:
    """Everything in it is of the small part; an unknown name is told now, not at the first call."""
    for node in _all(tree):
        problem = _problem(node)
        if problem:
            raise TemplateProblem(f"line {node.lineno} of the template: {problem}")
    _check_names(tree, frozenset(("input",)))


def _problem(node: nodes.Node) -> str | None:
    if not isinstance(node, _ALLOWED):
        return f"{type(node).__name__.lower()} is not available in a prompt; see docs/traffic.md"
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        return f"there is no filter {node.name!r}; there are {', '.join(sorted(FILTERS))}"
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        return f"there is no test {node.name!r}; there are {', '.join(sorted(TESTS))}"
    if isinstance(node, nodes.Call) and not (
        isinstance(node.node, nodes.Name) and node.node.name == "range"
    ):
        return "nothing can be called but range(…)"
    return None


def _check_names(node: nodes.Node, known: frozenset[str]) -> None:
    if isinstance(node, nodes.Name):
        if node.name not in known and node.name != "range":
            raise TemplateProblem(
                f"line {node.lineno} of the template: {node.name!r} is unknown; "
                "there are input and input.field"
            )
        return
    if isinstance(node, nodes.For):
        names = {one.name for one in _all(node.target) if isinstance(one, nodes.Name)}
        if names & {"input", "range", "loop", "counted"}:
            raise TemplateProblem(
                f"line {node.lineno} of the template: call what the loop goes through something "
                "other than input, range, loop or counted"
            )
        _check_names(node.iter, known)
        for part in (*node.body, *([node.test] if node.test else [])):
            _check_names(part, known | names | {"loop"})
        for part in node.else_:
            _check_names(part, known)
        return
    for child in node.iter_child_nodes():
        _check_names(child, known)


def _all(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _all(child)


class _Counter:
    """Counts the turns of all loops of one rendering, and looks at the clock."""

    def __init__(self) -> None:
        self.turns, self.until = 0, time.monotonic() + MAX_SECONDS

    def __call__(self, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            self.turns += 1
            if self.turns > MAX_ITERATIONS:
                raise TemplateProblem(f"its loops take more than {MAX_ITERATIONS} turns")
            if time.monotonic() > self.until:
                raise TemplateProblem(f"it takes longer than {MAX_SECONDS:g} s")
            yield value


def _range(*bounds: int) -> range:
    found = range(*bounds)
    if len(found) > MAX_RANGE:
        raise TemplateProblem(f"range(…) is longer than {MAX_RANGE}")
    return found


def _join(values: Iterable[Any], separator: str = "") -> str:
    pieces = [_shown(value) for value in values]
    if sum(map(len, pieces)) + len(separator) * len(pieces) > MAX_OUTPUT:
        raise TemplateProblem(f"join makes more than {MAX_OUTPUT} characters")
    return separator.join(pieces)


def _shown(value: Any) -> Any:
    """A value as a prompt shows it: text as it is, other JSON as compact JSON."""
    if isinstance(value, _Missing):
        return value._fail_with_undefined_error()
    if value is None or isinstance(value, bool | int | float | list | dict | tuple):
        return source_of(value)
    return value if isinstance(value, str) else source_of(list(value))


def _json(value: Any) -> Any:
    return source_of(value) if isinstance(value, str) else _shown(value)


def _line(trace: TracebackType | None) -> int:
    """The line of the template in which an error arose; 0 where it is not known."""
    line = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _FILE:
            info = trace.tb_frame.f_globals.get("__jinja_template__")
            line = info.get_corresponding_lineno(trace.tb_lineno) if info else trace.tb_lineno
        trace = trace.tb_next
    return line


_ENVIRONMENT = _Environment(
    undefined=_Missing, keep_trailing_newline=True, finalize=_shown, autoescape=False, cache_size=0
)
_ENVIRONMENT.globals.clear()
_ENVIRONMENT.filters = {
    name: function for name, function in _ENVIRONMENT.filters.items() if name in FILTERS
} | {"join": _join, "string": _shown, "tojson": _json}
