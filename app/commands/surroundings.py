"""What the doctor looks at outside the database: keys, files, disk, and the production profile."""

import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from flask import current_app

from app.admin import assets
from app.admin.theme import sentences
from app.commands.findings import Finding, bad, good, judged, poor
from app.secrets import KEYS
from app.spec.errors import Refusal
from app.store.contents import Contents, contents
from config import LOOPBACK, Bucket

GIB = 1024**3
UPGRADE = "run: flask crm upgrade"
CHECK_FILES = "check CRM_FILES or CRM_S3_…, and what the log says"
ROOMY, FULL = 1 * GIB, GIB // 10


def surroundings() -> Iterator[Finding]:
    """Keys, built files, catalogues, disk, attached files."""
    yield from keys()
    yield front_end()
    yield from catalogues()
    yield disk()
    yield attached()


def keys() -> Iterator[Finding]:
    """Each key from the environment, or in a file that only its owner reads (R18)."""
    folder = Path(current_app.config["CRM_INSTANCE"]) / "keys"
    for setting, name in KEYS.items():
        path = folder / name
        if not path.exists():
            yield good("key", f"{setting} comes from the environment")
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        yield judged(
            mode & 0o077 == 0,
            "key",
            f"{setting} in keys/{name}, mode {mode:04o}",
            f"others may read it, run: chmod 600 {path}, and replace the key",
        )


def front_end() -> Finding:
    """Style sheets and scripts are there, all of them."""
    files = assets.manifest().files
    missing = [name for name in files.values() if not (assets.BUILT / name).is_file()]
    return judged(
        bool(files) and not missing,
        "front end",
        f"{len(files)} files built, {len(missing)} missing",
        UPGRADE,
    )


def catalogues() -> Iterator[Finding]:
    """Every translated sentence is in the compiled catalogue that pages are read from."""
    for source in sorted(sentences.FOLDER.glob("*/LC_MESSAGES/messages.po")):
        language = source.parts[-3]
        compiled = source.with_suffix(".mo")
        if not compiled.is_file():
            yield bad("catalogue", f"{language} is not compiled — {UPGRADE}")
            continue
        with source.open("rb") as text, compiled.open("rb") as binary:
            stale = _differing(read_po(text), read_mo(binary))
        detail = f"{language}: {stale} sentences differ from the source"
        yield judged(stale == 0, "catalogue", detail, UPGRADE)


def _differing(source: Catalog, compiled: Catalog) -> int:
    have = {_forms(message.id): _forms(message.string) for message in compiled}
    wanted = {_forms(m.id): _forms(m.string) for m in source if m.id and not m.fuzzy}
    return sum(have.get(sentence) != said for sentence, said in wanted.items() if any(said))


def _forms(words: str | Iterable[str] | None) -> tuple[str, ...]:
    """A sentence and its plurals, however the file has them."""
    return (words,) if isinstance(words, str) else tuple(words or ())


def disk() -> Finding:
    """Room for the database and attachments to grow."""
    free = shutil.disk_usage(current_app.config["CRM_INSTANCE"]).free
    said = f"{free / GIB:.1f} GiB free in the instance folder"
    if free < FULL:
        return bad("disk", f"{said}: make room before anything is lost")
    return good("disk", said) if free >= ROOMY else poor("disk", said)


def attached() -> Finding:
    """The content of files can be stored, read and removed, here and by whoever serves."""
    try:
        place = contents()
    except Refusal as fault:
        return bad("files", f"the store of files can't be used ({fault.code}): {CHECK_FILES}")
    try:
        is_kept = _is_kept(place)
    except (OSError, Refusal) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else fault.code
        return bad("files", f"{place.told()} can't be used ({reason}): {CHECK_FILES}")
    if not is_kept:
        return bad("files", f"{place.told()} gives back something else: {CHECK_FILES}")
    return _room(place)


def _is_kept(place: Contents) -> bool:
    """Whether content comes back as it was stored; then it is removed again."""
    name, content = secrets.token_hex(16), secrets.token_bytes(64)
    with place.incoming(name) as file:
        file.write(content)
    with place.opened(name) as file:
        found = file.read()
    place.drop(name)
    return found == content


def _room(place: Contents) -> Finding:
    """How much fits in still, as far as that can be told; whether it travels in the open."""
    store: Bucket | None = current_app.config["CRM_S3"]
    if store is None:
        free = shutil.disk_usage(current_app.config["CRM_FILES"]).free
        said = f"{place.told()}, {free / GIB:.1f} GiB free"
        return good("files", said) if free >= FULL else bad("files", f"{said}: make room")
    parts = urlsplit(store.endpoint)
    if parts.scheme == "http" and parts.hostname not in {*LOOPBACK, "::1"}:
        return poor("files", f"{place.told()}: over http others can read them, use https")
    return good("files", place.told())


def production() -> Iterator[Finding]:
    """What a server for many people needs besides (C111): warnings on a desk."""
    config = current_app.config
    yield judged(not current_app.debug, "debug", "off" if not current_app.debug else "on", "unset")
    if config["CRM_HTTPS"]:
        yield good("https", "cookies are Secure and called __Host-")
    else:
        yield poor("https", "off: set CRM_HTTPS=1 behind a proxy that speaks https")
    named = [name for name in config["TRUSTED_HOSTS"] if name not in LOOPBACK]
    if named:
        yield good("hosts", f"answers to {', '.join(named)} and loopback")
    else:
        yield poor("hosts", "answers to loopback only: name the site in CRM_TRUSTED_HOSTS")
    if config["CRM_HTTPS"] and not config["CRM_PROXIES"]:
        yield poor("proxies", "none: behind a proxy set CRM_PROXIES, or all share one address")
    limit = config["MAX_CONTENT_LENGTH"]
    yield judged(bool(limit), "uploads", f"at most {(limit or 0) // 1024**2} MiB", "set a limit")
