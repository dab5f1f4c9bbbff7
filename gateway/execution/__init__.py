"""From document to answer: document, plan, fetch, merge, mask, shape."""
