"""The closed words of the log, as people say them: purposes, roles, labels, effects, outcomes, kinds of entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from gateway.console.conditions import NAMES
from gateway.console.language import Language
from gateway.console.language import mark as _
from schema.enums import BreakGlassReason, BreakGlassState, BreakGlassVerdict, Purpose, Role

# The graph's own lists are written in Chinese; these are their English.
_ENGLISH: Final[Mapping[type[Enum], Mapping[str, str]]] = {
    Purpose: {
        "TREATMENT": "Treatment",
        "ASSESSMENT": "Diagnostic assessment",
        "HANDOFF": "Handoff",
        "AFTERCARE": "Aftercare",
        "SUPPORT": "Support and relief",
        "STATUTORY_QUERY": "Statutory query",
        "STATISTICS": "Statistics",
        "AUDIT": "Audit",
        "OWN_ACCESS": "Own access",
    },
    Role: {
        "FACILITY_ASSESSOR": "Facility assessor",
        "FACILITY_RELEASE_OFFICER": "Facility release officer",
        "CENTRE_OFFICER": "Rehabilitation centre officer",
        "POLICE_CASE_OFFICER": "Police case officer",
        "DYNAMIC_CONTROL_OFFICER": "Dynamic control officer",
        "TOWNSHIP_WORKER": "Township worker",
        "SOCIAL_WORKER": "Social worker",
        "AFTERCARE_OFFICER": "Aftercare officer",
        "HOSPITAL_DOCTOR": "Hospital doctor",
        "CIVIL_AFFAIRS_CLERK": "Civil affairs clerk",
        "EMPLOYMENT_CLERK": "Employment clerk",
        "MEDICAL_AID_CLERK": "Medical aid clerk",
        "TAX_CLERK": "Tax clerk",
        "LEGAL_AID_OFFICER": "Legal aid officer",
        "STATISTICIAN": "Statistician",
        "AUDITOR": "Auditor",
        "SUPERVISOR": "Supervisor",
        "SUBJECT": "The person themselves",
        "RELATIVE": "Relative",
    },
    BreakGlassReason: {
        "LIFE_IN_DANGER": "A life in danger",
        "SELF_HARM": "Danger of self-harm",
        "HARM_TO_OTHERS": "Danger to others",
        "MISSING_PERSON": "Somebody missing",
        "PUBLIC_HEALTH": "Public health emergency",
    },
    BreakGlassState: {
        "IN_FORCE": "In force",
        "UNREVIEWED": "Not reviewed yet",
        "OVERDUE": "Review overdue",
        "REVIEWED": "Reviewed",
    },
    BreakGlassVerdict: {"JUSTIFIED": "Justified", "UNJUSTIFIED": "Not justified"},
}
_BETWEEN_GATEWAYS: Final = {"LOCATE": _("Locate, between gateways")}  # a purpose of no viewer

_LABELS: Final[Mapping[str, str]] = {
    "PUBLIC": _("Public"),
    "EXISTENCE": _("Known at all"),
    "IDENTITY": _("Identity"),
    "ID_NUMBER": _("Document numbers"),
    "CONTACT": _("Contact"),
    "FAMILY": _("Family"),
    "CUSTODY": _("Measures"),
    "ASSESSMENT": _("Assessment"),
    "DRUG_USE": _("Drug use"),
    "HEALTH": _("Health"),
    "HEALTH_HIV": _("HIV"),
    "POLICE": _("Police"),
    "AFTERCARE": _("Aftercare"),
    "SUPPORT": _("Support"),
    "ELIGIBILITY": _("Eligibility"),
    "HANDOFF": _("Handoff"),
    "AUDIT": _("Access records"),
}
_EFFECTS: Final[Mapping[str, str]] = {"ALLOW": _("Shown"), "MASK": _("Masked"), "DENY": _("Withheld")}
_OUTCOMES: Final[Mapping[str, str]] = {
    "OK": _("Answered"),
    "PARTIAL": _("Answered in part"),
    "DENIED": _("Nobody shown"),
    "REFUSED": _("Refused"),
    "FAILED": _("Failed"),
}
_DONE: Final = _("Done")  # of an event nobody is answered
_SOURCE_OUTCOMES: Final[Mapping[str, str]] = {
    "ok": _("Answered"),
    "OK": _("Answered"),
    "UNAVAILABLE": _("Unavailable"),
    "MALFORMED": _("Broke its own format"),
    "REFUSED": _("Refused"),
    "THROTTLED": _("Asked too often"),
    "INVALID": _("Called it invalid"),
    "CONFLICT": _("In conflict"),
    "UNSUPPORTED": _("Cannot do it"),
}
_KINDS: Final[Mapping[str, str]] = {
    "access": _("Access"),
    "mutation": _("Change"),
    "break-glass": _("Break-glass"),
    "consent": _("Consent"),
    "login": _("Sign-in"),
    "policy": _("Policy"),
    "console": _("Console"),
    "export": _("Export"),
    "verification": _("Verification"),
    "erasure": _("Erasure"),
    "gateway": _("Gateway"),
}
_ACTIONS: Final[Mapping[str, str]] = {
    "granted": _("granted"),
    "refused": _("refused"),
    "used": _("used"),
    "reviewed": _("reviewed"),
    "expired": _("expired"),
    "recorded": _("recorded"),
    "revoked": _("revoked"),
    "signed-in": _("signed in"),
    "signed-out": _("signed out"),
    "accepted": _("accepted"),
    "search": _("search"),
    "view": _("view"),
    "report": _("report"),
    "written": _("written"),
    "verified": _("verified"),
    "witnessed": _("witnessed"),
    "reconciled": _("reconciled"),
    "rekeyed": _("rekeyed"),
    "proved": _("proved"),
    "key-erased": _("key erased"),
    "started": _("started"),
    "stopped": _("stopped"),
}
_STEPS: Final[Mapping[str, str]] = {
    "hour": _("per hour"),
    "day": _("per day"),
    "week": _("per week"),
    "month": _("per month"),
}
_ABOUT: Final[Mapping[str, str]] = {
    "subject": _("Official"),
    "agency": _("Agency"),
    "person": _("Person"),
    "day": _("Day"),
    "agencies": _("Agencies"),
    "grant": _("Emergency access"),
    "reviewed": _("Review"),
}
_FACETS: Final[Mapping[str, str]] = {
    "kind": _("Kinds of entries"),
    "subject": _("Officials"),
    "agency": _("Agencies"),
    "role": _("Roles"),
    "purpose": _("Purposes"),
    "outcome": _("Outcomes"),
    "field": _("Fields"),
    "label": _("Kinds of information"),
    "effect": _("Effects"),
    "policy": _("Rules"),
    "source": _("Sources"),
    "via": _("Through"),
    "action": _("Actions"),
}
_DETAILS: Final[Mapping[str, str]] = {
    "code": _("Refused because"),
    "page": _("Page"),
    "state": _("State"),
    "results": _("Found"),
    "shown": _("Shown on the page"),
    "entries": _("Entries"),
    "findings": _("Findings"),
    "rules": _("Rules"),
    "rule": _("Rule"),
    "people": _("People"),
    "step": _("Columns"),
    "size": _("Size of the log"),
    "log": _("Log"),
    "found": _("Finding"),
    "witness": _("Witness"),
    "gateway": _("Gateway"),
    "policy_version": _("Version of the policy"),
    "format": _("Format"),
    "reason": _("Why"),
    "verdict": _("Verdict"),
    "minutes": _("Minutes"),
}
_ERRORS: Final[Mapping[str, tuple[str, str]]] = {
    "AUDITORS_ONLY": (
        _("Open to auditors alone"),
        _("You are known, but not as an auditor with the purpose of audit. Your attempt is on record."),
    ),
    "FORM_EXPIRED": (
        _("The form is no longer valid"),
        _("It was sent too late, or from another page. Open its page again and send it anew."),
    ),
    "SIGN_IN_FAILED": (
        _("Signing in did not work"),
        _("The identity provider's answer does not hold, or came too late. Sign in again, or tell the operator."),
    ),
    "SESSIONS_UNAVAILABLE": (
        _("Who is signed in cannot be told"),
        _("Nothing is shown until it can. Try again, or tell the gateway's operator."),
    ),
    "BAD_CONDITION": (
        _("A condition cannot be searched for"),
        _("Correct it and search again. A document number belongs into the search form and never into an address."),
    ),
    "NOT_PERMITTED": (
        _("Not yours to review"),
        _("Emergency accesses are reviewed by those who answer for the region, and by nobody for themselves."),
    ),
    "REGISTERS_UNAVAILABLE": (
        _("The review could not be kept"),
        _("It does not count. Try again, or tell the operator."),
    ),
    "BAD_CURSOR": (_("This page of the list is gone"), _("The conditions have changed. Begin the list again.")),
    "BAD_REQUEST": (_("The request cannot be read"), _("Go back and send the form as it is.")),
    "LIMIT_EXCEEDED": (_("Too much at once"), _("Shorten what you wrote, or ask for less.")),
    "NOT_FOUND": (_("There is nothing here"), _("The address leads to no page or entry of this console.")),
    "METHOD_NOT_ALLOWED": (_("Not in this way"), _("The page is there, but is not asked for like this.")),
    "THROTTLED": (_("Too often"), _("Wait a moment, then try again.")),
    "AUDIT_UNAVAILABLE": (
        _("The log cannot be read or written"),
        _("Nothing is shown that cannot be put on record. Try again, or tell the gateway's operator."),
    ),
    "INTERNAL": (
        _("Something went wrong here"),
        _("It is our fault and not yours. Tell the operator the request's number below."),
    ),
}


@dataclass(frozen=True, slots=True)
class Words:
    """The words in one language; what is unknown is shown as it stands."""

    language: Language

    def purpose(self, name: str) -> str:
        """A purpose of use."""
        return self._in(_BETWEEN_GATEWAYS, name) if name in _BETWEEN_GATEWAYS else self._of(Purpose, name)

    def role(self, name: str) -> str:
        """A viewer's role."""
        return self._of(Role, name)

    def reason(self, name: str) -> str:
        """Why an emergency could not wait."""
        return self._of(BreakGlassReason, name)

    def state(self, name: str) -> str:
        """Where an emergency access stands."""
        return self._of(BreakGlassState, name)

    def verdict(self, name: str) -> str:
        """What a reviewer found."""
        return self._of(BreakGlassVerdict, name)

    def verdicts(self) -> list[tuple[str, str]]:
        """All, for a form."""
        return [(one.name, self.verdict(one.name)) for one in BreakGlassVerdict]

    def label(self, name: str) -> str:
        """A kind of information."""
        return self._in(_LABELS, name)

    def effect(self, name: str) -> str:
        """What became of a field."""
        return self._in(_EFFECTS, name)

    def outcome(self, name: str) -> str:
        """How a request ended."""
        return self._in(_OUTCOMES, name)

    def done(self, name: str) -> str:
        """How an event went."""
        return self.language.text(_DONE) if name == "OK" else self.outcome(name)

    def source_outcome(self, name: str) -> str:
        """How a source did."""
        return self._in(_SOURCE_OUTCOMES, name)

    def kind(self, name: str) -> str:
        """What an entry tells of."""
        return self._in(_KINDS, name)

    def action(self, name: str) -> str:
        """What was done; the name of a mutation's field stays as it is."""
        return self._in(_ACTIONS, name)

    def detail(self, name: str) -> str:
        """What a detail of an event says."""
        return self._in(_DETAILS, name)

    def error(self, code: str) -> tuple[str, str]:
        """What happened, and the fix."""
        title, fix = _ERRORS.get(code, _ERRORS["INTERNAL"])
        return self.language.text(title), self.language.text(fix)

    def condition(self, name: str) -> str:
        """A search condition."""
        return self._in(NAMES, name)

    def about(self, name: str) -> str:
        """What a finding of the report is about."""
        return self._in(_ABOUT, name)

    def step(self, name: str) -> str:
        """How wide a column of a chart is."""
        return self._in(_STEPS, name)

    def facet(self, name: str) -> str:
        """What is counted."""
        return self._in(_FACETS, name)

    def counted(self, facet: str, word: str) -> str:
        """A word that was counted, as the facet's words are said."""
        said = {
            "kind": self.kind,
            "role": self.role,
            "purpose": self.purpose,
            "outcome": self.outcome,
            "label": self.label,
            "effect": self.effect,
            "action": self.action,
        }.get(facet)
        return said(word) if said is not None else word

    def value(self, name: str, word: str) -> str:
        """A condition's word."""
        said = {
            "role": self.role,
            "purpose": self.purpose,
            "label": self.label,
            "effect": self.effect,
            "outcome": self.outcome,
            "kind": self.kind,
            "action": self.action,
        }.get(name)
        return said(word) if said is not None else word

    def purposes(self) -> list[tuple[str, str]]:
        """All, for a form: name and word."""
        return [(one.name, self.purpose(one.name)) for one in Purpose]

    def labels(self) -> list[tuple[str, str]]:
        """All, for a form."""
        return [(name, self.label(name)) for name in _LABELS]

    def outcomes(self) -> list[tuple[str, str]]:
        """All, for a form."""
        return [(name, self.outcome(name)) for name in _OUTCOMES]

    def kinds(self) -> list[tuple[str, str]]:
        """All, for a form."""
        return [(name, self.kind(name)) for name in _KINDS]

    def roles(self) -> list[tuple[str, str]]:
        """All, for a form."""
        return [(one.name, self.role(one.name)) for one in Role]

    def effects(self) -> list[tuple[str, str]]:
        """All, for a form."""
        return [(name, self.effect(name)) for name in _EFFECTS]

    def steps(self) -> list[tuple[str, str]]:
        """All, for a form."""
        return [(name, self.step(name)) for name in _STEPS]

    def _of(self, words: type[Enum], name: str) -> str:
        if name not in words.__members__:
            return name
        return str(words[name].value) if self.language.code == "zh" else _ENGLISH[words].get(name, name)

    def _in(self, words: Mapping[str, str], name: str) -> str:
        return self.language.text(words[name]) if name in words else name
