"""Source code with its words marked, as spans of a few classes that the stylesheet colours."""

from __future__ import annotations

from html import escape

from pygments import lex
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Literal, Name, Number, String, _TokenType
from pygments.util import ClassNotFound

#: Characters beyond which code stays unmarked: some lexers take long.
LONGEST = 20_000
_CLASSES = (
    (Comment, "code-comment"),
    (Keyword, "code-keyword"),
    (String, "code-string"),
    (Number, "code-number"),
    (Literal, "code-string"),
    (Name.Function, "code-name"),
    (Name.Class, "code-name"),
    (Name.Tag, "code-name"),
)
CLASSES = frozenset(name for _, name in _CLASSES)
#: What models write most; the lexers of others are not worth a hostile input's time.
_LANGUAGES = {
    *("bash", "sh", "shell", "c", "c#", "csharp", "c++", "cpp", "css", "diff", "go", "html", "ini"),
    *("java", "javascript", "js", "json", "kotlin", "php", "python", "py", "r", "ruby", "rust"),
    *("scala", "sql", "swift", "toml", "typescript", "ts", "xml", "yaml", "yml"),
}


def marked(source: str, language: str) -> str:
    """HTML of the source: escaped text with spans. Unknown languages and long sources are only
    escaped."""
    language = language.lower()
    if language not in _LANGUAGES or len(source) > LONGEST:
        return escape(source)
    try:
        tokens = lex(source, get_lexer_by_name(language, stripnl=False, ensurenl=False))
    except ClassNotFound:
        return escape(source)
    return "".join(_span(kind, text) for kind, text in tokens)


def _span(kind: _TokenType, text: str) -> str:
    name = next((name for of, name in _CLASSES if of in kind.split()), None)
    return f'<span class="{name}">{escape(text)}</span>' if name else escape(text)
