"""Which form of answer a caller reads best (RFC 9110, 12.5.1), out of those that a path writes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

GRAPHQL: Final = "application/graphql-response+json"
JSON: Final = "application/json"
HTML: Final = "text/html"
EVENTS: Final = "text/event-stream"


_LONGEST_KEPT: Final = 256  # characters; clients send few different headers, and short ones


def choose(accept: str | None, offers: tuple[str, ...], otherwise: str) -> str | None:
    """The offer of the highest quality; among equals the one named most exactly, then the first offered.

    No header, or one that takes anything, gets `otherwise`. None: nothing that we write is acceptable.
    """
    if accept is not None and len(accept) > _LONGEST_KEPT:
        return _chosen(accept, offers, otherwise)
    return _usually_chosen(accept, offers, otherwise)


def _chosen(accept: str | None, offers: tuple[str, ...], otherwise: str) -> str | None:
    ranges = _ranges(accept or "*/*")
    best: tuple[float, int, int, str] | None = None
    for rank, offer in enumerate(offers):
        quality, exactness = _weigh(offer, ranges)
        if quality <= 0:
            continue
        preferred = exactness < 2 and offer == otherwise
        candidate = (quality, exactness, 1 if preferred else -rank, offer)
        if best is None or candidate[:3] > best[:3]:
            best = candidate
    return best[3] if best else None


_usually_chosen: Final = lru_cache(maxsize=256)(_chosen)


def _ranges(accept: str) -> list[tuple[str, float]]:
    """(media range, quality) of each well-formed entry; an entry that nobody can read is left out."""
    ranges: list[tuple[str, float]] = []
    for entry in accept.split(","):
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        if name.count("/") != 1:
            continue
        quality = 1.0
        charset_known = True
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                quality = _quality(value.strip())
            elif key.strip() == "charset":
                charset_known = value.strip().strip('"') in {"utf-8", "utf8"}
        if charset_known:
            ranges.append((name, quality))
    return ranges


def _quality(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0.0 <= value <= 1.0 else 0.0


def _weigh(offer: str, ranges: Sequence[tuple[str, float]]) -> tuple[float, int]:
    """Quality and exactness (2 type, 1 family, 0 anything) of the most exact range that covers the offer."""
    family = offer.split("/", 1)[0] + "/*"
    for exactness, name in ((2, offer), (1, family), (0, "*/*")):
        matching = [quality for candidate, quality in ranges if candidate == name]
        if matching:
            return max(matching), exactness
    return 0.0, 0
