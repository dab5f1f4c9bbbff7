"""The threats by number and name, and the tests outside this room that attack them as well."""

from __future__ import annotations

from typing import Final

import pytest

THREATS: Final = {
    1: "unlabelled, unknown or non-null labelled field starts",
    2: "alias, fragment or interface goes round a label",
    3: "another path to the same entity shows more",
    4: "a derived field is weaker than its inputs",
    5: "a filter is an oracle, also on a masked field",
    6: "a sort is an oracle",
    7: "a cursor carries or shares a value",
    8: "counts, aggregates, small cells",
    9: "existence: unknown differs from not yours",
    10: "error text and suggestions",
    11: "a null bubbles up to what may be seen",
    12: "introspection shows what a viewer may not know",
    13: "a cache is shared across viewers",
    14: "a batch or memo is shared across viewers",
    15: "a denied value reaches memory it need not reach",
    16: "a mutation's payload shows more than a query",
    17: "a revoked consent still opens",
    18: "an expired handoff or an old policy still opens",
    19: "purpose spoofing",
    20: "break-glass overreach",
    21: "brute force by aliases",
    22: "a mask that gives it away",
    23: "an edge reveals a case",
    24: "a missing fact is taken for false",
    25: "engine error, typo, duplicate id",
    26: "values in the decision log",
    27: "reason codes reveal that a record is sealed",
    28: "not monotone in clearance and ties",
    29: "the engine differs from the oracle",
    30: "the decision table changed unseen",
    31: "a subscription outlives its decision",
    32: "differencing of counts",
    33: "values in traces and logs",
}

_ENGINE = "tests/gateway/execution/test_engine.py"
_LISTING = "tests/gateway/execution/test_listing.py"
_COUNTING = "tests/gateway/execution/test_counting.py"
_CONSENTS = "tests/gateway/registers/test_consents.py"
_GLASS = "tests/gateway/registers/test_break_glass.py"
_DECIDE = "tests/gateway/authorization/test_decide.py"
_POLICIES = "tests/gateway/authorization/test_policies.py"

ELSEWHERE: Final[dict[int, tuple[str, ...]]] = {
    1: (
        "tests/schema/test_labelling.py::test_a_doubtful_label_stops_the_start",
        "tests/schema/test_labelling.py::test_a_label_that_is_none_cannot_be_declared",
    ),
    4: (
        "tests/schema/test_labelling.py"
        "::test_a_derived_field_bears_its_derivations_label_and_says_why_where_that_is_weaker",
    ),
    5: (f"{_LISTING}::test_a_filter_on_what_one_may_not_filter_on_matches_nobody",),
    6: (f"{_LISTING}::test_a_sort_key_that_one_may_not_filter_on_tells_no_order",),
    7: (f"{_LISTING}::test_a_cursor_holds_no_value_and_fits_one_list_and_one_viewer",),
    8: (
        f"{_COUNTING}::test_few_and_nobody_are_one_answer",
        f"{_COUNTING}::test_who_counts_never_sees_a_row",
    ),
    9: (
        f"{_ENGINE}::test_unknown_and_not_yours_are_the_same_answer",
        f"{_ENGINE}::test_not_yours_hides_a_failing_source_as_well",
    ),
    10: (
        f"{_ENGINE}::test_a_refusal_repeats_no_value",
        f"{_ENGINE}::test_an_unforeseen_failure_tells_only_the_request_id",
        "tests/gateway/http/test_locked.py::test_nothing_is_suggested",
    ),
    12: ("tests/gateway/http/test_app.py::test_introspection_is_a_setting",),
    15: (f"{_ENGINE}::test_what_can_never_be_seen_is_not_even_fetched",),
    16: (f"{_CONSENTS}::test_a_payload_shows_no_more_than_a_query",),
    17: (
        f"{_CONSENTS}::test_a_revoked_consent_is_gone_with_the_next_request",
        f"{_CONSENTS}::test_a_consent_ends_with_its_last_day_in_china",
    ),
    18: ("tests/gateway/policy/test_running.py::test_the_same_question_is_decided_by_the_new_policies",),
    19: (f"{_POLICIES}::test_a_purpose_opens_something_exactly_to_the_roles_that_serve_it",),
    20: (
        f"{_GLASS}::test_it_opens_the_named_labels_of_one_person_to_one_viewer",
        f"{_GLASS}::test_it_ends_after_thirty_minutes",
        f"{_GLASS}::test_nobody_holds_more_than_five_at_once",
    ),
    22: (f"{_POLICIES}::test_the_id_number_shows_only_its_ends_beside_a_birth_date",),
    24: (f"{_DECIDE}::test_a_missing_fact_is_an_error_and_never_a_default",),
    25: (
        f"{_DECIDE}::test_a_guard_that_fails_denies_although_cedar_would_skip_it",
        f"{_DECIDE}::test_an_engine_that_refuses_the_question_denies",
        "tests/gateway/authorization/test_policy_set.py::test_a_bad_policy_stops_the_start_and_is_named_with_its_file",
    ),
    26: (f"{_CONSENTS}::test_every_change_and_every_refusal_is_on_record_without_values",),
    28: (
        f"{_DECIDE}::test_a_protected_person_is_never_shown_more",
        "tests/gateway/policy/test_invariants.py::test_a_higher_clearance_never_takes_away",
        "tests/gateway/policy/test_invariants.py::test_a_rule_by_clearance_is_proven_like_any_other",
    ),
    29: ("tests/gateway/policy/test_agreement.py::test_cedar_and_the_written_program_and_the_diagrams_agree",),
    30: ("tests/gateway/policy/test_tables.py",),
    31: ("tests/gateway/http/test_locked.py::test_a_subscription_gets_a_clear_error",),
    32: (f"{_COUNTING}::test_no_two_counts_differ_by_fewer_than_the_smallest",),
    33: ("tests/gateway/http/test_app.py::test_nothing_personal_is_logged",),
}


def threat(*numbers: int) -> pytest.MarkDecorator:
    """Says which threats a test attacks."""
    unknown = [number for number in numbers if number not in THREATS]
    if unknown:
        raise ValueError(f"no such threat: {unknown}; see THREATS")
    return pytest.mark.threat(*numbers)
