"""The three subgraphs that the federating gateways of npm ask: the same rows in the shape of the graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

from graphql import GraphQLSchema, build_schema, graphql_sync

from bench import people
from bench.people import Agencies
from schema import enums

_LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])\n'
_LOCAL = """
directive @key(fields: String!) on OBJECT
scalar _Any
union _Entity = Person
extend type Query { _entities(representations: [_Any!]!): [_Entity]! }
"""


def _enum(kind: type[Enum]) -> str:
    return f"enum {kind.__name__} {{ {' '.join(kind.__members__)} }}\n"


REGISTER: Final = f"""
type Query {{
  person(id: ID!): Person
  persons(filter: PersonFilter, first: Int! = 20): PersonConnection!
}}
input PersonFilter {{ residence: RegionFilter }}
input RegionFilter {{ under: String! }}
type PersonConnection {{ edges: [PersonEdge!]! }}
type PersonEdge {{ node: Person! }}
type Person @key(fields: "id") {{
  id: ID! name: String sex: Sex birthDate: Date education: Education maritalStatus: MaritalStatus phones: [String!]
  domicile: Place residence: Place
}}
type Place {{ address: String jurisdiction: Jurisdiction }}
type Jurisdiction {{ code: String! name: String! }}
scalar Date
{_enum(enums.Sex)}{_enum(enums.Education)}{_enum(enums.MaritalStatus)}"""

_COMMON = (
    "kind: MeasureKind agency: Agency startsOn: Date dueEndOn: Date endedOn: Date "
    "endReason: EndReason status: MeasureStatus"
)
CUSTODY: Final = f"""
type Person @key(fields: "id") {{ id: ID! cases(first: Int! = 20): CaseConnection }}
type CaseConnection {{ edges: [CaseEdge!]! }}
type CaseEdge {{ node: Case! }}
type Case {{
  openedOn: Date stage: CaseStage
  measures: [Measure!] assessments: [Assessment!] agreements: [Agreement!]
}}
interface Measure {{ {_COMMON} }}
type CompulsoryIsolation implements Measure {{ {_COMMON} }}
type CommunityRecovery implements Measure {{ {_COMMON} orderedOn: Date reportedOn: Date }}
type Assessment {{
  stage: AssessmentStage assessedOn: Date detoxification: PassFail recovery: PassFail conduct: PassFail
  socialAdaptation: GoodFair advised: Boolean
}}
type Agreement {{ kind: AgreementKind signedOn: Date endsOn: Date agency: Agency }}
type Agency {{ code: String! name: String! }}
scalar Date
{
    "".join(
        map(
            _enum,
            (
                enums.MeasureKind,
                enums.EndReason,
                enums.MeasureStatus,
                enums.CaseStage,
                enums.AssessmentStage,
                enums.PassFail,
                enums.GoodFair,
                enums.AgreementKind,
            ),
        )
    )
}"""

SUPPORT: Final = f"""
type Person @key(fields: "id") {{ id: ID! support: SupportRecord }}
type SupportRecord {{ grants: [SupportGrant!] employments: [Employment!] }}
type SupportGrant {{ kind: SupportKind startedOn: Date endedOn: Date agencyName: String }}
type Employment {{ status: EmploymentStatus employer: String startedOn: Date }}
scalar Date
{_enum(enums.SupportKind)}{_enum(enums.EmploymentStatus)}"""

SUBGRAPHS: Final[Mapping[str, str]] = {"register": REGISTER, "custody": CUSTODY, "support": SUPPORT}
MEASURE_TYPES: Final = {"COMPULSORY_ISOLATION": "CompulsoryIsolation", "COMMUNITY_RECOVERY": "CommunityRecovery"}


def federated(name: str) -> str:
    """A subgraph's SDL as composition wants it."""
    return _LINK + SUBGRAPHS[name]


class Subgraphs:
    """Answers the subgraphs' queries by graphql-core itself; whoever asks keeps the answers."""

    def __init__(self, agencies: Agencies) -> None:
        self._agencies = agencies
        shapes: Mapping[str, Callable[[int], dict[str, object]]] = {
            "register": self._registered,
            "custody": self._cases,
            "support": self._support,
        }
        self._schemas = {name: self._schema(name, shape) for name, shape in shapes.items()}

    def answer(self, name: str, request: Mapping[str, Any]) -> dict[str, object]:
        """The response object to one GraphQL request."""
        result = graphql_sync(
            self._schemas[name],
            request["query"],
            variable_values=request.get("variables") or {},
            operation_name=request.get("operationName"),
        )
        return dict(result.formatted)

    def _schema(self, name: str, shape: Callable[[int], dict[str, object]]) -> GraphQLSchema:
        sdl = SUBGRAPHS[name] if name == "register" else "type Query { _service: String }\n" + SUBGRAPHS[name]
        schema = build_schema(sdl + _LOCAL)
        query: Any = schema.query_type

        def entities(_root: Any, _info: Any, representations: list[Mapping[str, str]]) -> list[object]:
            return [shape(number) for number in self._agencies.numbers(one["id"] for one in representations)]

        query.fields["_entities"].resolve = entities
        if name == "register":
            query.fields["person"].resolve = lambda _root, _info, id: next(
                (shape(number) for number in self._agencies.numbers([id])), None
            )
            query.fields["persons"].resolve = self._listed
        return schema

    def _listed(self, _root: Any, _info: Any, first: int, filter: Mapping[str, Any]) -> dict[str, object]:
        numbers = self._agencies.under(filter["residence"]["under"])[:first]
        return {"edges": [{"node": self._registered(number)} for number in numbers]}

    def _registered(self, number: int) -> dict[str, object]:
        row = people.register(number, self._agencies.token(number))
        return {
            "__typename": "Person",
            **row,
            "domicile": _place(row, "domicile"),
            "residence": _place(row, "residence"),
        }

    def _cases(self, number: int) -> dict[str, object]:
        token = self._agencies.token(number)
        return {
            "__typename": "Person",
            "id": token,
            "cases": {"edges": [{"node": case_of(people.custody(number, token))}]},
        }

    def _support(self, number: int) -> dict[str, object]:
        token = self._agencies.token(number)
        return {"__typename": "Person", "id": token, "support": people.support(number, token)}


def _place(row: Mapping[str, Any], name: str) -> dict[str, object]:
    region = {"code": row[f"{name}Code"], "name": row[f"{name}Name"]}
    return {"address": row[f"{name}Address"], "jurisdiction": region}


def case_of(file: Mapping[str, Any]) -> dict[str, object]:
    """A custody file as a case of the graph."""
    return {
        **file,
        "measures": [
            {"__typename": MEASURE_TYPES[row["kind"]], **row, "agency": _agency(row)} for row in file["measures"]
        ],
        "agreements": [{**row, "agency": _agency(row)} for row in file["agreements"]],
    }


def _agency(row: Mapping[str, Any]) -> dict[str, object]:
    return {"code": row["agencyCode"], "name": row["agencyName"]}
