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

from evals import values
from reviewapp.api.errors import BadBody

CHUNK = 64 * 1024
LIMIT: int = settings.MAX_LINE_BYTES


#: Bytes that a packed body may always unpack to, and what it may then be larger than it came.
#: Texts shrink to a third or a tenth; a thousandth is the most that gzip can do.
ROOM = 16 * 1024 * 1024
LARGEST_RATIO = 200


def pieces(request: Request) -> Iterator[bytes]:
    """The body in pieces, unpacked where it came as gzip. Raises BadBody or UnreadablePostError
    while it is read, UnsupportedMediaType at once."""
    if request.content_type.lower().startswith("multipart/"):
        what = "Send the lines themselves as the body (curl: --data-binary @file), not a form."
        raise UnsupportedMediaType(request.content_type, what)
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    packed = _received(request._request)
    if encoding in ("", "identity"):
        return _plain(packed)
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


def _received(http: HttpRequest) -> Iterator[bytes]:
    """What came over the connection. Django takes a body without a length for an empty one; the
    server knows where it ends."""
    if "chunked" in http.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        if not http.META.get("wsgi.input_terminated"):
            raise BadBody("This server takes no chunked bodies: send Content-Length.")
        yield from iter(partial(_chunked, http.META["wsgi.input"].read), b"")
        return
    wanted, came = values.row_number(http.META.get("CONTENT_LENGTH") or "0"), 0
    for piece in iter(partial(http.read, CHUNK), b""):
        came += len(piece)
        yield piece
    if came < wanted:
        raise BadBody(f"The body is cut off: {came} of {wanted} bytes came. {_AGAIN}")


_AGAIN = "Send it again: stored lines stay as they are."


def _chunked(read: Callable[[int], bytes]) -> bytes:
    try:
        return read(CHUNK)
    except Exception as error:  # each server has errors of its own
        raise BadBody(f"The chunked body is cut off, or badly made. {_AGAIN}") from error


def _plain(received: Iterator[bytes]) -> Iterator[bytes]:
    for i, piece in enumerate(received):
        if i == 0 and piece.startswith(b"\x1f\x8b"):
            raise BadBody("The body is gzip: say so with `Content-Encoding: gzip`.")
        yield piece


def gunzip(packed: Iterator[bytes]) -> Iterator[bytes]:
    """What is inside a gzip stream (of one or more members), at most CHUNK bytes at a time.
    Raises BadBody, also where it grows beyond all reason."""
    inflate = zlib.decompressobj(wbits=31)
    begun = False
    came = grown = 0
    try:
        for data in packed:
            came += len(data)
            while data:
                if grown > max(ROOM, LARGEST_RATIO * came):
                    raise BadBody(
                        f"The body unpacks to more than {LARGEST_RATIO} times its size: no honest "
                        "text does. Send it in parts, or not packed; stored lines stay as they are."
                    )
                if inflate.eof:  # zeros are padding; what else follows is the next member
                    data = data.lstrip(b"\0")
                    inflate = zlib.decompressobj(wbits=31) if data else inflate
                    continue
                begun = True
                piece = inflate.decompress(data, CHUNK)
                grown += len(piece)
                yield piece
                data = inflate.unused_data or inflate.unconsumed_tail
        while tail := inflate.decompress(b"", CHUNK):
            yield tail
    except zlib.error as error:
        raise BadBody(f"The body is not gzip, as its Content-Encoding says: {error}") from None
    if begun and not inflate.eof:
        raise BadBody(f"The gzip stream is cut off. {_AGAIN}")
