"""The policies in force: replaced as a whole while the gateway runs; a request keeps those it began with.

Every version is an authorizer of its own with a memo of its own, so nothing that was decided or derived under one
version is ever found under another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from gateway.authorization.decide import CedarAuthorizer
from gateway.authorization.decision import Authorizer, Decision, Facts
from gateway.authorization.policy_set import PolicySet
from schema.label import Label


class PoliciesInForce:
    """Implements gateway.authorization.decision.Authorizer by whichever version a request began with."""

    def __init__(self, first: CedarAuthorizer) -> None:
        self.current = first
        """What requests that begin now are decided by."""
        self._begun_with: ContextVar[CedarAuthorizer | None] = ContextVar("policies", default=None)

    def replace(self, policies: PolicySet) -> None:
        """From now on requests begin with these; those that run finish with what they began with."""
        self.current = CedarAuthorizer(policies)

    @contextmanager
    def kept(self) -> Iterator[CedarAuthorizer]:
        """Keeps one version for everything that is done inside, in tasks that are started there too."""
        begun = self.current
        token = self._begun_with.set(begun)
        try:
            yield begun
        finally:
            self._begun_with.reset(token)

    @property
    def _mine(self) -> CedarAuthorizer:
        return self._begun_with.get() or self.current

    @property
    def policies(self) -> PolicySet:
        """The rules themselves."""
        return self._mine.policies

    @property
    def policy_version(self) -> str:
        """The version that decides."""
        return self._mine.policy_version

    @property
    def decide(self) -> Callable[[Facts], Decision]:
        """The grants for some facts."""
        return self._mine.decide

    @property
    def permitted(self) -> Callable[[Facts, str], Mapping[Label, tuple[str, ...]]]:
        """Of each label that another action is permitted on, the policies behind it."""
        return self._mine.permitted

    def basis(self, policy: str) -> str:
        """The article on which a policy rests."""
        return self._mine.basis(policy)


@contextmanager
def keeping(authorizer: Authorizer) -> Iterator[None]:
    """One request's time: its policies do not change under it, where they can change at all."""
    if isinstance(authorizer, PoliciesInForce):
        with authorizer.kept():
            yield
    else:
        yield
