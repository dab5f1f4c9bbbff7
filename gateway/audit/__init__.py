"""Proof of every access: one record for each answered or refused request (docs/adr/0004-audit-before-answer.md)."""
