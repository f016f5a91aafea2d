"""A small taxonomy as text, and Hypothesis strategies that make others."""

from hypothesis import strategies as st

from taxonomy.interchange import RESERVED_HOTKEYS

SMALL = """\
title: Small
severities:
  - {key: minor, name: Minor, weight: 1, hotkey: m}
  - key: major
    name: Major
    weight: 5
    hotkey: M
categories:
  - key: fact
    name: Fact
    definition: Something is not so.
  - key: fact.made-up
    parent: fact
    name: Made up
    definition: It does not exist.
    examples:
      - {input: Who?, output: "Dr. Nobody", why: There is none.}
    critical: true
    default_severity: major
    hotkey: 1
    weights: {major: 12.5}
"""

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)

_characters = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
_texts = st.text(_characters | st.sampled_from(" \n\t:#-'\"%|>"), max_size=60) | st.builds(
    " ".join, st.lists(st.sampled_from(["word", "longer word", "a: b", "\n", "# no"]), max_size=40)
)
_filled = _texts.filter(lambda text: text.strip())
_lines = _filled.map(lambda text: " ".join(text.split())).filter(lambda text: 0 < len(text) <= 80)
_keys = st.from_regex(r"[a-z0-9._-]{1,20}", fullmatch=True)
_weights = st.integers(0, 99_999) | st.integers(0, 99_999_999).map(lambda n: n / 1000)
_hotkeys = [one for one in "123456789ghilmnpqrtwxyzABCDEGHM+*" if one not in RESERVED_HOTKEYS]


@st.composite
def taxonomies(draw):
    """JSON values that `from_dict` takes."""
    severity_keys = draw(st.lists(_keys, min_size=1, max_size=4, unique=True))
    category_keys = draw(st.lists(_keys, min_size=1, max_size=5, unique=True))
    hotkeys = iter(draw(st.permutations(_hotkeys)))
    severities = [
        {"key": key, "name": draw(_lines), "weight": draw(_weights), "hotkey": next(hotkeys)}
        for key in severity_keys
    ]
    some = st.sampled_from(severity_keys)
    categories = [
        {
            "key": key,
            "parent": draw(st.sampled_from(["", *category_keys[:i]])),
            "name": draw(_lines),
            "definition": draw(_filled),
            "use_when": draw(_texts),
            "examples": draw(
                st.lists(st.fixed_dictionaries({"output": _filled, "why": _texts}), max_size=2)
            ),
            "critical": draw(st.booleans()),
            "default_severity": draw(some | st.just("")),
            "hotkey": next(hotkeys) if draw(st.booleans()) else "",
            "weights": draw(st.dictionaries(some, _weights, max_size=2)),
        }
        for i, key in enumerate(category_keys)
    ]
    categories.reverse()  # a parent may stand after its child
    return {
        "title": draw(_lines),
        "description": draw(_texts),
        "source": draw(_texts),
        "severities": severities,
        "categories": categories,
    }
