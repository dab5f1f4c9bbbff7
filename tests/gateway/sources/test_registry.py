from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from adapters.contract import Adapter, Capability
from adapters.manifest import Manifest, ManifestError
from gateway.sources.registry import OpenSource, close_sources, open_sources, read_manifests
from tests.gateway.sources.memory import MemoryAdapter, a_manifest


def write(directory: Path, name: str, **changes: object) -> Path:
    document = {
        "contract": "1.0",
        "id": name,
        "version": "1",
        "name": "测试来源",
        "owner": "省厅",
        "jurisdiction": "320000",
        "agency": {"code": "320000001", "name": "省厅", "kind": "POLICE", "jurisdiction": "320000"},
        "source": {"kind": "sql", "url": "sqlite+aiosqlite:///:memory:"},
        "entities": {"PersonRecord": {"dataset": "T", "key": "ID", "fields": {"name": {"path": "XM"}}}},
    } | changes
    directory.mkdir(exist_ok=True)
    path = directory / f"{name}.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return path


def test_the_manifests_of_several_directories_are_read_once_each(tmp_path: Path) -> None:
    write(tmp_path / "jiangsu", "jiangsu-police")
    write(tmp_path / "peers", "zhejiang-police")
    found = read_manifests([tmp_path / "jiangsu", tmp_path / "peers", tmp_path / "jiangsu"])
    assert [manifest.id for manifest in found] == ["jiangsu-police", "zhejiang-police"]


def test_one_id_in_two_directories_is_refused_and_both_are_named(tmp_path: Path) -> None:
    write(tmp_path / "one", "jiangsu-police")
    write(tmp_path / "two", "jiangsu-police")
    with pytest.raises(ManifestError, match=r"two: id: jiangsu-police is .* in .*one too"):
        read_manifests([tmp_path / "one", tmp_path / "two"])


@pytest.mark.parametrize(
    ("entities", "said"),
    [
        ({"PersonRekord": {"dataset": "T", "key": "ID", "fields": {}}}, "PersonRecord"),
        ({"PersonRecord": {"dataset": "T", "key": "ID", "fields": {"nmae": {"path": "XM"}}}}, "name"),
        (
            {
                "PersonRecord": {
                    "dataset": "T",
                    "key": "ID",
                    "fields": {"sex": {"path": "XB", "values": {"1": "MAIL"}}},
                }
            },
            "MALE",
        ),
    ],
)
def test_a_misspelt_word_stops_the_start_with_file_and_nearest_word(
    tmp_path: Path, entities: object, said: str
) -> None:
    path = write(tmp_path, "jiangsu-police", entities=entities)
    with pytest.raises(ManifestError) as caught:
        read_manifests([tmp_path])
    assert str(path) in str(caught.value)
    assert said in str(caught.value)


def test_a_directory_without_manifests_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="holds no manifest"):
        read_manifests([tmp_path / "nowhere"])


class Opened:
    """Opens memory adapters and remembers them."""

    def __init__(self, break_at: str | None = None) -> None:
        self.adapters: dict[str, MemoryAdapter] = {}
        self.break_at = break_at

    def __call__(self, manifest: Manifest) -> Adapter:
        if manifest.id == self.break_at:
            raise ManifestError(f"{manifest.id}: cannot be opened")
        self.adapters[manifest.id] = MemoryAdapter(manifest, {})
        return self.adapters[manifest.id]


async def test_adapters_are_opened_by_id_be_the_opener_asynchronous_or_not() -> None:
    opener = Opened()

    async def later(manifest: Manifest) -> Adapter:
        return opener(manifest)

    manifests = [a_manifest("source-a"), a_manifest("source-b")]
    assert list(await open_sources(manifests, opener)) == ["source-a", "source-b"]
    assert list(await open_sources(manifests, later)) == ["source-a", "source-b"]


async def test_if_one_cannot_be_opened_the_others_are_closed_again() -> None:
    opener = Opened(break_at="source-b")
    with pytest.raises(ManifestError):
        await open_sources([a_manifest("source-a"), a_manifest("source-b")], opener)
    assert opener.adapters["source-a"].closed == 1


async def test_an_adapter_that_fails_to_close_does_not_keep_the_others_open() -> None:
    manifests = [a_manifest("source-a"), a_manifest("source-b")]
    first, second = (MemoryAdapter(manifest, {}) for manifest in manifests)

    async def broken() -> None:
        raise OSError("gone")

    first.aclose = broken  # type: ignore[method-assign]
    await close_sources({"a": OpenSource(manifests[0], first), "b": OpenSource(manifests[1], second)})
    assert second.closed == 1


@pytest.mark.parametrize(
    ("attribute", "value", "said"),
    [
        ("id", "somebody-else", "calls itself 'somebody-else'"),
        ("contract", "0.9", "contract '0.9'"),
        ("capabilities", {"PersonRecord": Capability(frozenset({"name", "phones"}))}, "phones not in the manifest"),
        ("capabilities", {"Visit": Capability(frozenset({"outcome"}))}, "outcome not in the manifest"),
        ("capabilities", {"PersonRecord": Capability(frozenset({"name"}), max_page=0)}, "below 1"),
    ],
)
async def test_an_adapter_that_claims_more_than_its_manifest_is_refused_and_closed(
    attribute: str, value: object, said: str
) -> None:
    manifest = a_manifest()
    adapter = MemoryAdapter(manifest, {})
    setattr(adapter, attribute, value)
    with pytest.raises(ManifestError, match=said):
        await open_sources([manifest], lambda _: adapter)
    assert adapter.closed == 1
