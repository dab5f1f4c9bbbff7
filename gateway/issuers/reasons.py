"""Why a token is not believed: a stable word for programs and operators, and the fix, without a word of the token."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from gateway.errors import Unauthenticated


class Reason(StrEnum):
    """The closed set behind UNAUTHENTICATED, in `extensions.reason`; docs/errors.md explains each."""

    MALFORMED = "MALFORMED"
    AMBIGUOUS = "AMBIGUOUS"
    HEADER_CRITICAL = "HEADER_CRITICAL"
    ISSUER_UNKNOWN = "ISSUER_UNKNOWN"
    ALGORITHM_REFUSED = "ALGORITHM_REFUSED"
    TYPE_REFUSED = "TYPE_REFUSED"
    KEY_UNKNOWN = "KEY_UNKNOWN"
    SIGNATURE_INVALID = "SIGNATURE_INVALID"
    AUDIENCE_REFUSED = "AUDIENCE_REFUSED"
    TIMES_MISSING = "TIMES_MISSING"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    LIFETIME_TOO_LONG = "LIFETIME_TOO_LONG"
    CLAIMS_UNUSABLE = "CLAIMS_UNUSABLE"
    CLAIM_REQUIRED = "CLAIM_REQUIRED"
    AGENCY_REFUSED = "AGENCY_REFUSED"
    ROLE_REFUSED = "ROLE_REFUSED"
    CLEARANCE_REFUSED = "CLEARANCE_REFUSED"
    CHAIN_REFUSED = "CHAIN_REFUSED"
    PROVINCE_REFUSED = "PROVINCE_REFUSED"
    ASSERTION_UNBOUND = "ASSERTION_UNBOUND"
    ASSERTION_MISPLACED = "ASSERTION_MISPLACED"
    ASSERTION_REPLAYED = "ASSERTION_REPLAYED"
    SERVICE_REFUSED = "SERVICE_REFUSED"


_SAYING: Final[Mapping[Reason, str]] = {
    Reason.MALFORMED: "The bearer token is not a signed JWT. Send the access token exactly as its issuer gave it.",
    Reason.AMBIGUOUS: "The token names a member twice. Its issuer must write each name once.",
    Reason.HEADER_CRITICAL: (
        "The token's header wants an extension that is not read here. Its issuer must leave out crit and b64."
    ),
    Reason.ISSUER_UNKNOWN: (
        "The token comes from none of this gateway's issuers. Get one from your agency's identity provider, or "
        "have the operator add it."
    ),
    Reason.ALGORITHM_REFUSED: (
        "The token is signed by another algorithm than its issuer is known by. The operator names the issuer's "
        "algorithms in its file."
    ),
    Reason.TYPE_REFUSED: "The token is of another kind than its issuer may send here. Send an access token.",
    Reason.KEY_UNKNOWN: (
        "The token's kid names none of its issuer's present keys. Get a fresh token; if it goes on, the issuer's "
        "published keys lack it."
    ),
    Reason.SIGNATURE_INVALID: "The token's signature does not hold. Send the token exactly as its issuer gave it.",
    Reason.AUDIENCE_REFUSED: (
        "The token is made out to somebody else. Ask its issuer for one whose aud is this gateway."
    ),
    Reason.TIMES_MISSING: "The token lacks exp or iat as numbers. Its issuer must state both.",
    Reason.EXPIRED: "The token has expired. Ask its issuer for a new one.",
    Reason.NOT_YET_VALID: "The token is not valid yet. Wait, or set the issuer's and the gateway's clocks.",
    Reason.LIFETIME_TOO_LONG: "The token lives longer than its issuer is allowed. Its issuer must give shorter ones.",
    Reason.CLAIMS_UNUSABLE: (
        "The token's claims are missing or unknown to this graph. Its issuer must state them, or the operator "
        "correct their mapping."
    ),
    Reason.CLAIM_REQUIRED: (
        "The token lacks a claim's required value. Ask its issuer for a token that is meant for here."
    ),
    Reason.AGENCY_REFUSED: (
        "The issuer may not speak for this agency or jurisdiction. The operator lists those that it may speak for"
        " in its file."
    ),
    Reason.ROLE_REFUSED: "The issuer may not give this role. The operator lists those that it may give in its file.",
    Reason.CLEARANCE_REFUSED: (
        "The issuer may not give so high a clearance. The operator sets the highest in its file."
    ),
    Reason.CHAIN_REFUSED: (
        "Who forwards a request, and only another gateway does, names itself last in a chain of one. Send the "
        "request yourself, or from the gateway that signed."
    ),
    Reason.PROVINCE_REFUSED: "The gateway speaks for staff of another province than its own. Ask from that province.",
    Reason.ASSERTION_UNBOUND: (
        "The assertion lacks its jti, its origin or the request that it is bound to. The asking gateway must "
        "state all of them."
    ),
    Reason.ASSERTION_MISPLACED: (
        "The assertion was made for another request: method, target and body must be those that were signed. The "
        "asking gateway must sign each request anew; no proxy may rewrite its path."
    ),
    Reason.ASSERTION_REPLAYED: "The assertion was used before. The asking gateway must sign each request anew.",
    Reason.SERVICE_REFUSED: (
        "Only another gateway's service token, made out to itself for the purpose LOCATE, opens this door."
    ),
}


def refused(reason: Reason, detail: str = "") -> Unauthenticated:
    """The error for a reason; `detail` names claims or settings, never a value."""
    saying = _SAYING[reason]
    return Unauthenticated(f"{saying} ({detail})" if detail else saying, reason=reason.value)
