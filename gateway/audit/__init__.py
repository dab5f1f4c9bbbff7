"""Proof of every access."""
