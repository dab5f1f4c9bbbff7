"""Node, opaque ids and Relay connections."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import strawberry

from schema.reader import Page

Item = TypeVar("Item")
Source = TypeVar("Source")


@strawberry.interface(description="Anything that can be fetched again by its id.")
class Node:
    """Relay's Node."""

    id: strawberry.ID = strawberry.field(description="Opaque; never a document number.")


@strawberry.type
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Edge(Generic[Item]):
    """One item of a list and the cursor after it."""

    cursor: str
    node: Item


@strawberry.type
class Connection(Generic[Item]):
    """One page of a list. `totalCount` counts what the viewer may see; null where it may not be told."""

    edges: list[Edge[Item]]
    page_info: PageInfo
    total_count: int | None


def connect(page: Page[Source], shape: Callable[[Source], Item]) -> Connection[Item]:
    """A page as a Relay connection."""
    cursors: Sequence[str] = page.cursors
    return Connection(
        edges=[Edge(cursor=cursor, node=shape(item)) for item, cursor in zip(page.items, cursors, strict=True)],
        page_info=PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        ),
        total_count=page.total,
    )


def public_id(kind: str, code: str) -> strawberry.ID:
    """An id of something public (agency, jurisdiction, source): its published code, wrapped."""
    return strawberry.ID(f"{kind}_{base64.urlsafe_b64encode(code.encode()).decode().rstrip('=')}")


def public_code(kind: str, node_id: str) -> str | None:
    """The code inside an id made by `public_id` for that kind, else None."""
    prefix, _, body = node_id.partition("_")
    if prefix != kind:
        return None
    try:
        return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
