"""Lists of review items: what is asked for, in an address, and the rows that it finds."""

from reviewapp.listing.asked import Asked
from reviewapp.listing.filters import chosen
from reviewapp.listing.pages import Page, how_many, page

__all__ = ["Asked", "Page", "chosen", "how_many", "page"]
