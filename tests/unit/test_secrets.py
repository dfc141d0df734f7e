"""The keys of an installation: one per folder, private, never weak (C110, R18)."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.secrets import WeakKeyError, fingerprint, instance_keys, read_or_create, refuse_weak

GOOD = "kR7vQ2mZx9Lw4TbN8cYf1HsJ6dGp3AeU"
RACER = "import sys; from app.secrets import read_or_create; from pathlib import Path; \
print(read_or_create(Path(sys.argv[1])))"


def test_a_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    config = {"CRM_INSTANCE": str(tmp_path / "instance")}
    first = instance_keys(config)
    assert instance_keys(config) == first
    assert first["SECRET_KEY"] != first["JWT_SECRET_KEY"]
    files = list((tmp_path / "instance" / "keys").iterdir())
    assert sorted(path.name for path in files) == ["session", "token"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert (tmp_path / "instance" / "keys").stat().st_mode & 0o777 == 0o700


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "session"
    racers = [
        subprocess.Popen([sys.executable, "-c", RACER, str(path)], stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    answers = {racer.communicate(timeout=60)[0] for racer in racers}
    assert len(answers) == 1
    assert answers.pop().decode().strip() == path.read_text().strip()
    assert [left.name for left in path.parent.iterdir()] == ["session"]


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    kept = read_or_create(tmp_path / "keys" / "session")
    config: Mapping[str, object] = {"CRM_INSTANCE": str(tmp_path), "SECRET_KEY": GOOD}
    assert instance_keys(config)["SECRET_KEY"] == GOOD != kept


@pytest.mark.parametrize(
    "key",
    [
        "",
        "   ",
        "changeme",
        "short-but-random-9x",
        "changeme-changeme-changeme-0123456789",
        "your-secret-key-goes-here-0123456789abc",
        "a" * 64,
        "abababababababababababababababababab",
    ],
)
def test_a_weak_key_stops_the_start(tmp_path: Path, key: str) -> None:
    config = {"CRM_INSTANCE": str(tmp_path), "SECRET_KEY": key}
    with pytest.raises(WeakKeyError, match="SECRET_KEY"):
        instance_keys(config)
    with pytest.raises(WeakKeyError, match="FALLBACKS"):
        instance_keys({**config, "SECRET_KEY": GOOD, "SECRET_KEY_FALLBACKS": [key]})


def test_no_key_that_we_make_is_refused(tmp_path: Path) -> None:
    for number in range(200):
        refuse_weak("SECRET_KEY", read_or_create(tmp_path / str(number)))


def test_a_fingerprint_tells_keys_apart_and_nothing_else() -> None:
    assert fingerprint(GOOD) == fingerprint(GOOD.encode())
    assert fingerprint(GOOD) != fingerprint(GOOD[::-1])
    assert GOOD not in fingerprint(GOOD)
