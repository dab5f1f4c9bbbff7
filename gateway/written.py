"""Answers as JSON bytes: the one encoder of everything that leaves as GraphQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON; serialize it first")


_ENCODER: Final = msgspec.json.Encoder(enc_hook=_plain)


def encode(body: object) -> bytes:
    """JSON bytes; frozen mappings are written as objects, structs by their response keys."""
    return _ENCODER.encode(body)
