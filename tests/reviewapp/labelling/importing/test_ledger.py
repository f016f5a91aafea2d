"""What a word changes about what its rater has said before."""

import pytest

from reviewapp.labelling.importing.ledger import Change, Found, Said, Side, Word, decide

OK, BAD = Side("ok", ()), Side("error", (Found("a", "major", "output", "", -1, -1, ""),))


def said(sides, revision=1, live=True, **more):
    return Said(sides, revision, live=live, **more)


class TestDecide:
    def test_the_first_word(self):
        assert decide([], Word({"baseline": OK})).change == Change.NEW

    def test_the_same_again(self):
        assert decide([said({"baseline": OK})], Word({"baseline": OK})).change == Change.SAME

    def test_a_part_of_what_was_said(self):
        stored = [said({"baseline": OK, "candidate": BAD})]
        assert decide(stored, Word({"candidate": BAD})).change == Change.SAME

    def test_another_verdict_is_a_conflict(self):
        outcome = decide([said({"baseline": OK})], Word({"baseline": BAD}))
        assert outcome.change == Change.CONFLICT
        assert "send `revision` 2" in outcome.why

    def test_a_higher_revision_supersedes_and_keeps_the_other_side(self):
        stored = said({"baseline": OK, "candidate": OK})
        outcome = decide([stored], Word({"candidate": BAD}, revision=3))
        assert (outcome.change, outcome.before) == (Change.REVISED, stored)
        assert outcome.word.sides == {"baseline": OK, "candidate": BAD}
        assert outcome.word.revision == 3

    def test_disjoint_sides_merge(self):
        stored = said({"baseline": OK}, corrected='"x"', note="one", blind=True)
        outcome = decide([stored], Word({"candidate": BAD}, note="two", blind=True))
        assert outcome.change == Change.MERGED
        assert outcome.word.sides == {"baseline": OK, "candidate": BAD}
        assert (outcome.word.corrected, outcome.word.note) == ('"x"', "one\ntwo")
        assert (outcome.word.revision, outcome.word.blind) == (2, True)

    @pytest.mark.parametrize("name", ["baseline", "candidate"])
    def test_what_was_merged_is_the_same_again(self, name):
        first, second = {"baseline": OK}, {"candidate": BAD}
        stored = [said(first, live=False), said({**first, **second}, 2)]
        assert decide(stored, Word({name: {**first, **second}[name]})).change == Change.SAME

    def test_an_earlier_revision_again(self):
        stored = [said({"baseline": OK}, live=False), said({"baseline": BAD}, 2)]
        assert decide(stored, Word({"baseline": OK})).change == Change.SAME

    def test_a_merged_word_is_not_blind_where_one_part_is_not(self):
        outcome = decide([said({"baseline": OK}, blind=False)], Word({"candidate": OK}, blind=True))
        assert outcome.word.blind is False
