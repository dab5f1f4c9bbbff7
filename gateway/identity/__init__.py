"""Document numbers, pseudonyms, and each source's own keys."""
