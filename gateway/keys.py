"""Key files: a private signing key on disk (JWK), and the public keys of those whom we trust (JWKS).

Only two kinds of key are read: Ed25519 and P-256. A shared secret or a private key among public ones is refused,
so that no token can ever be checked with a key that its holder did not keep to himself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey

PublicKeys = KeySet
SigningKey = OKPKey

CURVES: Mapping[str, frozenset[str]] = {  # curve -> the `alg` headers under which its signatures come
    "Ed25519": frozenset({"Ed25519", "EdDSA"}),
    "P-256": frozenset({"ES256"}),
}


class KeyFileError(Exception):
    """A key file that cannot be used; the message names the file and the fix, never key material."""


def read_public_keys(path: Path) -> PublicKeys:
    """The keys of a JWKS file, or KeyFileError."""
    document = _json(path)
    listed = document.get("keys")
    if not isinstance(listed, list) or not listed:
        raise KeyFileError(f'{path}: not a JWKS; it must be an object {{"keys": [...]}} with at least one key')
    return KeySet([_public(path, number, entry) for number, entry in enumerate(listed)])


def read_signing_key(path: Path) -> SigningKey:
    """The private Ed25519 key of a JWK file, or KeyFileError."""
    document = _json(path)
    try:
        key = OKPKey.import_key(document)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise KeyFileError(f"{path}: not an Ed25519 key in JWK form") from error
    if key.curve_name != "Ed25519" or not key.is_private:
        raise KeyFileError(f"{path}: must hold a private key of the curve Ed25519")
    key.ensure_kid()
    return key


def make_signing_key(path: Path) -> SigningKey:
    """A new key in a new file that only its owner may read; an existing file is read instead."""
    path.parent.mkdir(parents=True, exist_ok=True)
    key = OKPKey.generate_key("Ed25519", {"use": "sig", "alg": "Ed25519"}, auto_kid=True)
    content = json.dumps(key.as_dict(private=True))
    # Written aside and linked into place: of two processes that start at once both end up with the same whole file.
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(content)
    try:
        path.hardlink_to(aside)
    except FileExistsError:
        return read_signing_key(path)
    finally:
        aside.unlink()
    return key


def public_jwks(*keys: SigningKey) -> dict[str, object]:
    """What may be published of signing keys."""
    return dict(KeySet(list(keys)).as_dict(private=False))


def _json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise KeyFileError(f"{path}: cannot be read as JSON") from error
    if not isinstance(document, dict):
        raise KeyFileError(f"{path}: must be a JSON object")
    return document


def _public(path: Path, number: int, entry: object) -> OKPKey | ECKey:
    where = f"{path}: keys[{number}]"
    if not isinstance(entry, dict) or entry.get("crv") not in CURVES:
        raise KeyFileError(f"{where}: only keys of the curves {' and '.join(CURVES)} are accepted")
    if "d" in entry:
        raise KeyFileError(f"{where}: holds a private key; publish the public half alone and renew the key")
    if not isinstance(entry.get("kid"), str):
        raise KeyFileError(f"{where}: lacks a kid, by which tokens name their key")
    try:
        return OKPKey.import_key(entry) if entry["crv"] == "Ed25519" else ECKey.import_key(entry)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise KeyFileError(f"{where}: not a key in JWK form") from error
