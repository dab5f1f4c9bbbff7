"""The labels: what kind of information a field holds. Policy speaks in labels and in nothing finer."""

from __future__ import annotations

from enum import StrEnum


class Label(StrEnum):
    """Every sourced field bears exactly one. Ordered from open to guarded."""

    PUBLIC = "PUBLIC"  # code tables, agencies, jurisdictions
    EXISTENCE = "EXISTENCE"  # that the graph knows this person at all
    IDENTITY = "IDENTITY"  # name, sex, birth date, ethnicity, aliases
    ID_NUMBER = "ID_NUMBER"  # national id and other document numbers
    CONTACT = "CONTACT"  # phones, addresses
    FAMILY = "FAMILY"  # relatives and their contacts
    CUSTODY = "CUSTODY"  # measures: isolation, community, centre; places and dates
    ASSESSMENT = "ASSESSMENT"  # the four-dimension diagnostic assessment
    DRUG_USE = "DRUG_USE"  # substances, first use, registrations, test results
    HEALTH = "HEALTH"  # diagnoses, treatment
    HEALTH_HIV = "HEALTH_HIV"  # only with the person's consent
    POLICE = "POLICE"  # decisions, dynamic control, orders
    AFTERCARE = "AFTERCARE"  # agreements, visits, follow-up
    SUPPORT = "SUPPORT"  # relief, medical aid, jobs, training, legal aid
    ELIGIBILITY = "ELIGIBILITY"  # yes/no answers without the reason
    HANDOFF = "HANDOFF"  # who owes whom what, by when
    AUDIT = "AUDIT"  # access records
