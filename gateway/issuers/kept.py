"""The last good keys of an issuer in a file, so that a restart while it is away does not lock its people out.

Public keys only. Who can write into the state folder can do worse than that.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from gateway.issuers.jwks import NoUsableKey, PublishedKey, usable_keys
from gateway.issuers.jws import read_json

log = logging.getLogger("yiti.issuers")


class KeptKeys:
    """One issuer's file. Whatever is wrong with it means that nothing is kept; it never stops anything."""

    def __init__(self, folder: Path, issuer: str, algorithms: Collection[str]) -> None:
        self._path = folder / f"{hashlib.sha256(issuer.encode()).hexdigest()[:24]}.json"
        self._issuer = issuer
        self._algorithms = algorithms

    def load(self) -> tuple[tuple[PublishedKey, ...], float] | None:
        """The keys and when they were had (Unix seconds)."""
        try:
            document: Any = read_json(self._path.read_bytes())
            if document["issuer"] != self._issuer:
                return None
            return usable_keys(document, self._algorithms), float(document["at"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError, NoUsableKey) as err:
            log.warning("issuer %s: its kept keys cannot be read: %s", self._issuer, type(err).__name__)
            return None

    def save(self, keys: Collection[PublishedKey], at: float) -> None:
        """Keep these instead of the former ones."""
        listed = [{**one.key.as_dict(private=False), **_named(one)} for one in keys]
        aside = self._path.with_suffix(f".{os.getpid()}")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            aside.write_text(json.dumps({"issuer": self._issuer, "at": at, "keys": listed}), encoding="utf-8")
            aside.replace(self._path)
        except OSError as err:
            log.warning("issuer %s: its keys cannot be kept: %s", self._issuer, type(err).__name__)


def _named(key: PublishedKey) -> dict[str, str]:
    """A key that was published for one algorithm stays for that one; otherwise its form says for which."""
    alone = {"alg": next(iter(key.algorithms))} if len(key.algorithms) == 1 else {}
    return {"kid": key.key_id, **alone}
