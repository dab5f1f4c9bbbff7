"""Node, opaque ids and Relay connections."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import strawberry

from schema.reader import Page

Item = TypeVar("Item")
Source = TypeVar("Source")


@strawberry.interface(description="Anything that can be fetched again by its id.")
class Node:
    """Relay's Node."""

    id: strawberry.ID = strawberry.field(description="Opaque; never a document number.")


def _cursor(page: Page[Any], position: int) -> str | None:
    """Made when it is asked for: most lists are read without looking at one."""
    return page.cursor(position) if page.items else None


@strawberry.type
class PageInfo:
    """Relay's PageInfo."""

    page: strawberry.Private[Page[Any]]
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None = strawberry.field(resolver=lambda root: _cursor(root.page, 0))
    end_cursor: str | None = strawberry.field(resolver=lambda root: _cursor(root.page, len(root.page.items) - 1))


def _page_info(root: Any) -> PageInfo:
    page: Page[Any] = root.page
    return PageInfo(page=page, has_next_page=page.has_next, has_previous_page=page.has_previous)


@strawberry.type
class Edge(Generic[Item]):
    """One item of a list and the cursor after it."""

    page: strawberry.Private[Page[Any]]
    position: strawberry.Private[int]
    node: Item
    cursor: str = strawberry.field(resolver=lambda root: root.page.cursor(root.position))


def edges_of(root: Any) -> list[Edge[Any]]:
    """The edges of a connection's page."""
    return [
        Edge(page=root.page, position=position, node=root.shape(item))
        for position, item in enumerate(root.page.items)
    ]


@strawberry.type
class Connection(Generic[Item]):
    """One page of a list. `totalCount` counts what the viewer may see; null where it may not be told."""

    page: strawberry.Private[Page[Any]]
    shape: strawberry.Private[Callable[[Any], Any]]  # makes an item's object
    stand_in: strawberry.Private[
        Callable[[Any], Any]
    ]  # makes what its resolvers can read as well, and is made quicker
    edges: list[Edge[Item]] = strawberry.field(resolver=edges_of)
    page_info: PageInfo = strawberry.field(resolver=_page_info)
    total_count: int | None = strawberry.field(resolver=lambda root: root.page.total)


def row_id() -> Any:
    """The id of a type that shows one row."""
    return strawberry.field(resolver=lambda root: root.row.id, description="Opaque.")


def itself(item: Item) -> Item:
    """For pages of what stands for its own object, a person's file or a row: it has all that the resolvers read."""
    return item


def connect(
    page: Page[Source], shape: Callable[[Source], Item], stand_in: Callable[[Source], object] | None = None
) -> Connection[Item]:
    """A page as a Relay connection."""
    return Connection(page=page, shape=shape, stand_in=stand_in or shape)


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
