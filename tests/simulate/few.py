"""Windows with few labels, or in which few items have none. One and two strata without chance:
every sample of every population that they can have, and the population that is covered least."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import special

from evals.metrics.difference import paired_difference

from . import batched
from .batched import Array, Ends
from .grids import Cell, Result, draw, result

ONE = [(9, 4), (11, 4), (11, 8), (13, 5), (17, 12), (40, 5), (25, 18), (34, 10), (30, 6)]
TWO = [
    ((4, 6), (2, 2)),
    ((5, 5), (2, 3)),
    ((2, 8), (1, 4)),
    ((6, 12), (2, 4)),
    ((8, 8), (3, 3)),
    ((6, 14), (5, 6)),
    ((10, 14), (6, 6)),
]
SEVERAL = [(3, 4, 2), (3, 8, 3), (4, 20, 2), (6, 6, 2), (6, 40, 2), (5, 400, 3)]


def cells() -> Iterator[Cell]:
    for size, n in ONE:
        yield Cell("few", f"{n} labels of {size} items", {"sizes": (size,), "sampled": (n,)})
    for sizes, sampled in TWO:
        name = f"{' and '.join(map(str, sampled))} labels of {' and '.join(map(str, sizes))} items"
        yield Cell("few", name, {"sizes": sizes, "sampled": sampled})
    for strata, size, n in SEVERAL:
        for plus, minus in ((2 / 3, 1 / 3), (0.9, 0.0), (0.25, 0.1)):
            share = f"{plus:.0%} worse, {minus:.0%} better"
            about = {"strata": strata, "size": size, "labels": n, "shares": (plus, minus)}
            yield Cell("few", f"{n} labels of {size} items in each of {strata}, {share}", about)


def run(cell: Cell, repeats: int, seed: list[int]) -> Result:
    if "strata" in cell.about:
        return _drawn(cell, repeats, seed)
    sizes, sampled = cell.about["sizes"], cell.about["sampled"]
    total = sum(sizes)
    tables = [_samples(n) for n in sampled]
    which = [x.ravel() for x in np.indices([len(one) for one in tables])]
    worse, better = (
        np.stack([one[at, sign] for one, at in zip(tables, which, strict=True)], axis=1)
        for sign in (0, 1)
    )
    sample = (
        worse,
        better,
        *(np.broadcast_to(x, worse.shape).astype(float) for x in (sampled, sizes)),
    )
    ends = {"shipped": batched.window_ends(*sample)}
    ends["without what few labels need"] = batched.window_ends(*sample, variant=batched.LARGE)
    _check(ends["shipped"], sample, total)
    chances = [_chances(size, n) for size, n in zip(sizes, sampled, strict=True)]
    sums = _populations(sizes[0]) @ [1, -1]
    for size in sizes[1:]:
        sums = (sums[:, None] + _populations(size) @ [1, -1]).ravel()
    held = {name: float(_held(one, chances, sums).min()) for name, one in ends.items()}
    width = {name: float((high - low).mean()) / total for name, (low, high) in ends.items()}
    return Result(cell.grid, cell.name, held, width, {})


def _held(ends: Ends, chances: list[Array], sums: Array) -> Array:
    """Of each population, the chance of a sample whose interval holds its sum."""
    found = np.zeros(len(sums))
    for truth in np.unique(sums):
        inside = ((ends[0] <= truth + 1e-9) & (truth - 1e-9 <= ends[1])).astype(float)
        if len(chances) == 1:
            covered = chances[0] @ inside
        else:
            table = inside.reshape(chances[0].shape[1], chances[1].shape[1])
            covered = (chances[0] @ table @ chances[1].T).ravel()
        found = np.where(sums == truth, covered, found)
    return found


def _samples(n: int) -> Array:
    """worse, better: every number of each that n labels can have."""
    return np.array([(a, b) for a in range(n + 1) for b in range(n + 1 - a)], dtype=float)


_populations = _samples


def _chances(size: int, n: int) -> Array:
    """Populations x samples."""
    (p, m), (a, b) = _populations(size).T[:, :, None], _samples(n).T
    ways = special.binom(p, a) * special.binom(m, b) * special.binom(size - p - m, n - a - b)
    return np.asarray(ways / special.binom(size, n))


def _drawn(cell: Cell, repeats: int, seed: list[int]) -> Result:
    about = cell.about
    size, (plus, minus) = about["size"], about["shares"]
    sizes = np.full(about["strata"], size)
    worse = np.full(len(sizes), round(size * plus))
    better = np.minimum(round(size * minus), sizes - worse)
    chosen: dict[str, Any] = {"plus": worse, "minus": better, "sizes": sizes}
    sample = draw(chosen | {"sampled": np.full(len(sizes), about["labels"])}, repeats, seed)
    ends = {
        "shipped": batched.window_ends(*sample),
        "without what few labels need": batched.window_ends(*sample, variant=batched.LARGE),
    }
    _check(ends["shipped"], sample, int(sizes.sum()))
    return result(cell, ends, float((worse - better).sum()), float(sizes.sum()))


def _check(ends: Ends, sample: tuple[Array, ...], total: int) -> None:
    def shipped(at: int) -> tuple[float, float]:
        e = paired_difference(*(x[at].astype(int) for x in sample), total)
        return e.low * total, e.high * total

    batched.check(ends, shipped)
