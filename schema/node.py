"""Node, opaque ids and Relay connections."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

import strawberry

from schema.reader import Page

Item = TypeVar("Item")
Source = TypeVar("Source")


@strawberry.interface(description="Anything that can be fetched again by its id.")
class Node:
    """Relay's Node."""

    id: strawberry.ID = strawberry.field(description="Opaque; never a document number.")


Seal = Callable[[], str]  # makes a cursor; most lists are read without looking at one


def _cursor(seal: Seal | None) -> str | None:
    return seal() if seal else None


@strawberry.type
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool
    has_previous_page: bool
    start: strawberry.Private[Seal | None]
    end: strawberry.Private[Seal | None]
    start_cursor: str | None = strawberry.field(resolver=lambda root: _cursor(root.start))
    end_cursor: str | None = strawberry.field(resolver=lambda root: _cursor(root.end))


@strawberry.type
class Edge(Generic[Item]):
    """One item of a list and the cursor after it."""

    seal: strawberry.Private[Seal]
    node: Item
    cursor: str = strawberry.field(resolver=lambda root: root.seal())


@strawberry.type
class Connection(Generic[Item]):
    """One page of a list. `totalCount` counts what the viewer may see; null where it may not be told."""

    edges: list[Edge[Item]]
    page_info: PageInfo
    total_count: int | None


def row_id() -> Any:
    """The id of a type that shows one row."""
    return strawberry.field(resolver=lambda root: root.row.id, description="Opaque.")


def connect(page: Page[Source], shape: Callable[[Source], Item]) -> Connection[Item]:
    """A page as a Relay connection."""
    seals = [partial(page.cursor, position) for position in range(len(page.items))]
    return Connection(
        edges=[Edge(seal=seal, node=shape(item)) for item, seal in zip(page.items, seals, strict=True)],
        page_info=PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start=seals[0] if seals else None,
            end=seals[-1] if seals else None,
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
