"""The bench: this gateway beside others, on the same upstream, with the same answers. `make bench` runs it."""
