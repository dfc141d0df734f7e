"""Content in a folder: whole or not at all, private, and there before anybody is told (R15)."""

import os
import signal
import stat
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from app.store.contents.folder import PART, Folder

NAME = "ab12" + "0" * 28


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def files(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file()]


def test_content_is_written_beside_its_place_and_is_nobody_elses(tmp_path: Path) -> None:
    """R15: until it is whole there is nothing of that name; 0600 in folders of 0700."""
    folder = Folder(tmp_path)
    with folder.incoming(NAME) as file:
        file.write(b"half")
        file.flush()
        [part] = files(tmp_path)
        assert part.suffix == PART
        with pytest.raises(FileNotFoundError):
            folder.opened(NAME)
        file.write(b" and half")
    [kept] = files(tmp_path)
    assert kept.relative_to(tmp_path) == Path("ab/12") / NAME
    assert (mode(kept), mode(kept.parent)) == (0o600, 0o700)
    with folder.opened(NAME) as file:
        assert file.read() == b"half and half"


def test_content_outlives_a_power_cut_before_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R15: the content is on the disk, then it gets its name, then the name is on the disk."""
    steps: list[tuple[str, Any]] = []
    renamed, synced = Path.rename, os.fsync

    def rename(self: Path, target: Path) -> Path:
        steps.append(("rename", target.name))
        return renamed(self, target)

    def fsync(handle: int) -> None:
        about = os.fstat(handle)
        is_folder = stat.S_ISDIR(about.st_mode)
        steps.append(("folder", None) if is_folder else ("content", about.st_size))
        synced(handle)

    monkeypatch.setattr(Path, "rename", rename)
    monkeypatch.setattr(os, "fsync", fsync)
    with Folder(tmp_path).incoming(NAME) as file:
        file.write(b"12345")
    assert steps == [("content", 5), ("rename", NAME), ("folder", None)]


def _failing(folder: Folder, fault: type[BaseException]) -> None:
    with folder.incoming(NAME) as file:
        file.write(b"half")
        raise fault


@pytest.mark.parametrize("fault", [ValueError, OSError, KeyboardInterrupt])
def test_of_what_fails_nothing_stays(tmp_path: Path, fault: type[BaseException]) -> None:
    """R15: whatever it is; and its name is free again."""
    folder = Folder(tmp_path)
    with pytest.raises(fault):
        _failing(folder, fault)
    assert files(tmp_path) == []
    with folder.incoming(NAME) as file:
        file.write(b"whole")
    assert len(files(tmp_path)) == 1


def _die_while_writing(home: Path) -> None:
    with Folder(home).incoming(NAME) as file:
        file.write(b"half")
        file.flush()
        os.kill(os.getpid(), signal.SIGKILL)


def test_the_half_that_a_killed_process_leaves_is_found(tmp_path: Path) -> None:
    """R15, C70: it has another name than any content, and can be swept by it when it is old."""
    process = get_context("forkserver").Process(target=_die_while_writing, args=[tmp_path])
    process.start()
    process.join(60)
    [part] = files(tmp_path)
    folder = Folder(tmp_path)
    assert list(folder.old(3600)) == [], "somebody may be writing it"
    os.utime(part, (time.time() - 7200,) * 2)
    assert list(folder.old(3600)) == [[NAME + PART]]
    folder.drop(NAME + PART)
    assert files(tmp_path) == []
