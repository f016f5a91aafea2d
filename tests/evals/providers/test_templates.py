"""Prompt templates: what they can say, and that no template or input hangs or floods a worker."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.providers.templates import TemplateProblem, check_template, render

INPUT = {"name": "Ann", "items": [{"sku": 7}, None], "long": "x" * 1000}


class TestRender:
    @pytest.mark.parametrize(
        ("template", "text"),
        [
            (
                "{{input.name}}: {{ input.items.0.sku }}, {{ input.items.1 }}, {{ input.items }}\n",
                'Ann: 7, null, [{"sku":7},null]\n',
            ),
            ('{"a": {"b": {{ input.name }} }}', '{"a": {"b": Ann }}'),
            ("{{ '{{' }} {% raw %}{{ x }}{% endraw %}", "{{ {{ x }}"),
            ("{% for a in input['items'] %}{{ loop.index }}{{ a }}{% endfor %}", '1{"sku":7}2null'),
            ("{% if input.age is defined %}old{% else %}new{% endif %}", "new"),
            ("{{ input.age|default('unknown') }} {{ input.name|upper }}", "unknown ANN"),
            ("{{ input['items']|length }}{{ input.name[:2] }}{{ range(3)|join('-') }}", "2An0-1-2"),
            ("{{ input.name|tojson }} {{ true }} {{ 1.5 }}", '"Ann" true 1.5'),
        ],
    )  # fmt: skip
    def test_it_works(self, template, text):
        assert render(template, INPUT) == text

    @given(st.text())
    def test_what_is_filled_in_is_not_looked_at_again(self, text):
        filled = text + "{{ input }}{% for x in input %}"
        assert render("<{{ input }}>", filled) == f"<{filled}>"

    @pytest.mark.parametrize("path", ["input.x", "input.items.9", "input.items.x", "input.name.0"])
    def test_a_path_that_leads_nowhere(self, path):
        with pytest.raises(TemplateProblem, match="line 2 of the template: this input has no"):
            render("a\n{{ " + path + " }}", INPUT)

    @pytest.mark.parametrize(
        "expression",
        ["input.__class__", "input.name.__class__.__mro__", "input['__init__']", "input.name.upper",
         "input.items.append", "loop.__init__.__globals__", "range.__self__"],
    )  # fmt: skip
    def test_nothing_of_python_is_reached(self, expression):
        with pytest.raises(TemplateProblem):
            render("{% for a in [1] %}{{ " + expression + " }}{% endfor %}", INPUT)

    @pytest.mark.parametrize(
        ("template", "reason"),
        [
            ("{% for a in range(999) %}{% for b in range(999) %}{% endfor %}{% endfor %}", "turns"),
            ("{% for a in range(100000) %}{% endfor %}", "range"),
            ("{% for a in input.long %}{% for b in range(9) %}{{ input }}{% endfor %}{% endfor %}",
             "longer than 4000000"),
            ("{{ (input.long|list + input.long|list + input.long|list + input.long|list + "
             "input.long|list)|join(input.long) }}", "characters"),
            ("{{ input.name|truncate(1) }}", "length"),
            ("{{ 1 + 'a' }}", "unsupported"),
            ("{{ 1 if input.x }}", "no 'x'"),
        ],
    )  # fmt: skip
    def test_bounds(self, template, reason):
        with pytest.raises(TemplateProblem, match=reason):
            render(template, INPUT)

    def test_a_slow_template(self, monkeypatch):
        monkeypatch.setattr("evals.providers.templates.MAX_SECONDS", 0.0)
        with pytest.raises(TemplateProblem, match="takes longer"):
            render("{% for a in range(9) %}{{ input.long|sort }}{% endfor %}", INPUT)

    @given(st.text(alphabet="{}%| input.for\\\n0", max_size=30))
    def test_whatever_is_written_nothing_else_is_raised(self, template):
        try:
            check_template(template)
            render(template, {"input": "x"})
        except TemplateProblem:
            pass


class TestCheckTemplate:
    @pytest.mark.parametrize(
        ("template", "reason"),
        [
            ("a\n{{ inputs }}", "line 2 of the template: 'inputs' is unknown"),
            ("{{ input.__class__() }}", "line 1 of the template: nothing can be called"),
            ("{{ 7 * 7 }}", "mul is not available"),
            ("{{ input }", "line 1 of the template: unexpected '}'"),
            ("\n\n{% if %}", "line 3 of the template: Expected an expression"),
            ("{% set x = input %}", "assign is not available"),
            ("{% macro a() %}{{ a() }}{% endmacro %}", "macro is not available"),
            ("{% include '/etc/passwd' %}", "include is not available"),
            ("{{ input|replace('a', input) }}", "there is no filter 'replace'"),
            ("{% for a in input recursive %}{% endfor %}", "no recursive loops"),
            ("{% for input in [1] %}{% endfor %}", "something other than input"),
            ("{{" + "(" * 3000 + "1" + ")" * 3000 + "}}", "nested"),
            ("x" * 300_000, "longer than"),
        ],
    )
    def test_bad_template(self, template, reason):
        with pytest.raises(TemplateProblem) as caught:
            check_template(template)
        assert reason in str(caught.value)
