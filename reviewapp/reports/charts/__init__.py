"""Charts with axes, described with altair and drawn as SVG by vl-convert: for a worker, in a
process apart (`apart.py`), so that neither it nor the web process imports them. One chart a file,
named in `__main__.py`; every picture goes through `svg.py`."""
