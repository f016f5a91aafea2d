import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.desk.differences import WORDS, Piece, mark

texts = st.text(max_size=60) | st.text("ab \n.,-é日", max_size=60)


def joined(pieces):
    return "".join(piece.text for piece in pieces)


def alike(pieces):
    return "".join(piece.text for piece in pieces if not piece.differs)


class TestMark:
    def test_it_works(self):
        a, b = mark("the cat sat", "the dog sat")
        assert a == [Piece("the ", False), Piece("cat", True), Piece(" sat", False)]
        assert b == [Piece("the ", False), Piece("dog", True), Piece(" sat", False)]

    @pytest.mark.parametrize(("a", "b"), [("", ""), ("", "x"), ("x", ""), (" ", "\n"), ("é", "é")])
    def test_edges(self, a, b):
        pieces_a, pieces_b = mark(a, b)
        assert (joined(pieces_a), joined(pieces_b)) == (a, b)

    @given(texts, texts)
    def test_the_pieces_are_the_texts(self, a, b):
        pieces_a, pieces_b = mark(a, b)
        assert joined(pieces_a) == a
        assert joined(pieces_b) == b
        assert all(piece.text for piece in [*pieces_a, *pieces_b])

    @given(texts, texts)
    def test_what_is_not_marked_is_on_both_sides(self, a, b):
        """Texts with next to nothing in common have no marks at all."""
        pieces_a, pieces_b = mark(a, b)
        if not any(piece.differs for piece in [*pieces_a, *pieces_b]):
            assert max(len(pieces_a), len(pieces_b)) <= 1
            return
        assert alike(pieces_a) == alike(pieces_b)

    @given(texts)
    def test_equal_texts_have_no_mark(self, text):
        assert not any(piece.differs for pieces in mark(text, text) for piece in pieces)

    @pytest.mark.parametrize(
        ("a", "b"),
        [
            ("a " * (WORDS // 2), "b " * (WORDS // 2)),
            ("a b " * (WORDS // 4), "b a " * (WORDS // 4)),
            ("." * 8_000_000, "," * 8_000_000),
            ("x" * 8_000_000, "y" * 8_000_000),
            (" " * 4_000_000 + "x", "x" + " " * 4_000_000),
            ("<b>" * 2_000_000, "</b>" * 2_000_000),
            ("\u0301" * 200_000, "\u202e" * 200_000),
        ],
        ids=["all differ", "shifted", "signs", "one word", "spaces", "tags", "marks"],
    )
    def test_hostile_texts_are_quick(self, a, b):
        """Far from a timing test: a quadratic way would take minutes."""
        began = time.process_time()
        pieces_a, pieces_b = mark(a, b)
        assert time.process_time() - began < 3
        assert joined(pieces_a) == a
        assert joined(pieces_b) == b

    def test_beyond_the_limit_nothing_is_marked(self):
        a, b = "a " * WORDS, "b " * WORDS
        assert mark(a, b) == ([Piece(a, False)], [Piece(b, False)])
