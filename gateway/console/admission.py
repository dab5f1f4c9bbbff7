"""Who may come in: whom the policy grants the access records, for the purpose of audit and no other."""

from __future__ import annotations

from gateway.authorization.decision import Authorizer, Effect
from gateway.authorization.facts import viewer_grants
from gateway.console.errors import AuditorsOnly
from gateway.viewer import Viewer
from schema.enums import Purpose, Role
from schema.label import Label


def admit(viewer: Viewer, authorizer: Authorizer) -> None:
    """Raises AuditorsOnly unless the policy grants this viewer the access records as a whole."""
    # The policy lets people see their own entries; the console shows everybody's, so it is the auditors' alone.
    is_auditor = Role.AUDITOR.name in viewer.roles and viewer.purpose == Purpose.AUDIT.name
    granted = {grant.label for grant in viewer_grants(authorizer, viewer) if grant.effect is Effect.ALLOW}
    if not is_auditor or viewer.forwarded or Label.AUDIT not in granted:
        raise AuditorsOnly(
            "The console is open to auditors with the purpose AUDIT. Sign in as one, or ask your identity provider's "
            "administrator for the role."
        )
