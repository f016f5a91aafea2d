"""Kinds of fields that records share."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Path = Annotated[str, Meta(max_length=1000)]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Duration = Annotated[float, Meta(ge=0, le=2**31 - 1)]
Money = Annotated[float, Meta(ge=0, le=1e6)]
Moment = Annotated[datetime, Meta(tz=True)]
