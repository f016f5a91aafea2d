"""Texts as rows of numbers: how often which words and pairs of words occur, hashed."""

import re
from collections.abc import Sequence
from itertools import pairwise
from zlib import crc32

import numpy as np

from evals.metrics.strata import Array

WIDTH = 1024
CHARACTERS = 2000  # of each text that are read
WORD = re.compile(r"\w+")


def features(texts: Sequence[str]) -> Array:
    """Texts x WIDTH: log(1 + times) of each hashed word or pair of neighbouring words, weighted by
    how rare it is among the texts (log of texts / texts that have it), each row of length 1.

    Hashes take a sign, so that words that meet in a column cancel on average (Weinberger et al.
    2009). A text without a word, or with none that tells it from the others, is a row of zeros. The
    same on every machine: the hash is CRC-32.
    """
    rows = np.zeros((len(texts), WIDTH))
    for at, text in enumerate(texts):
        words = WORD.findall(text[:CHARACTERS].lower())
        pairs = [f"{a} {b}" for a, b in pairwise(words)]
        for term in (*words, *pairs):
            code = crc32(term.encode())
            rows[at, code % WIDTH] += 1 if code & 0x80000000 else -1
    rows = np.sign(rows) * np.log1p(np.abs(rows))
    having = (rows != 0).sum(axis=0)
    rows *= np.log((1 + len(texts)) / np.maximum(having, 1))
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.divide(rows, length, out=np.zeros_like(rows), where=length > 0))
