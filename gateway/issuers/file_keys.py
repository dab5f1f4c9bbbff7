"""Keys in a file: read at the start, and again when the file changed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from joserfc.jwk import ECKey, OKPKey

from gateway.errors import IssuerUnavailable
from gateway.issuers.jwks import NoUsableKey, PublishedKey, usable_keys
from gateway.issuers.jws import Token, read_json
from gateway.issuers.keyring import Clock, Found, KeyShelf
from gateway.issuers.reasons import Reason, refused
from gateway.keys import CURVES, KeyFileError, read_public_keys

log = logging.getLogger("yiti.issuers")

LOOK_SECONDS: Final = 5.0
"""How often a file is looked at, at most; and once a second where a token names a key that it lacks."""
SURVIVE_SECONDS: Final = 3_600.0
"""How long the last good keys stand in for a file that cannot be used."""
_LOOK_AGAIN: Final = 1.0

Read = Callable[[Path], Sequence[PublishedKey]]
Stamp = tuple[int, int, int]


def read_strict(path: Path) -> Sequence[PublishedKey]:
    """The keys of a file that only Ed25519 and P-256 keys may stand in: gateways' own; KeyFileError."""
    return [
        PublishedKey(key, str(key.kid), CURVES[key.curve_name])
        for key in read_public_keys(path).keys
        if isinstance(key, OKPKey | ECKey)
    ]


def read_usable(path: Path, algorithms: frozenset[str]) -> Sequence[PublishedKey]:
    """The keys of a provider's JWKS file that may check these algorithms; KeyFileError."""
    try:
        return usable_keys(read_json(path.read_bytes()), algorithms)
    except OSError as err:
        raise KeyFileError(f"{path}: cannot be read ({err.strerror}). Let this process read it.") from None
    except NoUsableKey as err:
        raise KeyFileError(f"{path}: {err}. Put a JWKS with the issuer's public keys there.") from None
    except (ValueError, RecursionError):
        raise KeyFileError(f"{path}: is no JSON that names each member once. Put a JWKS there.") from None


class FileKeys:
    """A Keyring over a file. A file that went bad keeps its last good keys for an hour, and the log says so."""

    def __init__(self, path: Path, read: Read, clock: Clock) -> None:
        """Raises KeyFileError where the file cannot be used at the start."""
        self._path = path
        self._read = read
        self._clock = clock
        self._shelf = KeyShelf()
        self._stamp = _stamp(path)
        self._shelf.replace(read(path))
        self._looked_at = clock()
        self._bad_since: float | None = None

    def find(self, token: Token) -> Found:
        """The key that the token names; raises Unauthenticated or IssuerUnavailable."""
        now = self._clock()
        found = None
        if now - self._looked_at < LOOK_SECONDS:
            found = self._shelf.get(token)
        if found is None and now - self._looked_at >= _LOOK_AGAIN:
            self._look(now)
            found = self._shelf.get(token)
        if not self._shelf:
            raise IssuerUnavailable(
                "The issuer's keys cannot be read, so its tokens cannot be checked. An operator must mend its file."
            )
        if found is None:
            raise refused(Reason.KEY_UNKNOWN)
        return Found(found, now + LOOK_SECONDS)

    def _look(self, now: float) -> None:
        self._looked_at = now
        stamp = _stamp(self._path)
        if stamp is None or stamp != self._stamp:
            self._stamp = stamp
            self._take(now)
        if self._bad_since is not None and now - self._bad_since >= SURVIVE_SECONDS:
            self._shelf.replace(())

    def _take(self, now: float) -> None:
        try:
            published = self._read(self._path)
        except KeyFileError as err:
            if self._bad_since is None:
                self._bad_since = now
                log.warning("issuer keys: %s The last good keys stand in for an hour.", err)
            return
        self._bad_since = None
        self._shelf.replace(published)
        log.info("issuer keys: %s was read again: %d keys", self._path, len(published))

    async def refresh(self) -> None:
        """Nothing to wait for."""

    async def aclose(self) -> None:
        """Nothing to give back."""


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
