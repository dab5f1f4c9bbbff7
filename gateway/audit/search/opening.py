"""The index of a gateway's own log, opened alike by the gateway and by the commands."""

from __future__ import annotations

from gateway.audit.search.following import Feed
from gateway.audit.search.index import SearchIndex
from gateway.execution.cursor import Cursors
from gateway.secret import derive
from gateway.settings import Settings


def open_search(settings: Settings, log: Feed, index_key: bytes) -> SearchIndex:
    """Under keys that serve the audit alone; AuditUnavailable when the file cannot be opened."""
    return SearchIndex(
        settings.search_file,
        log,
        key=derive(index_key, "audit persons"),
        cursors=Cursors(derive(index_key, "audit cursors")),
        seconds=settings.audit_index_seconds,
    )
