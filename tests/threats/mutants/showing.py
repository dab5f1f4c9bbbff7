"""Faults in what is left of a person's file, in what is read for it, in both executors, and in what is told."""

from __future__ import annotations

from typing import Final

from tests.threats.mutants.mutant import one

_PATHS, _TELLING = "tests/threats/test_paths.py", "tests/threats/test_telling.py"
_SEARCHING = "tests/threats/test_searching.py"
_ENGINE, _EVIDENCE = "tests/gateway/execution/test_engine.py", "tests/gateway/execution/test_evidence.py"
_TIES, _LISTING = "tests/gateway/execution/test_ties.py", "tests/gateway/execution/test_listing.py"
_EVERY_PATH = f"{_PATHS}::test_every_path_to_a_person_shows_the_same"
_NO_CASE = f"{_PATHS}::test_an_edge_tells_a_clerk_of_no_case"
_UNKNOWN = f"{_PATHS}::test_unknown_and_not_yours_are_alike_in_every_byte"
_DENIED = f"{_ENGINE}::test_a_denied_label_is_null_and_told_once"
_CONFLICT = f"{_ENGINE}::test_a_conflict_that_a_mask_hides_is_not_told"
_BEAT = "tests/threats/test_timing.py::test_who_is_unknown_and_who_is_not_yours_are_both_answered_on_the_next_beat"
_ABROAD = f"{_ENGINE}::test_another_province_is_asked_only_about_whom_the_viewer_may_know"

MUTANTS: Final = (
    # what is masked
    one(
        "cells are not masked",
        "execution/mask",
        "if value is None or grant.effect is Effect.DENY:",
        "if value is None:",
        _EVERY_PATH,
    ),
    one(
        "a mask shows the value",
        "execution/mask",
        "return apply(grant.mask, value, column.kind)",
        "return value",
        _CONFLICT,
    ),
    one("hidden rows are shown", "execution/mask", "if entity in self._hidden:", "if False:", _DENIED),
    one(
        "cases are shown to whoever asks",
        "execution/mask",
        "        if self._hides_cases:\n",
        "        if False:\n",
        _NO_CASE,
    ),
    one(
        "everybody is known",
        "execution/mask",
        "self.is_known = existence.effect is Effect.ALLOW",
        "self.is_known = True",
        _UNKNOWN,
    ),
    one(
        "whoever is known may be come upon",
        "execution/mask",
        "self.is_listable = self.is_known and existence.may_filter",
        "self.is_listable = self.is_known",
        f"{_LISTING}::test_whom_one_may_know_of_but_not_come_upon_is_in_no_list",
    ),
    one(
        "records are not masked",
        "execution/mask",
        "self._rows(_PERSON, [raw.records if self._shows_records else () for raw in raws])",
        "[raw.records for raw in raws]",
        _EVERY_PATH,
    ),
    one(
        "merged values are not masked",
        "execution/mask",
        "[self._values(_PERSON, raw.values) for raw in raws]",
        "[raw.values for raw in raws]",
        _EVERY_PATH,
    ),
    one(
        "rows beside cases are not masked",
        "execution/mask",
        "self._entities([raw.rows for raw in raws])",
        "[raw.rows for raw in raws]",
        _EVERY_PATH,
    ),
    one(
        "rows of cases are not masked",
        "execution/mask",
        "self._entities([case.rows for case in cases])",
        "[case.rows for case in cases]",
        _DENIED,
    ),
    one(
        "what derives is shown when denied",
        "execution/mask",
        "            found.append((name, _nothing))",
        "            found.append((name, derivation.compute))",
        _NO_CASE,
    ),
    one(
        "conflicts are not masked",
        "execution/mask",
        "masked = (_masked(one, self.decision) for one in found)",
        "masked = iter(found)",
        _CONFLICT,
    ),
    # people, plans
    one("one mask for all", "execution/plan", "key = (id(decision), today)", "key = (0, today)", _EVERY_PATH),
    one(
        "one reading under the first plan",
        "execution/reader",
        "        key = id(raw.field_nodes[0])\n        if key not in self._loaders:",
        "        key = 0\n        if key not in self._loaders:",
        f"{_SEARCHING}::test_one_batch_under_two_plans_shows_each_its_own",
    ),
    one(
        "a mask is shown without being known",
        "execution/people",
        "if not first.mask.is_known:",
        "if False:",
        _UNKNOWN,
    ),
    one(
        "silence about a seal opens",
        "execution/judging",
        "replace(one, sealed=True) if any",
        "one if any",
        f"{_ENGINE}::test_while_nobody_can_say_whether_a_record_is_sealed_it_counts_as_sealed",
    ),
    one(
        "peers are asked of anybody",
        "execution/people",
        "if token in abroad and judged[token].mask.is_known}",
        "if token in abroad}",
        _ABROAD,
    ),
    one(
        "a forwarded query is forwarded",
        "execution/people",
        "abroad = {} if self._viewer.forwarded else self._part(holders, peers=True)",
        "abroad = self._part(holders, peers=True)",
        _ABROAD,
    ),
    one(
        "what is never seen is fetched",
        "execution/plan",
        "{name for name in names if ENTITIES[entity][name].label not in hidden}",
        "set(names)",
        f"{_PATHS}::test_what_a_clerk_can_never_see_is_not_read",
    ),
    # evidence and ties
    one(
        "a sealed record of one source is open",
        "execution/evidence",
        '[any(row.values.get("sealed") is True for row in rows) for',
        '[all(row.values.get("sealed") is True for row in rows) for',
        f"{_EVIDENCE}::test_one_source_that_says_sealed_is_enough",
    ),
    one(
        "every age is eighteen",
        "execution/evidence",
        "and born > latest for",
        "and False for",
        f"{_EVIDENCE}::test_somebody_is_a_minor_until_the_day_of_eighteen",
    ),
    one(
        "a year counts from its first day",
        "execution/evidence",
        "latest = _years_before(today, _ADULT)",
        "latest = date(today.year - _ADULT, 12, 31)",
        f"{_EVIDENCE}::test_somebody_is_a_minor_until_the_day_of_eighteen",
    ),
    one(
        "control is never lifted",
        "execution/evidence",
        '[each.get("controlStatus") == "LIFTED" for',
        "[False for",
        f"{_EVIDENCE}::test_control_is_lifted_where_the_register_says_so",
    ),
    one(
        "files are never closed",
        "execution/evidence",
        "[is_closed(rows, today) for",
        "[False for",
        f"{_EVIDENCE}::test_a_file_is_closed_by_its_measures",
    ),
    one(
        "an ended measure goes on",
        "execution/evidence",
        "[mine if rows and any(is_running(row, today) for row in rows) else _NONE for",
        "[mine if rows else _NONE for",
        f"{_EVIDENCE}::test_an_agency_is_responsible_while_its_own_measure_runs",
    ),
    one(
        "anybody's measure is one's own",
        "execution/evidence",
        'if row.values.get("agencyCode") == agency]',
        "]",
        f"{_EVIDENCE}::test_another_agencys_running_measure_makes_nobody_responsible_who_had_one_before",
    ),
    one("an agreement binds on its last day", "execution/ties", "<= today < (_day", "<= today <= (_day", _TIES),
    one(
        "a handoff is awaited for ever",
        "execution/ties",
        "ordered is not None and ordered > today - LONGEST",
        "ordered is not None",
        _TIES,
    ),
    one(
        "a measure called off is awaited",
        "execution/ties",
        '    if measure.values.get("endedOn") is not None:\n        return False\n',
        "",
        _TIES,
    ),
    # the two executors, and what leaves them
    one(
        "a switch of one request holds for all",
        "execution/executor",
        "key = (id(operation), chosen)",
        "key = (id(operation), ())",
        "tests/gateway/execution/test_equivalence.py::test_what_a_directive_leaves_out_is_left_out_for_that_request_alone",
    ),
    one(
        "an unforeseen failure is told",
        "execution/engine",
        '"message": f"Something went wrong here, not in your request. Report request {request_id} to the operator.",',
        '"message": f"{original}",',
        f"{_TELLING}::test_a_failure_inside_tells_neither_caller_nor_log_what_it_was_about",
    ),
    one(
        "what is hidden is told to all",
        "execution/trace",
        "        if shown:\n            for problem in problems:",
        "        if True:\n            for problem in problems:",
        f"{_ENGINE}::test_not_yours_hides_a_failing_source_as_well",
    ),
    one(
        "subscriptions are run",
        "execution/document/documents",
        "if only.operation is OperationType.SUBSCRIPTION:",
        "if False:",
        f"{_TELLING}::test_no_subscription_is_run_even_if_the_schema_had_one",
    ),
    one(
        "what does not fit the schema is run",
        "execution/document/documents",
        "        if errors:\n            said",
        "        if False:\n            said",
        "tests/gateway/http/test_locked.py::test_a_subscription_gets_a_clear_error",
    ),
    one(
        "time tells who is unknown",
        "execution/engine",
        "if trace.unshown and self._unshown_seconds:",
        "if False:",
        _BEAT,
    ),
    one("an unknown number is answered at once", "execution/reader", "self._trace.unshown = True", "pass", _BEAT),
    one(
        "an unknown id is answered at once",
        "execution/reader",
        "trace.unshown |= len(found) < len(set(tokens))",
        "pass",
        _BEAT,
    ),
    # the record
    one(
        "an answer leaves without a record",
        "execution/engine",
        "        await self._audit.append(record, answer.content)\n",
        "",
        f"{_ENGINE}::test_if_the_access_cannot_be_put_on_record_nothing_is_answered",
    ),
    one(
        "a record that cannot be written is no matter",
        "execution/engine",
        "        await self._audit.append(record, answer.content)\n",
        "        try:\n            await self._audit.append(record, answer.content)\n"
        "        except Exception:\n            pass\n",
        f"{_ENGINE}::test_if_the_access_cannot_be_put_on_record_nothing_is_answered",
    ),
    one(
        "who was hidden is not on record",
        "execution/trace",
        "        self.persons[person] = None\n        self.hidden_persons += 1\n",
        "        self.hidden_persons += 1\n",
        f"{_ENGINE}::test_unknown_and_not_yours_are_the_same_answer",
    ),
)
