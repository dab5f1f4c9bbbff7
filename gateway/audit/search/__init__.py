"""Finding entries of the access log: a rebuildable index beside it, fed after the fact, never inside its commit."""

from gateway.audit.search.index import SearchIndex
from gateway.audit.search.question import (
    Conditions,
    Counted,
    Coverage,
    Entry,
    Facet,
    FacetCounts,
    Search,
    SearchPage,
    SearchQuery,
    Step,
    Total,
)

__all__ = [
    "Conditions",
    "Counted",
    "Coverage",
    "Entry",
    "Facet",
    "FacetCounts",
    "Search",
    "SearchIndex",
    "SearchPage",
    "SearchQuery",
    "Step",
    "Total",
]
