import pytest

from reviewapp.reports.charts.svg import INK, cleaned

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10" viewBox="0 0 10 10">'


def svg(inside):
    return f"{HEAD}{inside}</svg>"


class TestCleaned:
    def test_shapes_and_words_stay(self):
        text = cleaned(svg('<path d="M0,0h4"/><text x="1" y="2">5 ms</text>'))
        assert 'd="M0,0h4"' in text
        assert ">5 ms</text>" in text

    @pytest.mark.parametrize(
        "hostile",
        [
            "<script>alert(1)</script>",
            '<path d="M0,0" onload="alert(1)"/>',
            '<path d="M0,0" style="fill:red"/>',
            '<path d="M0,0" fill="url(https://example.org/x)"/>',
            '<image href="https://example.org/x.png"/>',
            '<use href="#x"/>',
            '<a href="javascript:alert(1)"><text>x</text></a>',
            "<foreignObject><b xmlns='http://www.w3.org/1999/xhtml'>x</b></foreignObject>",
            '<style>*{background:url("https://example.org")}</style>',
            '<animate attributeName="href" to="javascript:alert(1)"/>',
        ],
    )
    def test_nothing_else_does(self, hostile):
        text = cleaned(svg(hostile))
        for word in ("script", "alert", "style", "example", "href", "foreign", "url(", "<b"):
            assert word not in text

    def test_a_colour_becomes_a_class_too(self):
        assert 'class="f-ink s-ink"' in cleaned(svg(f'<path d="M0" fill="{INK}" stroke="{INK}"/>'))

    def test_it_says_what_it_shows(self):
        text = cleaned(svg(""), name="x", title="A <title>", words="Two & three.")
        assert 'role="img" aria-labelledby="x-title x-words" class="chart"' in text
        assert '<title id="x-title">A &lt;title&gt;</title>' in text
        assert '<desc id="x-words">Two &amp; three.</desc>' in text

    def test_again_it_stays_as_it_is(self):
        once = cleaned(svg(f'<g><path d="M0" stroke="{INK}"/></g>'), name="x", title="t", words="w")
        assert cleaned(once) == once

    @pytest.mark.parametrize(
        "text", ["", "{}", "<p>no</p>", "<svg>", '<!DOCTYPE a [<!ENTITY b "c">']
    )
    def test_what_is_no_svg(self, text):
        with pytest.raises(ValueError, match="not an SVG"):
            cleaned(text)
