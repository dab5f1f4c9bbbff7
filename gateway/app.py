"""Wiring: from settings to a gateway that answers. Whatever cannot be used stops the start and says why."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta, timezone
from functools import partial
from typing import Final

from adapters.contract import PeerRequest
from adapters.drivers import open_adapter
from gateway.audit.keeping import KeptLog
from gateway.audit.record import AuditLog
from gateway.audit.search.opening import open_search
from gateway.audit.submitting import keep_witnessed
from gateway.audit.wiring import PATH as WITNESS_PATH
from gateway.audit.wiring import gateway_event, known_witnesses, open_log, open_witness, peer_log
from gateway.authorization.decide import CedarAuthorizer
from gateway.authorization.in_force import PoliciesInForce
from gateway.authorization.standing import Standing
from gateway.credentials import secret_of, signing_key_of, verifier_of
from gateway.demo_viewers import development_issuer, read_viewers
from gateway.execution.accesses import Oversight, inclusion_of
from gateway.execution.cursor import Cursors
from gateway.execution.directory import Directory
from gateway.execution.document import Documents, Limits, PersistedDocuments, RegistryError, read_registry
from gateway.execution.engine import Engine
from gateway.execution.handles import Handles
from gateway.execution.merge import Merger
from gateway.execution.people import House
from gateway.federation.assertion import PeerSigner
from gateway.federation.locator import Locator
from gateway.http import Application
from gateway.http.application import Route
from gateway.http.cors import Origins
from gateway.http.explaining import ExplainingEndpoint
from gateway.http.federation import LocatorEndpoint, public_keys
from gateway.http.graphql import GraphQLEndpoint
from gateway.http.health import Readiness, alive
from gateway.http.operations import Operations
from gateway.http.pages import DemoViewer, assets, demo_viewers, editor_page, landing
from gateway.http.socket import SocketEndpoint
from gateway.http.throttle import Throttle
from gateway.http.witnessing import WitnessEndpoint
from gateway.identity.build import StoredIndex, build
from gateway.identity.token import TokenService
from gateway.keys import public_jwks
from gateway.metrics import Counts
from gateway.metrics.build import add_metrics, connections_of
from gateway.metrics.exposition import Now
from gateway.metrics.sources import CountedSources
from gateway.policy.live import Explainer
from gateway.policy.reload import PolicyKeeper
from gateway.registers.desk import Office
from gateway.registers.register import Registers
from gateway.renewal import listing_call, renew
from gateway.secret import derive
from gateway.settings import Settings, SettingsError
from gateway.sources.cache import Lifetime, RecordCache
from gateway.sources.fetch import FederatedSources
from gateway.sources.reading import Sources
from gateway.sources.registry import OpenSource, open_sources, read_manifests
from gateway.tokens import DevIssuer
from gateway.townships import read_townships
from gateway.verified import VerifiedTokens
from gateway.viewer import Viewer
from schema.build import build as build_schema
from schema.codes import Regions

CHINA: Final = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Gateway:
    """One gateway, ready to answer."""

    application: Application
    engine: Engine
    sources: FederatedSources
    index: StoredIndex
    audit: AuditLog
    policies: PolicyKeeper


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Gateway]:
    """A gateway by these settings, closed again at the end.

    Raises ManifestError, PolicyError, KeyFileError, SettingsError, IndexUnreadable, RegistersDamaged or
    AuditUnavailable; each says the fix.
    """
    async with AsyncExitStack() as stack:
        settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        regions = read_townships(settings.townships)
        authorizer = PoliciesInForce(CedarAuthorizer.load(settings.policy_folder))
        signing_key = signing_key_of(settings)
        signer = PeerSigner(signing_key, settings.name) if signing_key is not None else None
        issuer = development_issuer(settings) if settings.demo else None
        verifier = verifier_of(settings, issuer)
        stack.push_async_callback(verifier.aclose)
        await verifier.open()
        tokens = TokenService(secret_of(settings.token_key_file, settings, "token.key"), settings.token_epoch)
        index_key = secret_of(settings.index_key_file, settings, "index.key")

        opened_sources = await open_sources(
            read_manifests(settings.manifests), partial(open_adapter, transport=settings.http_transport)
        )
        cache = _cache(settings, index_key)
        sources = FederatedSources(opened_sources, cache=cache)
        stack.push_async_callback(sources.aclose)
        audit = await open_log(settings)
        stack.push_async_callback(audit.aclose)
        counts = Counts() if settings.metrics_token_file is not None else None
        if counts is not None:
            audit.watched = counts.entry
        policies = PolicyKeeper(authorizer, settings.policy_folder, audit, jurisdiction=settings.province)
        await policies.started()
        search = open_search(settings, audit, index_key)
        stack.push_async_callback(search.aclose)
        search.start()
        sign = signer.service_token if signer is not None else None
        index = await build(
            opened_sources, tokens, settings.identity_file, index_key, listing_call(settings.name, sign)
        )
        stack.callback(index.close)

        registers = await asyncio.to_thread(
            Registers,
            settings.registers_file,
            derive(index_key, "registers"),
            now=_now(settings.today),
            primary=index.primary,
        )
        stack.callback(registers.close)
        house = _house(
            CountedSources(sources, counts) if counts is not None else sources,
            opened_sources,
            index,
            authorizer,
            regions,
            derive(index_key, "handles"),
            registers.standing,
        )
        office = Office(
            registers=registers,
            permits=authorizer,
            audit=audit,
            directory=house.directory,
            mint=tokens.mint_document,
            primary=index.primary,
            jurisdiction=settings.province,
        )
        documents = _documents(settings, opened_sources)
        oversight = Oversight(audit, search, tuple(settings.own_trail_without), partial(inclusion_of, audit))
        engine = _engine(settings, house, oversight, derive(index_key, "cursors"), index, signer, documents, office)
        operations = Operations(
            engine,
            VerifiedTokens(verifier),
            documents=_persisted(settings, documents),
            throttle=Throttle(settings.rate_per_minute),
        )
        explainer = Explainer(
            house,
            audit,
            search,
            authorizer,
            jurisdiction=settings.province,
            today=_today(settings.today),
            deadline_seconds=settings.deadline_seconds,
            assertions=signer.assert_for if signer is not None else None,
        )
        locator = LocatorEndpoint(Locator(index), verifier, audit, jurisdiction=settings.province)
        witness = open_witness(settings)
        stack.callback(witness.close)
        witnessing = WitnessEndpoint(
            witness, verifier, partial(peer_log, settings), audit, jurisdiction=settings.province
        )
        routes = {
            **_pages(settings, regions, issuer),
            "/graphql": Route(
                GraphQLEndpoint(
                    operations,
                    max_body_bytes=settings.max_body_bytes,
                    page=editor_page(demo=settings.demo) if settings.editor else None,
                ),
                ("GET", "POST"),
            ),
            "/policy/explain": Route(ExplainingEndpoint(explainer.explain, operations), ("POST",)),
            "/healthz": Route(alive),
            "/readyz": Route(Readiness(sources.health, policies.notice)),
            "/federation/locator": Route(locator, ("POST",)),
            WITNESS_PATH: Route(witnessing, ("POST",)),
            "/.well-known/jwks.json": Route(public_keys(public_jwks(*([signing_key] if signing_key else [])))),
        }
        if counts is not None:
            now = Now(
                breakers=sources.breakers,
                connections=partial(connections_of, opened_sources),
                cached=lambda: (cache.hits, cache.misses) if cache is not None else (0, 0),
                policy_version=lambda: authorizer.policy_version,
                policies_refused=lambda: policies.notice() is not None,
            )
            add_metrics(settings, routes, counts, now)
        renewal = asyncio.create_task(
            renew(index, lambda: listing_call(settings.name, sign), settings.refresh_seconds)
        )
        stack.push_async_callback(_stop, renewal)
        watching = asyncio.create_task(policies.run(settings.policy_watch_seconds))
        stack.push_async_callback(_stop, watching)
        await _be_witnessed(settings, stack, audit, opened_sources, sign)
        await audit.append_event(gateway_event(settings, "started", authorizer.policy_version))
        count = counts.request if counts is not None else None
        sockets = {"/graphql": SocketEndpoint(operations, count=count)}
        mounts = {}
        if settings.console:
            from gateway.console.build import Parts, build_console, open_sessions  # most workers open none

            sessions = open_sessions(settings)
            stack.push_async_callback(sessions.aclose)
            place = _place(settings, regions)
            key = derive(index_key, "console sessions")
            mounts["/console"] = build_console(
                settings,
                Parts(audit, search, authorizer, tokens, verifier, engine, issuer, place, sessions, key),
            )
        application = Application(routes, Origins(settings.cors_origins), sockets, mounts, count)
        yield Gateway(application, engine, sources, index, audit, policies)


def _cache(settings: Settings, key: bytes) -> RecordCache | None:
    if settings.cache_ttl_seconds == 0:
        return None
    from gateway.sources.backends import memory_backend, redis_backend  # most gateways keep nothing

    url = settings.cache_redis_url
    backend = redis_backend(url.get_secret_value()) if url is not None else memory_backend()
    return RecordCache(Lifetime(timedelta(seconds=settings.cache_ttl_seconds)), backend, key)


def _house(
    sources: Sources,
    opened_sources: Mapping[str, OpenSource],
    index: StoredIndex,
    authorizer: PoliciesInForce,
    regions: Regions,
    key: bytes,
    standing: Callable[[Viewer], Standing],
) -> House:
    handles = Handles(key)
    capabilities = {name: source.adapter.capabilities for name, source in opened_sources.items()}
    precedence = {name: manifest.precedence for name, manifest in sources.manifests.items()}
    return House(
        sources=sources,
        index=index,
        authorizer=authorizer,
        directory=Directory(sources.manifests, capabilities, regions),
        merger=Merger(precedence, handles),
        handles=handles,
        standing=standing,
    )


def _documents(settings: Settings, opened_sources: Mapping[str, OpenSource]) -> Documents:
    held = Counter(entity for source in opened_sources.values() for entity in source.adapter.capabilities)
    return Documents(
        build_schema()._schema, limits_of(settings), introspection=settings.introspection, sources=dict(held)
    )


def limits_of(settings: Settings) -> Limits:
    """The limits of documents; each setting bears its limit's name."""
    return Limits(**{limit.name: getattr(settings, f"max_{limit.name}") for limit in fields(Limits)})


def _persisted(settings: Settings, documents: Documents) -> PersistedDocuments:
    path = settings.trusted_documents
    try:
        registered = read_registry(path, documents) if path is not None else {}
    except RegistryError as err:
        raise SettingsError(f"YITI_TRUSTED_DOCUMENTS: {err}") from err
    return PersistedDocuments(registered, locked=settings.trusted_only, size=settings.persisted_queries)


def _engine(
    settings: Settings,
    house: House,
    oversight: Oversight,
    key: bytes,
    index: StoredIndex,
    signer: PeerSigner | None,
    documents: Documents,
    office: Office,
) -> Engine:
    return Engine(
        schema=build_schema()._schema,
        house=house,
        oversight=oversight,
        cursors=Cursors(key),
        find=lambda kind, number: index.find(number, kind),
        assertions=signer.assert_for if signer is not None else None,
        jurisdiction=settings.province,
        deadline_seconds=settings.deadline_seconds,
        unshown_seconds=settings.unshown_milliseconds / 1_000,
        documents=documents,
        office=office,
        today=_today(settings.today),
    )


def _today(fixed: date | None) -> Callable[[], date]:
    """Deadlines of the law count days in China, wherever the server's clock stands."""
    return lambda: fixed or datetime.now(CHINA).date()


def _now(fixed: date | None) -> Callable[[], datetime]:
    """This moment; in demo mode at the same hour of the day that is taken for today."""
    return lambda: datetime.combine(fixed, datetime.now(CHINA).time(), CHINA) if fixed else datetime.now(CHINA)


def _pages(settings: Settings, regions: Regions, issuer: DevIssuer | None) -> dict[str, Route]:
    pages = {
        "/": Route(
            landing(
                name=settings.name, province=_place(settings, regions), demo=settings.demo, editor=settings.editor
            )
        ),
        **(assets() if settings.editor else {}),
    }
    if issuer is not None:
        viewers = read_viewers(settings.demo_viewers) if settings.demo_viewers is not None else ()
        pages["/demo/viewers"] = Route(
            demo_viewers(lambda: [DemoViewer(viewer.title, viewer.token(issuer)) for viewer in viewers])
        )
    return pages


def _place(settings: Settings, regions: Regions) -> str:
    region = regions.get(settings.province)
    return f"{region.name} {settings.province}" if region is not None else settings.province


async def _be_witnessed(
    settings: Settings,
    stack: AsyncExitStack,
    audit: KeptLog,
    sources: Mapping[str, OpenSource],
    sign: Callable[[PeerRequest], str] | None,
) -> None:
    """Hand the log's checkpoints to the peers for as long as this gateway runs."""
    if settings.audit_witness_seconds == 0:
        return
    known = known_witnesses(settings, sources, sign)
    for _, client in known:
        stack.push_async_callback(client.aclose)
    witnesses = [witness for witness, _ in known]
    task = asyncio.create_task(keep_witnessed(audit, witnesses, settings.audit_witness_seconds, settings.province))
    stack.push_async_callback(_stop, task)


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
