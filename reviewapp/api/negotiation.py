"""Which form an answer takes: each address has one, whatever `Accept` and `?format=` say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class OneForm(DefaultContentNegotiation):
    """An address that streams lines is asked for with all sorts of Accept; and ?format= names
    an export format here, not DRF's renderer."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: Any = None
    ) -> tuple[BaseRenderer, str]:
        form = next(iter(renderers))
        return form, form.media_type or ""
