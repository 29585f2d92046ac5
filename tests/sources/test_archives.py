"""Archives: members are files like any other; nothing leads out of them, nothing of a break is lost."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from pathlib import Path

import orjson
import pytest

import imprint
from imprint.sources import archives
from imprint.sources.archives import unpack
from tests.conftest import MakeProject, article, released_rows, tree

FILES = {
    "wire/a.jsonl": b"".join(orjson.dumps(article(i)) + b"\n" for i in range(20)),
    "posts/b.md": b"---\ntitle: The quay\n---\nIt was repaired by all.\n",
    "c.txt": b"The wall\n\nIt stands again, they said.\n",
}


def make(path: Path, files: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return path
    mode = {".tar": "w", ".tgz": "w:gz", ".gz": "w:gz", ".bz2": "w:bz2"}[path.suffix]
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("name", ["all.zip", "all.tar", "all.tgz", "all.tar.gz", "all.tar.bz2"])
def test_an_archive_gives_the_release_that_its_files_give(make_project: MakeProject, name: str) -> None:
    releases = []
    for kind in ("files", "archive"):
        root = make_project(folder=kind)
        if kind == "archive":
            make(root / "data/raw" / name, FILES)
        else:
            for inner, data in FILES.items():
                path = root / "data/raw" / inner
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        result = imprint.build(root)
        imprint.publish(root)
        rows = released_rows(root, "1.0.0")
        releases.append({i: (row["text"], row["split"], row["raw_sha256"]) for i, row in rows.items()})
        assert result.accounting["new"] == 22
    assert releases[0] == releases[1]
    assert {row["input_file"] for row in rows.values()} == {f"{name}/{inner}" for inner in FILES}
    [story] = imprint.explain(f"{name}/wire/a.jsonl:3", root).stories
    assert story.fate == "new"


@pytest.mark.parametrize(
    "name", ["../escape.txt", "/absolute.txt", "a/../../escape.txt", "C:\\x.txt", "..\\x.txt", "a\x1b[.txt"]
)
@pytest.mark.parametrize("kind", ["a.zip", "a.tar"])
def test_a_name_that_leads_out_is_a_finding_and_nothing_is_written(
    tmp_path: Path, kind: str, name: str
) -> None:
    path = make(tmp_path / kind, {name: b"x", "good.txt": b"y"})
    (tmp_path / "out/in").mkdir(parents=True)
    members = list(unpack(str(path), tmp_path / "out/in"))
    assert [member.finding.code if member.finding else None for member in members] == ["unsafe_member", None]
    assert list(tree(tmp_path / "out").values()) == [b"y"]


def test_links_and_devices_in_archives_are_findings(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            info = tarfile.TarInfo("link.txt")
            info.type = kind
            info.linkname = "/etc/passwd"
            archive.addfile(info)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped:
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        zipped.writestr(link, "/etc/passwd")
    for name, count in (("a.tar", 4), ("a.zip", 1)):
        (tmp_path / f"out-{name}").mkdir()
        members = list(unpack(str(tmp_path / name), tmp_path / f"out-{name}"))
        assert [member.finding.code for member in members if member.finding] == ["unsafe_member"] * count


@pytest.mark.parametrize("name", ["cut.zip", "cut.tar.gz", "cut.tar", "noise.zip", "noise.tar", "empty.zip"])
def test_a_broken_archive_is_one_rejected_record_and_its_members_before_are_kept(
    make_project: MakeProject, name: str
) -> None:
    root = make_project(article(i) for i in range(100, 130))
    path = make(root / f"data/raw/{name}", {**FILES, "last.txt": bytes(range(256)) * 400})
    data = path.read_bytes()
    path.write_bytes(
        {"cut": data[: len(data) * 3 // 4], "noise": bytes(range(1, 256)) * 40, "empty": b""}[
            name.split(".", maxsplit=1)[0]
        ]
    )
    result = imprint.build(root)
    assert result.accounting["quarantined"] == 1
    entry = orjson.loads((root / "data/build/quarantine.jsonl").read_bytes())
    assert (entry["code"], entry["file"]) == ("truncated_stream", name)
    if name.startswith("cut.tar"):
        assert result.accounting["new"] == 52


@pytest.mark.parametrize("kind", ["bomb.zip", "bomb.tar.gz"])
def test_a_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(archives, "EXPANSION_FLOOR", 1 << 20)
    monkeypatch.setattr("imprint.sources.compression.EXPANSION_FLOOR", 1 << 20)
    path = make(tmp_path / kind, {"a.txt": bytes(20 << 20)})
    (tmp_path / "out").mkdir()
    last = list(unpack(str(path), tmp_path / "out"))[-1]
    assert last.finding is not None
    assert "times its size" in last.finding.message
    assert sum(map(len, tree(tmp_path / "out").values())) < 16 << 20


def test_an_archive_with_a_password_says_so(tmp_path: Path) -> None:
    path = make(tmp_path / "a.zip", {"a.txt": b"x"})
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    path.write_bytes(data)
    (tmp_path / "out").mkdir()
    [member] = unpack(str(path), tmp_path / "out")
    assert member.finding is not None
    assert "password" in member.finding.message
