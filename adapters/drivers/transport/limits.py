"""How much of everything the transport takes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one transport; those of connections hold per origin."""

    connections: int = 16
    idle_seconds: float = 15.0  # below what servers usually allow, so that ours is the side that closes
    age_seconds: float = 300.0  # so that a changed address is noticed
    head_bytes: int = 65_536
    headers: int = 128
    interim: int = 8  # 1xx heads before the answer
    buffered_bytes: int = 262_144  # of a body nobody has taken yet; beyond it reading is paused
