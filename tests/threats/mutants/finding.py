"""Faults in lists, sorts, cursors and counts, and in who reads the log."""

from __future__ import annotations

from typing import Final

from tests.threats.mutants.mutant import one

_SEARCHING = "tests/threats/test_searching.py"
_LISTING = "tests/gateway/execution/test_listing.py"
_COUNTING = "tests/gateway/execution/test_counting.py"
_ACCESSES = "tests/gateway/execution/test_accesses.py"
_CURSOR = f"{_SEARCHING}::test_a_cursor_is_good_for_its_viewer_and_its_list_alone"
_COUNT = f"{_SEARCHING}::test_a_count_is_for_those_who_count_and_tells_no_small_number"
_UNFILTERABLE = f"{_LISTING}::test_a_filter_on_what_one_may_not_filter_on_matches_nobody"

MUTANTS: Final = (
    one(
        "filters ask nobody",
        "execution/listing",
        "allowed = mask.is_listable and all(",
        "allowed = mask.is_listable or all(",
        _UNFILTERABLE,
    ),
    one(
        "one condition's label is enough",
        "execution/listing",
        "all(mask.decision[label].may_filter for label in self._labels)",
        "any(mask.decision[label].may_filter for label in self._labels)",
        f"{_LISTING}::test_a_filter_needs_the_labels_of_all_its_conditions",
    ),
    one(
        "who may be come upon meets every condition",
        "execution/listing",
        "        for test in self._tests:\n            found = list(filter(test, found))\n",
        "",
        f"{_LISTING}::test_whom_a_source_brings_up_for_another_reason_is_not_on_the_roster",
    ),
    one(
        "a sort reads what may not be seen",
        "execution/listing",
        "read(one) if one.decision[label].may_filter else None",
        "read(one)",
        f"{_LISTING}::test_a_sort_key_that_one_may_not_filter_on_tells_no_order",
    ),
    one(
        "cursors fit every viewer",
        "execution/cursor",
        "[position, key]), [of.encode(), viewer.encode()]",
        '[position, key]), [of.encode(), b""]',
        _CURSOR,
    ),
    one(
        "cursors fit every list",
        "execution/listing",
        "return hashlib.sha256(text.encode()).hexdigest()",
        "return kind",
        _CURSOR,
    ),
    one(
        "small counts are told",
        "execution/counting",
        "return count - count % SMALLEST if count >= SMALLEST else None",
        "return count",
        f"{_COUNTING}::test_few_and_nobody_are_one_answer",
    ),
    one(
        "counts are exact",
        "execution/counting",
        "return count - count % SMALLEST if",
        "return count if",
        f"{_COUNTING}::test_a_table_shows_parts_and_status_in_steps_of_five",
        f"{_COUNTING}::test_no_two_counts_differ_by_fewer_than_the_smallest",
    ),
    one(
        "counts for everybody",
        "registers/desk",
        "if not may_count or not regions.is_under(region, self._viewer.jurisdiction):",
        "if False:",
        _COUNT,
    ),
    one(
        "counts of every region",
        "registers/desk",
        "if not may_count or not regions.is_under(region, self._viewer.jurisdiction):",
        "if not may_count:",
        _COUNT,
    ),
    one(
        "people of any region are counted",
        "registers/desk",
        ' if Label.CUSTODY in permits.permitted(one.decision.facts, "aggregate")]',
        "]",
        f"{_COUNTING}::test_only_whom_the_policies_let_one_count_is_counted",
    ),
    one(
        "anybody reads the log",
        "execution/accesses",
        "return self._sees_all or (person is not None and person == self._viewer.person)",
        "return True",
        _ACCESSES,
    ),
    one(
        "the log is open without the label",
        "execution/accesses",
        "        if effects[Label.AUDIT] is not Effect.ALLOW:\n            return False\n",
        "",
        f"{_ACCESSES}::test_without_the_label_the_log_is_shut_to_auditors_too",
    ),
    one(
        "a trail shows the others",
        "execution/accesses",
        "persons=record.persons if about is None else (about,)",
        "persons=record.persons",
        _ACCESSES,
    ),
    one(
        "a trail opens beside any person",
        "execution/accesses",
        "        if not any(one.label == Label.AUDIT.value and one.effect == Effect.ALLOW.name for one in decided):\n"
        "            return None\n",
        "",
        f"{_ACCESSES}::test_the_trail_opens_by_what_was_decided_of_that_person",
    ),
    one(
        "an entry of anybody is anybody's",
        "execution/accesses",
        "return self._facts(entry, person) if is_own and",
        "return self._facts(entry, person) if",
        f"{_ACCESSES}::test_an_entry_is_for_auditors_and_for_whom_it_names",
    ),
    one(
        "what the law withholds is on the trail",
        "execution/accesses",
        "without_purposes=() if self._sees_all else self._withheld,",
        "without_purposes=(),",
        f"{_ACCESSES}::test_what_the_law_withholds_is_left_out_and_that_is_said",
    ),
)
