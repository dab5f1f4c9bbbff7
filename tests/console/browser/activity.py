"""A morning at two gateways: several viewers ask for several people, so that the log has something to tell."""

from __future__ import annotations

import time

from mocks.stage import Stage
from tests.provinces.asking import ask

_LOOK = """query Look($id: ID!) { person(id: $id) {
  name birthDate status currentMeasure { kind startsOn agency { name } } phones
  records { source { name } asOf } } }"""
_HEALTH = """query Health($id: ID!) { person(id: $id) {
  name treatments { edges { node { kind startsOn } } } assessments { edges { node { stage } } } } }"""
_BREAK = """mutation Emergency($input: BreakGlassInput!) { breakGlass(input: $input) { breakGlass { id } } }"""
_LIST = """query List { persons(filter: {responsibleJurisdiction: {under: "320000"}}, first: 8) {
  edges { node { id name status } } } }"""
_STORIES = ("returned", "conflict", "hiv", "never_ordered", "cross_province")
_EMERGENCY = {
    "labels": ["CONTACT", "HEALTH"],
    "reason": "LIFE_IN_DANGER",
    "explanation": "（模拟）家属来电称其意识不清，急救人员到场前需知晓用药与联系方式。",
}
_VIEWERS = ("aftercare-officer", "township-worker", "police-officer", "police-query", "clerk", "assessor")


def bustle(stage: Stage, rounds: int = 1) -> None:
    """Every viewer asks for every person of the stories, in Jiangsu; Zhejiang asks across."""
    people = [stage.person_id(stage.world.story(name)) for name in _STORIES]
    for _ in range(rounds):
        for viewer in _VIEWERS:
            for person in people:
                ask(stage, viewer, _LOOK, {"id": person})
        for viewer in ("aftercare-officer", "clerk"):
            ask(stage, viewer, _HEALTH, {"id": people[0]})
            ask(stage, viewer, _LIST)
        ask(stage, "aftercare-officer", _LOOK, {"id": people[-1]}, province="zhejiang")
        for viewer, person in (("aftercare-officer", people[0]), ("police-officer", people[1])):
            ask(stage, viewer, _BREAK, {"input": {**_EMERGENCY, "person": person}})
            ask(stage, viewer, _HEALTH, {"id": person})
        ask(stage, "self-1", _LOOK, {"id": people[1]})
    time.sleep(1.5)  # the index follows the log once a second
