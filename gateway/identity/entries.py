"""A source's key list as pseudonyms: whose each key is, which numbers belong together, and what was odd."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from adapters.contract import Key, KeyEntry
from gateway.identity.index import Token
from gateway.identity.token import TokenService, is_token
from schema.codes import gb11643


class Rule(StrEnum):
    """Why something is believed of a token, or doubted."""

    SAME_RECORD = "same_record"  # one record of an agency bears both numbers
    SAME_PERSON_OF_PEER = "same_person_of_peer"  # a peer says that both tokens are one person
    CHECKSUM_FAILED = "checksum_failed"
    MALFORMED_NUMBER = "malformed_number"  # something stands where a number should, but it is none
    NO_NUMBER = "no_number"
    DUPLICATE_NUMBER = "duplicate_number"  # 重号: two keys of one source bear it
    WITHHELD_LINK = "withheld_link"  # not believed, because it runs through a duplicate number


@dataclass(frozen=True, slots=True)
class Link:
    """Two tokens of one person, as one record says."""

    one: Token
    other: Token
    rule: Rule


@dataclass(frozen=True, slots=True)
class Mark:
    """What is odd about a token in one record."""

    token: Token
    rule: Rule


@dataclass(frozen=True, slots=True)
class Entry:
    """One key with the tokens of its person, the main one first."""

    key: Key
    tokens: tuple[Token, ...]
    links: tuple[Link, ...] = ()
    marks: tuple[Mark, ...] = ()


def read_entries(
    source: str, listed: Iterable[object], tokens: TokenService, *, is_peer: bool
) -> tuple[list[Entry], int]:
    """The entries of one source and how many lines could not be read; a key listed twice counts once."""
    found: dict[Key, Entry] = {}
    unreadable = 0
    for line in listed:
        if not isinstance(line, KeyEntry) or not _is_key(line.key):
            unreadable += 1
            continue
        entry = _of_peer(line) if is_peer else _of_agency(source, line, tokens)
        if entry is None:
            unreadable += 1
        elif line.key not in found:
            found[line.key] = entry
    return _doubt(list(found.values())), unreadable


def _is_key(key: object) -> bool:
    return isinstance(key, str) and key != ""


def _of_peer(line: KeyEntry) -> Entry | None:
    borne = tuple(dict.fromkeys(token for token in line.tokens if is_token(token)))
    return _linked(line.key, borne, Rule.SAME_PERSON_OF_PEER, []) if borne else None


def _of_agency(source: str, line: KeyEntry, tokens: TokenService) -> Entry:
    borne: dict[Token, None] = {}
    odd: list[Rule] = []
    marks: list[Mark] = []
    for number in line.id_numbers:
        token = tokens.mint(number)
        if token is None:
            odd.append(Rule.MALFORMED_NUMBER)
            continue
        borne[token] = None
        if not gb11643.is_valid(number):
            marks.append(Mark(token, Rule.CHECKSUM_FAILED))
    for kind, number in line.documents:
        token = tokens.mint_document(kind, number)
        if token is None:
            odd.append(Rule.MALFORMED_NUMBER)
        else:
            borne[token] = None
    if not borne:
        borne[tokens.mint_local(source, line.key)] = None
        odd.append(Rule.NO_NUMBER)
    main = next(iter(borne))
    marks += [Mark(main, rule) for rule in dict.fromkeys(odd)]
    return _linked(line.key, tuple(borne), Rule.SAME_RECORD, marks)


def _linked(key: Key, borne: tuple[Token, ...], rule: Rule, marks: Sequence[Mark]) -> Entry:
    links = tuple(Link(borne[0], other, rule) for other in borne[1:])
    return Entry(key, borne, links, tuple(marks))


def _doubt(entries: list[Entry]) -> list[Entry]:
    """Mark numbers that several keys bear; where those keys bring different other numbers, join nothing.

    Two people under one number must not draw a third and a fourth together.
    """
    times = Counter(entry.tokens[0] for entry in entries)
    others: dict[Token, set[tuple[Token, ...]]] = defaultdict(set)
    for entry in entries:
        if times[entry.tokens[0]] > 1 and entry.links:
            others[entry.tokens[0]].add(tuple(sorted(entry.tokens[1:])))
    return [
        _doubted(entry, len(others[entry.tokens[0]]) > 1) if times[entry.tokens[0]] > 1 else entry
        for entry in entries
    ]


def _doubted(entry: Entry, contradicted: bool) -> Entry:
    marks = (*entry.marks, Mark(entry.tokens[0], Rule.DUPLICATE_NUMBER))
    if not contradicted:
        return replace(entry, marks=marks)
    withheld = tuple(Mark(link.other, Rule.WITHHELD_LINK) for link in entry.links)
    return replace(entry, links=(), marks=marks + withheld)
