"""The keys of this installation: made once, kept 0600 in the instance folder, never in the code.

An environment variable wins over the file. Eight processes that start at once on an empty folder
agree on one key: each writes its own temporary file and links it to the final name, which succeeds
for exactly one of them (R18, C110).
"""

import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KEYS = {"SECRET_KEY": "session", "JWT_SECRET_KEY": "token"}
"""Setting → file name under ``keys/``: one key per purpose, so that none signs for another."""

SHORTEST = 32
FEWEST_CHARACTERS = 8
SAMPLES = (
    "changeme",
    "change-me",
    "change_me",
    "your-secret",
    "your_secret",
    "thisismyscretkey",
    "thisisasecret",
    "secret_key_here",
    "0123456789012345",
)
"""Published in tutorials and templates; long enough that no random key contains one."""


class WeakKeyError(ValueError):
    """A key that others could know or guess; the program does not start with it (C110)."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"{name} {reason}. Put at least {SHORTEST} random characters there, for example from: "
            'python -c "import secrets; print(secrets.token_urlsafe(48))", '
            "or unset it and the program makes its own."
        )


def instance_keys(config: Mapping[str, Any]) -> dict[str, str]:
    """``SECRET_KEY`` and ``JWT_SECRET_KEY``: those in ``config`` checked, missing ones from disk.

    Creates the instance folder's ``keys`` (0700) when needed. Raises :class:`WeakKeyError`.
    """
    folder = Path(config["CRM_INSTANCE"]) / "keys"
    found = {}
    for name, file_name in KEYS.items():
        given = config.get(name)
        found[name] = given if given is not None else read_or_create(folder / file_name)
        refuse_weak(name, found[name])
    for former in config.get("SECRET_KEY_FALLBACKS") or ():
        refuse_weak("SECRET_KEY_FALLBACKS", former)
    return found


def refuse_weak(name: str, key: str | bytes) -> None:
    """Raise :class:`WeakKeyError` for an empty, short, monotonous or published key."""
    text = key.decode("latin-1") if isinstance(key, bytes) else key
    if not text.strip():
        raise WeakKeyError(name, "is empty")
    if len(text.encode()) < SHORTEST:
        raise WeakKeyError(name, "is too short")
    if len(set(text)) < FEWEST_CHARACTERS:
        raise WeakKeyError(name, "repeats a few characters")
    if any(sample in text.casefold() for sample in SAMPLES):
        raise WeakKeyError(name, "looks like a sample")


def read_or_create(path: Path) -> str:
    """The key in ``path``; made now, by exactly one of all who ask at once, if it is not there."""
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        _link_once(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return path.read_text(encoding="ascii").strip()


def _link_once(temporary: str, path: Path) -> None:
    """Give the complete file its final name unless another process was first."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return


def fingerprint(key: str | bytes) -> str:
    """A name for the key that gives nothing of it away: instances compare it (C110)."""
    raw = key.encode() if isinstance(key, str) else key
    return hmac.new(raw, b"haina-crm key fingerprint", hashlib.sha256).hexdigest()
