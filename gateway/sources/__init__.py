"""All sources behind one call: registry, deadline, single-flight, cache."""
