"""Folders of work under way: private, and swept a day after their process was killed (C70)."""

import os
import stat
import tempfile
import time
from pathlib import Path

import pytest

from app.operations import scratch


def test_what_killed_processes_left_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uploaded files and half exports hold data of customers; what others put there is theirs."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    old = time.time() - 2 * scratch.ABANDONED
    for name in ("crm-export-a", "crm-import-b", "crm-c", "import-d"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "upload").write_text("13800138000", encoding="utf-8")
        os.utime(tmp_path / name, (old, old))
    (tmp_path / "crm-import-e").mkdir()
    with scratch.folder("import") as mine:
        assert stat.S_IMODE(Path(mine).stat().st_mode) == 0o700
        left = {path.name for path in tmp_path.iterdir()}
    assert left == {"crm-c", "import-d", "crm-import-e", Path(mine).name}
    assert not Path(mine).exists()
