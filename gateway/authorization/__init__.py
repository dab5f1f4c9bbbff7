"""Who may see what: facts in, one grant per label out, decided by Cedar (docs/adr/0003-cedar-decides.md)."""
