"""Where one stands in an agency's list: page tokens, and the cursor that a later call goes on from."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import Struct
from msgspec.structs import replace

from adapters.drivers.template import Scope
from adapters.manifest import Pages


class Place(Struct, frozen=True, gc=False):
    """One upstream page. `position` is a page number or an offset; `seen` counts the rows of the pages before it.

    `fingerprint` is that of the page before: a source that ignores the page it is asked for repeats that one.
    """

    position: int = 0
    seen: int = 0
    fingerprint: str = ""
    cursor: str | None = None

    @classmethod
    def first(cls, pages: Pages | None) -> Place:
        """Where a list begins."""
        return cls(position=pages.first) if pages is not None and pages.kind == "number" else cls()

    def scope(self, pages: Pages | None, scope: Scope) -> Scope:
        """The scope with the placeholders of this page."""
        if pages is None:
            return scope
        if pages.kind == "cursor":
            return replace(scope, size=pages.size, cursor=self.cursor)
        if pages.kind == "offset":
            return replace(scope, size=pages.size, offset=self.position)
        return replace(scope, size=pages.size, page=self.position, offset=self.seen)


def following(
    pages: Pages | None, here: Place, rows: int, *, fingerprint: str, cursor: str | None, total: int | None
) -> Place | None:
    """The next page, or None at the end.

    A short page is no end, for agencies silently cap the page size: the end is an empty page, the total reached,
    or no further cursor.
    """
    if pages is None:
        return None
    seen = here.seen + rows
    if pages.kind == "cursor":
        return Place(seen=seen, fingerprint=fingerprint, cursor=cursor) if cursor else None
    if rows == 0 or (total is not None and seen >= total):
        return None
    step = rows if pages.kind == "offset" else 1
    return Place(here.position + step, seen, fingerprint)


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A place in several lists read one after the other; `skip` rows of its page were already handed out."""

    leg: int = 0
    skip: int = 0
    place: Place | None = None

    def text(self) -> str:
        """What `read` reads again."""
        place = self.place
        start = f"{self.leg}.{self.skip}"
        return (
            start
            if place is None
            else f"{start}.{place.position}.{place.seen}.{place.fingerprint}.{place.cursor or ''}"
        )

    @classmethod
    def read(cls, text: str) -> Bookmark:
        """The bookmark whose text this is."""
        leg, skip, *rest = text.split(".", 5)
        if not rest:
            return cls(int(leg), int(skip))
        position, seen, fingerprint, cursor = rest
        return cls(int(leg), int(skip), Place(int(position), int(seen), fingerprint, cursor or None))
