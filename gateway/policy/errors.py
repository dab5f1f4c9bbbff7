"""Why a tool cannot answer. None of these says anything about a person.

PolicyToolError
├── SchemaUnread     schema_text.py: a schema that Cedar takes and the tools do not
├── Unproven         model.py: a policy about which the tools cannot be exact
├── TooLarge         diagram.py: rules of too many facts at once
├── FactsError       question.py: facts that cannot be understood
├── NoSuchField      explain.py: a field that the graph does not have, or that bears no label
├── ViewerUnread     viewers.py: a viewer that cannot be understood
├── PolicyUsage      cli.py: a command that cannot be carried out
└── GatewaySilent    asking.py: a running gateway that does not explain
"""

from __future__ import annotations


class PolicyToolError(Exception):
    """Base; the message says what, where and the fix."""
