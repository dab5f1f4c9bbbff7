"""A published key set (JWKS) read with care: what cannot check a signature here is left out, never trusted.

Providers publish keys for other uses and of kinds that nobody here knows, so one such key does not spoil the set.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.issuers.jws import ALGORITHMS, PublicKey, form_of

MOST_KEYS: Final = 100
_LEAST_MODULUS: Final = 256  # bytes: 2048 bits
_MOST_MODULUS: Final = 1_024  # bytes: larger ones cost more to check than any token is worth
_EXPONENTS: Final = range(3, 2**33)
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_KINDS: Final[Mapping[str, type[OKPKey | ECKey | RSAKey]]] = {"OKP": OKPKey, "EC": ECKey, "RSA": RSAKey}


class NoUsableKey(ValueError):
    """A document that holds no key for the algorithms that are accepted; says why each was left out."""


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """One key and the algorithms that it may be used with."""

    key: PublicKey
    key_id: str
    algorithms: frozenset[str]

    @property
    def fingerprint(self) -> str:
        """The key itself, whatever it is called (RFC 7638)."""
        return f"{self.key_id} {self.key.thumbprint()} {' '.join(sorted(self.algorithms))}"


def usable_keys(document: object, algorithms: Collection[str]) -> tuple[PublishedKey, ...]:
    """The keys of a JWKS that may check these algorithms; raises NoUsableKey."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise NoUsableKey('it is no object {"keys": [...]}')
    if len(listed) > MOST_KEYS:
        raise NoUsableKey(f"it lists more than {MOST_KEYS} keys")
    found: list[PublishedKey] = []
    left: Counter[str] = Counter()
    for entry in listed:
        one = _usable(entry, frozenset(algorithms))
        if isinstance(one, str):
            left[one] += 1
        else:
            found.append(one)
    if not found:
        why = ", ".join(f"{count} {reason}" for reason, count in sorted(left.items())) or "it is empty"
        raise NoUsableKey(f"none of its keys can be used: {why}")
    return tuple(found)


def _usable(entry: object, algorithms: frozenset[str]) -> PublishedKey | str:
    """The key, or why it is left out."""
    if not isinstance(entry, dict):
        return "no object"
    kind = _KINDS.get(entry["kty"]) if isinstance(entry.get("kty"), str) else None
    if kind is None:
        return "of another kind than RSA, EC or OKP"
    if not _PRIVATE.isdisjoint(entry):
        return "published with its private half"
    key_id, operations = entry.get("kid"), entry.get("key_ops", ["verify"])
    if not isinstance(key_id, str) or not key_id:
        return "without a kid"
    if entry.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return "not for signatures"
    if kind is RSAKey and not _is_strong(entry):
        return "an RSA key outside 2048 to 8192 bits"
    try:
        # Nothing but the key itself is handed on: what stands beside it is not looked at.
        material = {name: entry[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in entry}
        key = kind.import_key(material)
    except (JoseError, ValueError, TypeError, KeyError):
        return "not in JWK form"
    fitting = {name for name in algorithms if ALGORITHMS[name] == form_of(key)}
    if "alg" in entry:
        fitting &= _same(entry["alg"])
    return PublishedKey(key, key_id, frozenset(fitting)) if fitting else "for other algorithms"


def _is_strong(entry: Mapping[str, Any]) -> bool:
    try:
        modulus, exponent = (_number(entry[name]) for name in ("n", "e"))
    except (KeyError, ValueError, TypeError, AttributeError):
        return False
    length = (modulus.bit_length() + 7) // 8
    return (
        _LEAST_MODULUS <= length <= _MOST_MODULUS
        and modulus % 2 == 1
        and exponent % 2 == 1
        and exponent in _EXPONENTS
    )


def _number(text: str) -> int:
    return int.from_bytes(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))


def _same(algorithm: object) -> set[str]:
    """Names of an algorithm; Ed25519 has two."""
    return {"Ed25519", "EdDSA"} if algorithm in ("Ed25519", "EdDSA") else {str(algorithm)}
