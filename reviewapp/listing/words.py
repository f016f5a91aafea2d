"""A search as people type it, as PostgreSQL reads it. The same for every language: words are
compared as they are written, in small letters."""

from __future__ import annotations

import re
from functools import reduce
from operator import and_
from typing import cast

from django.contrib.postgres.search import CombinedSearchQuery, SearchQuery

CONFIG = "simple"
#: Words of one search; further ones are left out.
MOST = 20

_PIECE = re.compile(r'(-?)(?:"([^"]*)"|(\S+))')
_NO_WORD = re.compile(r"[\W_]+")

Query = SearchQuery | CombinedSearchQuery


def search(text: str) -> Query | None:
    """None where there is no word to look for, only such that must not be there."""
    wanted: list[Query] = []
    unwanted: list[Query] = []
    for minus, phrase, word in _PIECE.findall(text)[:MOST]:
        query = _piece(phrase, word)
        if query is not None:
            (unwanted if minus else wanted).append(query)
    if not wanted:
        return None
    whole: Query = reduce(and_, [*wanted, *(cast(Query, ~one) for one in unwanted)])
    return whole


def _piece(phrase: str, word: str) -> Query | None:
    if word.endswith("*") and (stem := _NO_WORD.sub(" ", word).split()):
        # Quoted: what is typed is a word and never an operator.
        last = SearchQuery(f"'{stem[-1]}':*", config=CONFIG, search_type="raw")
        before = [SearchQuery(one, config=CONFIG) for one in stem[:-1]]
        whole: Query = reduce(and_, [*before, last])
        return whole
    text = phrase or word
    return (
        SearchQuery(text, config=CONFIG, search_type="phrase") if _NO_WORD.sub("", text) else None
    )
