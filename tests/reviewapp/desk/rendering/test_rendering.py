import html
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evals import values
from reviewapp.desk.rendering import aligned, code, fields, markdown, tree
from tests.taxonomy.examples import json_values


class TestMarkdown:
    def test_it_works(self):
        shown = markdown.html("# Title\n\nSome **bold** text, `code` and\n\n- one\n- two")
        assert "<h3>Title</h3>" in shown
        assert "<strong>bold</strong>" in shown
        assert "<li>one</li>" in shown

    def test_a_table(self):
        assert "<td>1</td>" in markdown.html("|a|b|\n|-|-|\n|1|2|")

    def test_code_is_marked(self):
        shown = markdown.html("```python\ndef f():\n    return 'x'\n```")
        assert '<span class="code-keyword">def</span>' in shown
        assert '<span class="code-string">' in shown

    @pytest.mark.parametrize(
        "hostile",
        [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "[x](data:text/html,<script>alert(1)</script>)",
            "![x](https://tracker.example/a.png)",
            '<div style="position:fixed">over everything</div>',
            "```html\n<script>alert(1)</script>\n```",
            '```"><script>alert(1)</script>\ncode\n```',
            "<svg/onload=alert(1)>",
        ],
    )
    def test_nothing_of_it_runs_loads_or_looks_like_ours(self, hostile):
        shown = markdown.html(hostile)
        for bad in ("<script", "<img", "<div", "<svg", 'href="javascript', 'href="data', "id="):
            assert bad not in shown or f"&lt;{bad[1:]}" in shown

    def test_html_is_text(self):
        shown = markdown.html("<a href='//evil.example' class='primary' id='desk'>x</a>")
        assert shown.startswith("<p>&lt;a href=")

    def test_links_lead_away_with_nothing(self):
        shown = markdown.html("[x](https://a.example)")
        assert 'rel="noopener noreferrer nofollow"' in shown

    def test_a_very_long_or_deep_one_does_not_hang(self):
        assert markdown.html("x" * (markdown.LONGEST + 1)) is None
        assert markdown.html("> " * 5_000 + "deep") is None
        assert "deep" in markdown.html("> " * 20 + "deep")
        assert markdown.html("[" * 50_000) is not None
        assert markdown.html("*a " * 30_000) is not None

    @given(st.text(max_size=300))
    def test_any_text(self, text):
        assert "<script" not in markdown.html(text)


class TestMarkedUp:
    @pytest.mark.parametrize(
        "text", ["**a**", "- a", "1. a", "# a", "a\n---", "    a", "|a|\n|-|", "`a`", "~~a~~"]
    )
    def test_markdown(self, text):
        assert markdown.marked_up(text) == markdown.html(text)

    @pytest.mark.parametrize(
        "text", ["a\nb", "snake_case", "1 < 2", "a *b", "2*3*4", "a - b", "C:\\*.py", ""]
    )
    def test_what_reads_as_it_is_stored(self, text):
        assert markdown.marked_up(text) is None

    @given(st.text(max_size=200))
    def test_nothing_is_missed_by_the_quick_look(self, text):
        if not markdown.perhaps(text):
            rendered = re.sub(r"</?p>|<br>|<span[^>]*>|</span>", "", markdown.html(text))
            assert html.unescape(rendered).split() == text.replace("\0", "\ufffd").split()

    def test_what_cannot_be_seen_has_its_sign(self):
        """Between tags only: a link keeps its address."""
        shown = markdown.html('**a\u202eb** [c](https://example.com/\u200b "\u202e")')
        assert 'a<span class="odd" data-code="U+202E">\u202e</span>b' in shown
        assert shown.count('class="odd"') == 1

    def test_a_line_is_a_line(self):
        assert "<br>" in markdown.html("*a*\nb")


class TestCode:
    def test_unknown_and_long_ones_are_only_escaped(self):
        assert code.marked("<b>", "no such language") == "&lt;b&gt;"
        long = "x" * (code.LONGEST + 1)
        assert code.marked(long, "python") == long

    @given(st.text(max_size=200), st.sampled_from(["python", "json", "html", "bash"]))
    def test_the_text_is_all_there(self, text, language):

        shown = html.unescape(
            re.sub(r'<span class="code-[a-z]+">|</span>', "", code.marked(text, language))
        )
        assert shown.split() == text.replace("\r", "\n").split()


class TestTree:
    def test_it_works(self):
        root = tree.tree({"a": [1, {"b": None}], "c": "x"})
        assert root.text == "2 fields"
        assert [one.label for one in root.children] == ["a", "c"]
        assert root.children[0].children[1].children[0].path == "$.a[1].b"
        assert root.children[1].text == '"x"'

    def test_only_objects_and_lists(self):
        assert tree.tree("x") is None
        assert tree.tree(1) is None

    def test_a_large_one_says_how_much_is_left(self):
        root = tree.tree(list(range(10_000)))
        assert len(root.children) + root.left == 10_000
        assert len(root.children) < tree.NODES

    def test_what_is_deep_comes_later(self):
        """Those nearest to the root first; nothing is left out, it is only asked for later."""
        root = tree.tree({f"a{i}": {f"b{j}": {"c": 1} for j in range(30)} for i in range(10)})
        inside = [one for child in root.children for one in child.children]
        assert len(root.children) == 10
        assert any(one.later for one in (*root.children, *inside))
        assert not any(one.left for one in (root, *root.children, *inside))
        assert [one.open for one in root.children if one.later] == [False] * len(
            [one for one in root.children if one.later]
        )

    def test_what_is_wide_goes_on(self):
        seen, start = [], 0
        while True:
            root = tree.tree(list(range(250)), start=start)
            seen += [one.text for one in root.children]
            if not root.left:
                break
            start = root.after
        assert seen == [str(i) for i in range(250)]

    def test_a_part_knows_where_it_lies(self):
        root = tree.tree([{"b": 1}], at=("a", 3))
        assert root.children[0].children[0].path == "$.a[3][0].b"

    def test_whole_where_nothing_can_be_asked_for(self):
        root = tree.tree({f"a{i}": {"b": {"c": i}} for i in range(300)}, whole=True)
        assert not any(one.later or one.after for one in root.children)
        assert all(one.children[0].children for one in root.children)

    @given(json_values.filter(lambda one: isinstance(one, dict | list)))
    def test_every_leaf_is_there(self, value):
        def leaves(node):
            if node.kind in ("object", "list"):
                return sum(map(leaves, node.children))
            return 1

        def count(one):
            if isinstance(one, dict | list):
                return sum(map(count, one.values() if isinstance(one, dict) else one))
            return 1

        assert leaves(tree.tree(value)) == count(value)


class TestFields:
    def test_it_works(self):
        found, more = fields.rows({"a": 1, "b": [1, 2]}, {"a": 1, "b": [1, 3, 4], "c": "x"})
        assert more == 0
        assert [(row.path, row.a, row.b) for row in found if row.differs] == [
            ("$.b[1]", "2", "3"),
            ("$.b[2]", None, "4"),
            ("$.c", None, '"x"'),
        ]

    def test_a_value_that_became_an_object(self):
        found, _ = fields.rows({"a": 1}, {"a": {"b": 1}})
        assert [(row.a, row.b) for row in found] == [("1", '{"b":1}')]

    def test_texts_have_no_fields(self):
        assert fields.rows("a", "b") is None
        assert fields.rows({}, []) is None

    def test_a_large_one_is_bounded(self):
        found, more = fields.rows(list(range(5_000)), list(range(5_000)))
        assert (len(found), more) == (fields.ROWS, 4_000)

    @given(json_values, json_values)
    def test_rows_differ_where_the_values_do(self, a, b):
        assume(values.problem_in([a, b]) is None)
        found, _ = fields.rows({"x": a}, {"x": b})
        assert any(row.differs for row in found) == (values.canonical(a) != values.canonical(b))


class TestAligned:
    def test_it_works(self):
        text = "\n".join(f"line {i}" for i in range(30))
        other = text.replace("line 15", "line fifteen")
        before, middle, after = aligned.blocks(text, other)
        assert (before.folded, middle.folded, after.folded) == (True, False, True)
        assert len(middle.rows) == 2 * aligned.CONTEXT + 1
        changed = middle.rows[aligned.CONTEXT]
        assert [piece.text for piece in changed.b if piece.differs] == ["fifteen"]

    def test_lines_that_only_one_side_has(self):
        (block,) = aligned.blocks("a\nc", "a\nb\nc")
        assert [(row.a is None, row.b is None) for row in block.rows] == [
            (False, False),
            (True, False),
            (False, False),
        ]

    def test_one_line_each_and_too_many(self):
        assert aligned.blocks("a", "b") is None
        assert aligned.blocks("\n" * 6_000, "b") is None

    @given(
        st.lists(st.sampled_from(["a", "b", "c d", ""]), max_size=40),
        st.lists(st.sampled_from(["a", "b", "c e", ""]), max_size=40),
    )
    def test_every_line_is_in_one_row(self, a, b):
        a, b = "\n".join(a), "\n".join(b)
        blocks = aligned.blocks(a, b)
        if blocks is None:
            return
        rows = [row for block in blocks for row in block.rows]
        for side, text in (("a", a), ("b", b)):
            lines = [getattr(row, side) for row in rows if getattr(row, side) is not None]
            assert "\n".join("".join(p.text for p in line) for line in lines) == text
