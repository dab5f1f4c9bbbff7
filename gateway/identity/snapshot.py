"""The index as it stood at one moment, in memory and never changed: what every lookup reads."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.identity.entries import Link, Rule
from gateway.identity.index import Token
from gateway.identity.store import Line

_NOBODY: Mapping[str, tuple[str, ...]] = {}
_MOST_LAID_OUT = 16_384  # people of whom it is kept, laid out, who holds what


@dataclass(frozen=True, slots=True)
class Evidence:
    """Which source says what of which tokens of a person, by which rule."""

    rule: Rule
    source: str
    tokens: tuple[Token, ...]


class Snapshot:
    """Built once from the store's lines. A person stands under the smallest of the tokens that links join."""

    def __init__(
        self,
        lines: Iterable[Line],
        severed: Collection[tuple[Token, Token]] = (),
        *,
        peers: Collection[str] = (),
        asked_for_everybody: Sequence[str] = (),
    ) -> None:
        held = [_thrifty(line) for line in lines]
        believed = [
            link for line in held for link in line.entry.links if tuple(sorted((link.one, link.other))) not in severed
        ]
        self._joined = _join(believed)
        self._asked_for_everybody = tuple(asked_for_everybody)
        self._owners: dict[str, dict[str, Token]] = {}
        self._evidence: dict[Token, list[Evidence]] = {}
        self._holders: dict[Token, tuple[str, ...]] = {}  # source, key, source, key ...
        self._laid_out: dict[Token, Mapping[str, tuple[str, ...]]] = {}  # of those asked for, by source
        own: set[Token] = set()
        for line in held:
            self._take(line)
            if line.source not in peers:
                own.update(line.entry.tokens)
        self._groups: dict[Token, tuple[Token, ...]] = _groups(self._joined)
        self._everybody = tuple(sorted(self._holders))
        self._own = tuple(sorted(own))

    def _take(self, line: Line) -> None:
        entry = line.entry
        for person in dict.fromkeys(self._standing(token) for token in entry.tokens):
            self._holders[person] = (*self._holders.get(person, ()), line.source, entry.key)
        self._owners.setdefault(line.source, {})[entry.key] = self._standing(entry.tokens[0])
        said = [Evidence(link.rule, line.source, (link.one, link.other)) for link in entry.links]
        said += [Evidence(mark.rule, line.source, (mark.token,)) for mark in entry.marks]
        for evidence in said:
            kept = self._evidence.setdefault(self._standing(evidence.tokens[0]), [])
            if evidence not in kept:
                kept.append(evidence)

    def _standing(self, token: Token) -> Token:
        return self._joined.get(token, token)

    def primary(self, token: Token) -> Token | None:
        """The token under which a person stands; None when unknown."""
        standing = self._standing(token)
        return standing if standing in self._holders else None

    def holders(self, token: Token) -> Mapping[str, tuple[str, ...]]:
        """source id -> that source's keys of the person; empty for an unknown token.

        A peer that hands out no list is asked for everybody whom we know.
        """
        found = self._laid_out.get(token)
        if found is None:
            found = self._lay_out(self._standing(token))
            if found:  # a token that is nobody's would only take up room
                if len(self._laid_out) >= _MOST_LAID_OUT:
                    self._laid_out.clear()
                self._laid_out[token] = found
        return found

    def _lay_out(self, person: Token) -> Mapping[str, tuple[str, ...]]:
        pairs = self._holders.get(person)
        if pairs is None:
            return _NOBODY
        found: dict[str, tuple[str, ...]] = {}
        for source, key in zip(pairs[::2], pairs[1::2], strict=True):
            found[source] = (*found[source], key) if source in found else (key,)
        for peer in self._asked_for_everybody:
            found.setdefault(peer, self.tokens(person))
        return found

    def owner(self, source: str, key: str) -> Token | None:
        """Whose key of that source this is; a peer that hands out no list knows people by their tokens."""
        found = self._owners.get(source, {}).get(key)
        if found is None and source in self._asked_for_everybody:
            return self.primary(key)
        return found

    def everybody(self) -> Sequence[Token]:
        """All persons by their primary token, sorted."""
        return self._everybody

    def own(self) -> Sequence[Token]:
        """All tokens, sorted, that sources other than peers hold a record under."""
        return self._own

    def tokens(self, token: Token) -> tuple[Token, ...]:
        """All tokens of the person, the primary first; empty when unknown."""
        person = self.primary(token)
        return () if person is None else self._groups.get(person, (person,))

    def evidence(self, token: Token) -> tuple[Evidence, ...]:
        """What speaks for and against the tokens of this person."""
        return tuple(self._evidence.get(self._standing(token), ()))

    def ambiguous(self, token: Token) -> bool:
        """Whether more than one person may stand under this token (重号 in one source)."""
        return any(evidence.rule is Rule.DUPLICATE_NUMBER for evidence in self.evidence(token))


def _thrifty(line: Line) -> Line:
    """The same words once in memory, however many lines they stand in."""
    entry = line.entry
    tokens = tuple(sys.intern(token) for token in entry.tokens)
    return Line(sys.intern(line.source), replace(entry, tokens=tokens))


def _groups(joined: Mapping[Token, Token]) -> dict[Token, tuple[Token, ...]]:
    """Each primary token that stands for several, with all of them, sorted."""
    members: dict[Token, list[Token]] = {}
    for token, person in joined.items():
        members.setdefault(person, []).append(token)
    return {person: tuple(sorted(tokens)) for person, tokens in members.items()}


def _join(links: Iterable[Link]) -> dict[Token, Token]:
    """Union-find: each linked token to the smallest of its group."""
    parent: dict[Token, Token] = {}

    def root(token: Token) -> Token:
        while (above := parent.setdefault(token, token)) != token:
            parent[token] = parent[above]
            token = parent[above]
        return token

    for link in links:
        low, high = sorted((root(link.one), root(link.other)))
        parent[high] = low
    return {token: root(token) for token in list(parent)}
