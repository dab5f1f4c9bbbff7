"""One driver per way in: sql, rest, soap, subgraph."""
