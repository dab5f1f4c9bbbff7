"""Questions to the policies: a label and an action, and the words in which Cedar is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schema.label import Label

NAMESPACE: Final = "Yiti"
ACTIONS: Final = ("view", "viewMasked", "filter")
OTHER_ACTIONS: Final = ("aggregate", "recordConsent", "breakGlass", "reviewBreakGlass")

Question = tuple[Label, str]  # and action


def uid(kind: str, key: str) -> dict[str, str]:
    """An entity's name as Cedar writes it in JSON."""
    return {"type": f"{NAMESPACE}::{kind}", "id": key}


REQUESTS: Final[Mapping[Question, dict[str, dict[str, str]]]] = {
    (label, action): {
        "principal": uid("Viewer", "viewer"),
        "action": uid("Action", action),
        "resource": uid("Label", label.value),
    }
    for label in Label
    for action in (*ACTIONS, *OTHER_ACTIONS)
}
