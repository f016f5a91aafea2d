"""Runs every cell of every grid and writes docs/simulations.md: `make simulate`."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from . import (
    anytime,
    averaged,
    few,
    fortnight,
    grids,
    looks,
    multiplicity,
    schedule,
    sliced,
    together,
    written,
)
from .grids import Cell, Result

PAGE = Path(__file__).parents[2] / "docs" / "simulations.md"
GRIDS: list[tuple[Callable[[], Iterator[Cell]], Callable[[Cell, int, list[int]], Result]]] = [
    (grids.window_cells, grids.run_window),
    (grids.allocation_cells, grids.run_window),
    (grids.thin_cells, grids.run_window),
    (grids.future_cells, grids.run_future),
    (grids.rate_cells, grids.run_rates),
    (grids.severity_cells, grids.run_severity),
    (averaged.cells, averaged.run),
    (fortnight.cells, fortnight.run),
    (schedule.cells, schedule.run),
    (looks.cells, looks.run),
    (anytime.sequence_cells, anytime.run_sequence),
    (anytime.planned_cells, anytime.run_planned),
    (multiplicity.cells, multiplicity.run),
    (few.cells, few.run),
    (together.cells, together.run),
    (sliced.cells, sliced.run),
]


def one(task: tuple[int, Cell, int, int]) -> Result:
    """A cell's seed is its own, so that results do not depend on how cells are shared out."""
    grid, cell, repeats, seed = task
    return GRIDS[grid][1](cell, repeats, [seed, grid, *cell.name.encode()])


def main() -> int:
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--repeats", type=int, default=6000, help="samples a cell (6000)")
    parser.add_argument("--seed", type=int, default=2023)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--out", type=Path, default=PAGE, help="the page to write")
    options = parser.parse_args()
    started = time.monotonic()
    tasks = [
        (at, cell, options.repeats, options.seed)
        for at, (cells, _) in enumerate(GRIDS)
        for cell in cells()
    ]
    results: list[Result] = []
    with ProcessPoolExecutor(options.jobs) as pool:
        for found in pool.map(one, tasks, chunksize=4):
            results.append(found)
            if len(results) % 50 == 0 or len(results) == len(tasks):
                print(f"{len(results)} of {len(tasks)} cells", file=sys.stderr)
    seconds = time.monotonic() - started
    options.out.write_text(
        written.page(results, options.repeats, options.seed, seconds, options.jobs)
    )
    wrong = written.failures(results, options.repeats)
    print(f"Wrote {options.out} after {seconds:.0f} s.", *wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
