"""The two questions, in the words of schema/unified.graphql: one person, and a list of a hundred."""

from __future__ import annotations

import json
from typing import Final

ONE: Final = """query One($id: ID!) {
  person(id: $id) {
    id name sex birthDate education maritalStatus phones
    domicile { address jurisdiction { code name } }
    residence { address jurisdiction { code name } }
    cases { edges { node {
      openedOn stage
      measures {
        kind startsOn dueEndOn endedOn endReason status agency { code name }
        ... on CommunityRecovery { orderedOn reportedOn }
      }
      assessments { stage assessedOn detoxification recovery conduct socialAdaptation advised }
      agreements { kind signedOn endsOn agency { name } }
    } } }
    support {
      grants { kind startedOn endedOn agencyName }
      employments { status employer startedOn }
    }
  }
}"""

LIST: Final = """query List($region: String!, $first: Int!) {
  persons(filter: { residence: { under: $region } }, first: $first) { edges { node {
    id name sex birthDate education maritalStatus phones
    residence { address jurisdiction { code name } }
    cases(first: 1) { edges { node { openedOn stage measures { kind status startsOn agency { name } } } } }
    support { grants { kind startedOn } employments { status employer } }
  } } }
}"""


def one(person: str) -> bytes:
    """The body of a request for one person."""
    return body(ONE, "One", {"id": person})


def listed(region: str, first: int = 100) -> bytes:
    """The body of a request for the people of a region."""
    return body(LIST, "List", {"region": region, "first": first})


def body(query: str, name: str, variables: dict[str, object]) -> bytes:
    """The body of a request."""
    return json.dumps({"query": query, "operationName": name, "variables": variables}).encode()
