"""A content is never larger than what is said of it without writing it out."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxonomy import presets
from taxonomy.interchange import Content, as_dict, from_dict
from taxonomy.interchange.size import at_most
from taxonomy.interchange.spelling import FORMATS

from .examples import taxonomies


def largest(content: Content) -> int:
    return max(len(spelled(content).encode()) for spelled in FORMATS.values())


@settings(max_examples=60, deadline=None)
@given(taxonomies())
def test_of_any_content(data):
    content = from_dict(data)
    assert largest(content) <= at_most(as_dict(content))


_texts = st.text(st.sampled_from(" \n\t'\"\\\\:#aä☃\U0001f600\u200b"), min_size=1, max_size=600)


@settings(max_examples=60, deadline=None)
@given(st.lists(_texts.filter(str.strip), min_size=1, max_size=4))
def test_of_texts_that_take_much_room(texts):
    data = as_dict(presets.load("classification"))
    for category, text in zip(data["categories"], texts, strict=False):
        category["definition"] = text
        category["examples"] = [{"output": text}]
    content = from_dict(data)
    whole = dataclasses.replace(content, description=texts[0])
    assert largest(whole) <= at_most(as_dict(whole))


@pytest.mark.parametrize("key", [key for key, _ in presets.names()])
def test_is_near_for_what_people_write(key):
    content = presets.load(key)
    assert at_most(as_dict(content)) < 2.5 * largest(content)
