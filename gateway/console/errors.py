"""What the console itself refuses, beside the errors of gateway/errors.py and gateway/http/refusals.py.

GatewayError
├── AuditorsOnly      AUDITORS_ONLY: signed in, but no auditor with the purpose AUDIT
├── FormExpired       FORM_EXPIRED: a form without this session's token, or from another page than ours
├── SignInFailed      SIGN_IN_FAILED: the identity provider's answer does not hold
├── SessionsUnavailable SESSIONS_UNAVAILABLE: whether somebody is signed in cannot be told
└── BadCondition      BAD_CONDITION: a search condition that cannot be used; names the condition, never its value
"""

from __future__ import annotations

from gateway.errors import GatewayError


class AuditorsOnly(GatewayError):
    """Signed in, but no auditor with the purpose AUDIT."""

    code = "AUDITORS_ONLY"
    status = 403


class FormExpired(GatewayError):
    """A form without this session's token, or from another page than ours."""

    code = "FORM_EXPIRED"
    status = 403


class SignInFailed(GatewayError):
    """The identity provider's answer does not hold."""

    code = "SIGN_IN_FAILED"
    status = 403


class SessionsUnavailable(GatewayError):
    """The store of sessions does not answer: nobody is known, and nothing is shown."""

    code = "SESSIONS_UNAVAILABLE"
    status = 503


class BadCondition(GatewayError):
    """A search condition that cannot be used; `condition` names it, its value stays out."""

    code = "BAD_CONDITION"
    status = 400

    def __init__(self, condition: str) -> None:
        super().__init__(
            f"{condition}: cannot be searched for. Correct this condition; a document number belongs into the search "
            "form and never into an address.",
            condition=condition,
        )
        self.condition = condition
