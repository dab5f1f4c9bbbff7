"""A compact JWS taken apart strictly, and its signature checked: by the key and the algorithm that we chose.

The one seam to joserfc's signatures. Nothing in a header ever chooses a key but its `kid`, among those that its
issuer published: `jwk`, `jku`, `x5c` and `x5u` are never looked at. `crit` and `b64` (RFC 7797) are refused.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.issuers.reasons import Reason, refused

PublicKey = OKPKey | ECKey | RSAKey

ALGORITHMS: Final[Mapping[str, str]] = {  # `alg` -> the only form of key that may check it
    "Ed25519": "Ed25519",
    "EdDSA": "Ed25519",  # RFC 9864 replaces it by `Ed25519`; providers still send the old name
    "ES256": "P-256",
    "ES384": "P-384",
    "ES512": "P-521",
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
}
LONGEST_TOKEN: Final = 8_192  # characters

_LONGEST_HEADER: Final = 4_096  # bytes: providers may add a certificate chain
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_UNREADABLE: Final = (ValueError, RecursionError)


class _Registry(jws.JWSRegistry):
    max_header_length = _LONGEST_HEADER

    def __init__(self) -> None:
        # Members of the header that nobody here knows are ignored, as RFC 7515 (4) has it; `crit` was refused before.
        super().__init__(algorithms=sorted(ALGORITHMS), strict_check_header=False)
        self.algorithms = {**self.algorithms, "EdDSA": self.algorithms["Ed25519"]}


REGISTRY: Final = _Registry()


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it stands. Before `prove` nothing of it is believed."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    algorithm: str
    key_id: str
    kind: str  # `typ`, in lower case and without `application/`; `jwt` where the header has none

    def prove(self, key: PublicKey) -> None:
        """Raise Unauthenticated unless this key made the signature; the algorithm must be one that fits the key."""
        if ALGORITHMS.get(self.algorithm) != form_of(key):
            raise refused(Reason.ALGORITHM_REFUSED)
        try:
            jws.deserialize_compact(self.text, key, registry=REGISTRY)
        except (JoseError, ValueError, TypeError) as error:
            raise refused(Reason.SIGNATURE_INVALID) from error


def take_apart(text: str) -> Token:
    """A token's parts, or Unauthenticated."""
    parts = text.split(".") if len(text) <= LONGEST_TOKEN else []
    if len(parts) != 3 or not all(_BASE64URL.fullmatch(part) for part in parts):
        raise refused(Reason.MALFORMED)
    header, claims = (_object(part) for part in parts[:2])
    if "crit" in header or "b64" in header:
        raise refused(Reason.HEADER_CRITICAL)
    algorithm, key_id, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if algorithm not in ALGORITHMS if isinstance(algorithm, str) else True:
        raise refused(Reason.ALGORITHM_REFUSED)
    if not isinstance(key_id, str) or not 0 < len(key_id) <= 256:
        raise refused(Reason.KEY_UNKNOWN)
    if not isinstance(kind, str):
        raise refused(Reason.TYPE_REFUSED)
    return Token(text, header, claims, str(algorithm), key_id, kind_of(kind))


def kind_of(typ: str) -> str:
    """A `typ` as it is compared: media types ignore case and may leave `application/` out (RFC 7515, 4.1.9)."""
    return typ.lower().removeprefix("application/")


def form_of(key: PublicKey) -> str:
    """Which form of key it is, in the words of ALGORITHMS."""
    return "RSA" if isinstance(key, RSAKey) else key.curve_name


def read_json(content: bytes | str) -> object:
    """Strict JSON; raises ValueError or RecursionError, for a name that stands twice Twice."""
    return json.loads(content, object_pairs_hook=_once, parse_constant=_no_number)


class Twice(ValueError):
    """A JSON object names a member twice, so two readers may read two things."""


def _object(part: str) -> dict[str, Any]:
    try:
        found = read_json(base64.b64decode(part + "=" * (-len(part) % 4), b"-_", validate=True).decode("utf-8"))
    except Twice as error:
        raise refused(Reason.AMBIGUOUS) from error
    except _UNREADABLE as error:
        raise refused(Reason.MALFORMED) from error
    if not isinstance(found, dict):
        raise refused(Reason.MALFORMED)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Twice("a member is named twice")
    return found


def _no_number(word: str) -> object:
    raise ValueError(f"{word} is no JSON")
