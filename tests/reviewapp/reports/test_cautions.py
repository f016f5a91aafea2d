import pytest

from reviewapp.reports.cautions import cautions


def data(*, requests=10, used=3, identical_used=0, failed=(0, 0), lines=((5, 3),)):
    return {
        "population": {"requests": requests},
        "labels": {"used": used, "identical_used": identical_used},
        "failures": {"baseline": failed[0], "candidate": failed[1]} if requests else None,
        "lines": [{"stratum": "differ/far", "size": m, "labelled": n} for m, n in lines],
    }


class TestCautions:
    def test_nothing_to_say(self):
        assert cautions(data()) == []

    @pytest.mark.parametrize(
        ("changed", "word"),
        [
            ({"requests": 0}, "Nothing has been compared"),
            ({"used": 1}, "There is one label"),
            ({"used": 4, "identical_used": 3}, "There is one label"),
            ({"lines": ((5, 5), (2, 2)), "used": 7}, "exact"),
            ({"failed": (0, 10), "used": 0}, "The candidate gave no answer to any of the 10"),
            ({"failed": (1, 0), "requests": 1, "used": 0}, "Production gave no answer to its one"),
        ],
    )
    def test_each_is_a_sentence(self, changed, word):
        (sentence,) = cautions(data(**changed))
        assert word in sentence
        assert sentence.endswith(".")

    def test_no_label_is_no_census(self):
        assert cautions(data(used=0, lines=())) == []
