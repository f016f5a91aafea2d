"""Bodies that are read as a stream, in flat memory whatever their size.

They never pass through request.data or request.body, so neither DRF's parsers nor Django's limit
on bodies in memory have a part in it; the limit is that of one line.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from functools import partial

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request

from reviewapp.api.errors import BadBody

CHUNK = 64 * 1024
LIMIT: int = settings.MAX_LINE_BYTES


def pieces(request: Request) -> Iterator[bytes]:
    """The body in pieces, unpacked where it came as gzip. Raises BadBody or UnreadablePostError
    while it is read, UnsupportedMediaType at once."""
    packed = iter(partial(_reader(request._request), CHUNK), b"")
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return packed
    if encoding in ("gzip", "x-gzip"):
        return gunzip(packed)
    raise UnsupportedMediaType(encoding, f"Content-Encoding {encoding!r}: send gzip, or plain.")


def whole(request: Request, at_most: int) -> bytes:
    """A small body in one. Raises BadBody where it is larger than `at_most` bytes, or empty."""
    found = b""
    for piece in pieces(request):
        found += piece
        if len(found) > at_most:
            raise BadBody(f"The body is larger than {at_most} bytes.")
    if not found.strip():
        raise BadBody("The body is empty.")
    return found


def _reader(http: HttpRequest) -> Callable[[int], bytes]:
    """Django takes a body without a length for an empty one; the server knows where it ends."""
    if "chunked" in http.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        if not http.META.get("wsgi.input_terminated"):
            raise BadBody("This server takes no chunked bodies: send Content-Length.")
        read: Callable[[int], bytes] = http.META["wsgi.input"].read
        return read
    return http.read


def gunzip(packed: Iterator[bytes]) -> Iterator[bytes]:
    """What is inside a gzip stream (of one or more members), at most CHUNK bytes at a time."""
    inflate = zlib.decompressobj(wbits=31)
    begun = False
    try:
        for data in packed:
            while data:
                if inflate.eof:  # zeros are padding; what else follows is the next member
                    data = data.lstrip(b"\0")
                    inflate = zlib.decompressobj(wbits=31) if data else inflate
                    continue
                begun = True
                yield inflate.decompress(data, CHUNK)
                data = inflate.unused_data or inflate.unconsumed_tail
        while tail := inflate.decompress(b"", CHUNK):
            yield tail
    except zlib.error as error:
        raise BadBody(f"The body is not gzip, as its Content-Encoding says: {error}") from None
    if begun and not inflate.eof:
        raise BadBody("The gzip stream is cut off; send it again: stored lines stay as they are.")
