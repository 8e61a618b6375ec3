"""Lists that take more than one request."""

from __future__ import annotations

from pbmodels.client._record import Record
from pbmodels.client._record_calls import AsyncPageGetter


async def all_pages(get_page: AsyncPageGetter, size: int) -> list[Record]:
    """The items of all pages, asked for one after another until one is not full.

    Args:
        get_page: Fetches a page by its number.
        size: Items on a full page.
    """
    found: list[Record] = []
    page = 1
    while True:
        result = await get_page(page)
        found += result.items
        if len(result.items) < size:
            return found
        page += 1
