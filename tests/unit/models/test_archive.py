"""Taking files out of packages, also of hostile ones."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from vedette.contracts.errors import ModelUnavailable
from vedette.models import archive
from vedette.models.archive import read_members


def tarball(folder: Path, *entries: tuple[str, bytes] | tarfile.TarInfo) -> Path:
    file = folder / "package.tgz"
    with tarfile.open(file, "w:gz") as made:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                made.addfile(entry)
                continue
            info = tarfile.TarInfo(entry[0])
            info.size = len(entry[1])
            made.addfile(info, io.BytesIO(entry[1]))
    return file


def wheel(folder: Path, **entries: bytes) -> Path:
    file = folder / "package-1-py3-none-any.whl"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in entries.items():
            made.writestr(name.replace("__", "/"), data)
    return file


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_only_wanted_files_come_without_the_wrapping_folder(tmp_path: Path) -> None:
    file = tarball(
        tmp_path, ("package/a/x.json", b"x"), ("package/other", b"o"), ("package/y.bin", b"y")
    )

    assert read_members(file, ["a/x.json", "y.bin"]) == {"a/x.json": b"x", "y.bin": b"y"}


def test_wheels_have_no_wrapping_folder(tmp_path: Path) -> None:
    assert read_members(wheel(tmp_path, pkg__a=b"x", b=b"y"), ["pkg/a"]) == {"pkg/a": b"x"}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"package\.tgz has no file 'b'"):
        read_members(tarball(tmp_path, ("package/a", b"x")), ["a", "b"])


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_are_refused(tmp_path: Path, kind: bytes) -> None:
    with pytest.raises(ModelUnavailable, match="not a plain file"):
        read_members(tarball(tmp_path, link("package/a", "/etc/passwd", kind)), ["a"])


def test_devices_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="not a plain file"):
        read_members(tarball(tmp_path, link("package/a", "", tarfile.CHRTYPE)), ["a"])


def test_nothing_of_a_hostile_archive_reaches_the_disk(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    file = tarball(
        inside,
        ("../escaped", b"evil"),
        ("/absolute", b"evil"),
        ("package/../../escaped", b"evil"),
        ("package/a", b"good"),
    )
    before = sorted(tmp_path.rglob("*"))

    assert read_members(file, ["a"]) == {"a": b"good"}
    assert sorted(tmp_path.rglob("*")) == before


def test_too_large_a_member_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "LARGEST_MEMBER", 10)

    for file in (tarball(tmp_path, ("package/a", bytes(11))), wheel(tmp_path, a=bytes(11))):
        with pytest.raises(ModelUnavailable, match="11 bytes, too many"):
            read_members(file, ["a"])


@pytest.mark.parametrize("name", ["a.tgz", "a.whl"])
@pytest.mark.parametrize("data", [b"", b"garbage" * 100])
def test_what_is_no_archive_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)

    with pytest.raises(ModelUnavailable, match="cannot be read"):
        read_members(tmp_path / name, ["a"])


def test_every_cut_of_an_archive_gives_the_whole_file_or_a_sentence(tmp_path: Path) -> None:
    content = np.random.default_rng(0).bytes(3000)
    for file in (tarball(tmp_path, ("package/a", content)), wheel(tmp_path, a=content)):
        data = file.read_bytes()
        refused = 0
        for end in range(0, len(data), 97):
            file.write_bytes(data[:end])
            try:
                assert read_members(file, ["a"]) == {"a": content}
            except ModelUnavailable:
                refused += 1
        assert refused > 20


def test_a_flipped_bit_in_a_wheel_is_noticed(tmp_path: Path) -> None:
    file = wheel(tmp_path, a=bytes(1000))
    data = bytearray(file.read_bytes())
    data[35] ^= 0x10
    file.write_bytes(data)

    with pytest.raises(ModelUnavailable, match="cannot be read"):
        read_members(file, ["a"])
