"""The front-end files: built whole, fingerprinted, compressed, small enough, ours alone (UI-3)."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

import app.entities  # noqa: F401 - fills the catalogue
from app.admin import assets
from app.spec.catalogue import catalogue
from app.spec.operations import OPERATIONS

FIRST_PAGE = ("vendor.css", "vendor.js", "app.css", "icons.svg", "mark.svg")
FIRST_PAGE_BYTES = 600 * 1024

FONT = "@font-face{font-family:fcicons;src:url('data:x')format('truetype')}"


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A stand-in for the npm packages: small files in the places the build looks at."""
    home = tmp_path / "packages"
    vendors = (*assets.VENDOR_STYLES, *assets.VENDOR_SCRIPTS, assets.CHARTS, *assets.CALENDAR)
    for name in vendors:
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"/* {name} */\n//# sourceMappingURL=x.map", "utf-8")
    (home / assets.CALENDAR[0]).write_text(f"before{FONT}after", "utf-8")
    for word in (assets.SOURCES / "icons.txt").read_text("utf-8").split():
        kind, plain = ("filled", word[:-7]) if word.endswith("-filled") else ("outline", word)
        path = home / "@tabler" / "icons" / "icons" / kind / f"{plain}.svg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('<svg\n viewBox="0 0 24 24">\n <path d="M1 1" />\n</svg>', "utf-8")
    return home


@pytest.fixture
def built(packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh output folder, filled from the stand-in packages."""
    monkeypatch.setattr(assets, "BUILT", tmp_path / "build")
    monkeypatch.setattr(assets, "packages", lambda: packages)
    assert assets.build() is True
    return assets.BUILT


@pytest.fixture
def client(built: Path) -> FlaskClient:
    """A browser of an app that has nothing but the built files."""
    app = Flask("pages", static_folder=None)
    assets.register(app)
    return app.test_client()


def test_a_second_build_has_nothing_to_do(built: Path) -> None:
    assert assets.build() is False
    assert assets.build(force=True) is True


def test_a_changed_source_is_built_again(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "_fingerprint", lambda: "another")
    assert assets.build() is True


def test_names_carry_the_content(built: Path) -> None:
    names = json.loads((built / assets.MANIFEST).read_text("utf-8"))["files"]
    assert names
    for plain, fingerprinted in names.items():
        assert re.fullmatch(rf"{plain.rsplit('.', 1)[0]}\.[0-9a-f]{{12}}\.\w+", fingerprinted)
        packed = (built / f"{fingerprinted}.gz").read_bytes()
        assert gzip.decompress(packed) == (built / fingerprinted).read_bytes()


def test_imports_point_at_built_modules(built: Path) -> None:
    imports = [
        found
        for path in built.glob("*.js")
        for found in re.findall(r'from "\./([\w.]+)"', path.read_text("utf-8"))
    ]
    assert imports
    assert all((built / name).is_file() for name in imports)


def test_two_builds_at_once_leave_whole_files(built: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: assets.build(force=True), range(2))) == [True, True]
    names = json.loads((built / assets.MANIFEST).read_text("utf-8"))["files"]
    assert all((built / name).stat().st_size for name in names.values())
    assert not list(built.glob(".draft-*"))


def test_files_are_served_packed_and_for_ever(client: FlaskClient) -> None:
    with client.application.test_request_context():
        url = assets.asset("app.css")
    with client.get(url, headers={"Accept-Encoding": "gzip"}) as packed, client.get(url) as plain:
        assert packed.status_code == plain.status_code == 200
        assert packed.headers["Content-Encoding"] == "gzip"
        assert "Content-Encoding" not in plain.headers
        assert gzip.decompress(packed.data) == plain.data
        assert "immutable" in plain.headers["Cache-Control"]
        assert plain.mimetype == "text/css"


@pytest.mark.parametrize("name", ["manifest.json", ".draft-x.css", "app.css.gz", "nothing.css"])
def test_nothing_else_is_served(client: FlaskClient, name: str) -> None:
    with client.get(f"/static/build/{name}") as answer:
        assert answer.status_code == 404


def test_an_unknown_name_is_refused(built: Path) -> None:
    with pytest.raises(assets.AssetsError, match=r"nothing\.css"):
        assets.asset("nothing.css")


def test_a_missing_network_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = subprocess.CompletedProcess(["npm"], 1, "", "getaddrinfo EAI_AGAIN")
    monkeypatch.setattr(assets, "PACKAGES", tmp_path / "packages")
    monkeypatch.setattr(assets, "_npm", lambda: lambda *_words, **_how: failed)
    with pytest.raises(assets.AssetsError, match="check the network"):
        assets.build(force=True)
    assert not list((tmp_path / "packages").iterdir())


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((assets.ROOT / "package-lock.json").read_text("utf-8"))
    assert lock["packages"]
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


def test_templates_are_free_of_inline_code_and_foreign_addresses() -> None:
    pages = sorted((assets.THEME / "templates").rglob("*.html"))
    assert pages
    inline = re.compile(r"\son\w+=|\sstyle=|<style|javascript:|https?://|<script(?![^>]*\bsrc=)")
    assert {page.name: found for page in pages if (found := inline.findall(_text(page)))} == {}


def test_icons_in_templates_are_in_the_sprite() -> None:
    known = set((assets.SOURCES / "icons.txt").read_text("utf-8").split())
    pages = (assets.THEME / "templates").rglob("*.html")
    used = {name for page in pages for name in re.findall(r'\bicon\("([\w-]+)"', _text(page))}
    assert used
    assert used <= known


def test_icons_of_declarations_are_in_the_sprite() -> None:
    known = set((assets.SOURCES / "icons.txt").read_text("utf-8").split())
    declared = {verb.icon for verb in OPERATIONS.values()} | {entity.icon for entity in catalogue}
    assert declared - {""}
    assert declared - {""} <= known


def test_the_first_page_is_light() -> None:
    """Real sizes; only where the real files were built."""
    names = assets.manifest().files
    if not names:
        pytest.skip("the front-end files aren't built here: run.py makes them")
    wanted = {*FIRST_PAGE, *(name for name in names if name.endswith(".js"))}
    size = sum((assets.BUILT / f"{names[name]}.gz").stat().st_size for name in wanted)
    assert size <= FIRST_PAGE_BYTES


def _text(page: Path) -> str:
    return page.read_text("utf-8")


def test_no_font_comes_as_data(built: Path, packages: Path) -> None:
    """C53: the policy would refuse it; a release that hides it elsewhere stops the build."""
    assert (
        (built / assets.manifest().files["fullcalendar.js"]).read_text().startswith("beforeafter")
    )
    (packages / assets.CALENDAR[0]).write_text("none", "utf-8")
    with pytest.raises(assets.AssetsError, match="icon font"):
        assets.build(force=True)
