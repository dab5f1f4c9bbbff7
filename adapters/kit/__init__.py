"""The conformance kit: what every adapter must pass."""
