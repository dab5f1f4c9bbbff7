"""Why a register is not changed. Who may not, and what does not exist, are the same answer.

GatewayError
├── NotPermitted          NOT_PERMITTED: not this viewer's to change, or nothing of that id
├── ConsentNeedsGuardian  CONSENT_NEEDS_GUARDIAN: a consent of somebody under eighteen
├── AlreadyReviewed       ALREADY_REVIEWED: an emergency access is reviewed once
└── RegistersUnavailable  REGISTERS_UNAVAILABLE: the change could not be kept, or what it depends on not be read
"""

from __future__ import annotations

from gateway.errors import GatewayError


class NotPermitted(GatewayError):
    """Not this viewer's to change, or nothing of that id."""

    code = "NOT_PERMITTED"


class ConsentNeedsGuardian(GatewayError):
    """A consent of somebody under eighteen."""

    code = "CONSENT_NEEDS_GUARDIAN"


class AlreadyReviewed(GatewayError):
    """An emergency access is reviewed once."""

    code = "ALREADY_REVIEWED"


class RegistersUnavailable(GatewayError):
    """The change could not be kept, or what it depends on could not be read; nothing was changed."""

    code = "REGISTERS_UNAVAILABLE"
    status = 503
