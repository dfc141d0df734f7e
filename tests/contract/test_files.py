"""Files of records: whose they are, what is taken, how they are handed out (R15, C64-C71)."""

import errno
import io
import os
import signal
import time
import zipfile
import zlib
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from werkzeug.test import TestResponse

from app.spec import clock, files
from app.spec.catalogue import catalogue
from app.store import attachments
from app.store.attachments import Attachment
from app.store.contents import store
from app.store.contents.folder import Folder
from config import Bucket
from tests.contract.calls import Api, write
from tests.races.crowd import CONTEXT, Elsewhere, Place, replace
from tests.support.mailbox import as_the_clock
from tests.support.store import everything_in
from tests.support.web import hidden_inputs
from tests.support.worlds import World

DAY = timedelta(days=1)
NAME = "合同（最终）.pdf"
PDF = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n%%EOF\n"
WITH_FILES = [entity.plural for entity in catalogue if entity.has_files]


def packed(*names: str) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w") as package:
        for name in names:
            package.writestr(name, "x")
    return found.getvalue()


def png(side: int, *extra: bytes) -> bytes:
    """A picture of that many pixels a side, as its header says, with more parts."""

    def part(kind: bytes, content: bytes) -> bytes:
        whole = kind + content
        return len(content).to_bytes(4) + whole + zlib.crc32(whole).to_bytes(4)

    size = side.to_bytes(4) * 2 + bytes([8, 0, 0, 0, 0])
    parts = [(b"IHDR", size), *((b"tEXt", one) for one in extra), (b"IDAT", zlib.compress(b"\0\0"))]
    body = b"".join(part(*one) for one in [*parts, (b"IEND", b"")])
    return b"\x89PNG\r\n\x1a\n" + body


def attach(api: Api, place: str, name: str = NAME, content: bytes = PDF, **headers: str) -> Any:
    data = {"file": (io.BytesIO(content), name)}
    return api.client.post(f"/api/v1/{place}/files", data=data, headers={**api.headers, **headers})


def fetch(client: FlaskClient, path: str) -> TestResponse:
    """An answer read to its end, so that its file is closed."""
    with client.get(path) as answer:
        answer.get_data()
        return answer


def stored(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(select(Attachment.__table__).order_by(Attachment.id)))


@pytest.fixture(autouse=True, params=["folder", "store"])
def place(request: pytest.FixtureRequest) -> str:
    """Every promise is kept wherever the content lies."""
    if request.param == "store":
        request.getfixturevalue("store")
    kind: str = request.param
    return kind


def contents(world: World) -> set[str]:
    """The names of everything that lies where the content of files is."""
    if world.app.config["CRM_S3"] is not None:
        return {key.rpartition("/")[2] for key in everything_in(world.app.config["CRM_S3"])}
    home = Path(world.app.config["CRM_FILES"])
    return {path.name for path in home.rglob("*") if path.is_file()}


@pytest.mark.parametrize("plural", WITH_FILES)
def test_files_are_as_far_as_their_record(world: World, engine: Engine, plural: str) -> None:
    """Readers fetch, editors change, all others find nothing; a file is only ever a download."""
    owner, reader, other = (Api(world, name) for name in ("sales1a", "audit", "sales1b"))
    made = attach(owner, f"{plural}/1", Idempotency_Key="k")
    assert made.status_code == 201, made.text
    assert attach(reader, f"{plural}/1").status_code == 403
    assert attach(other, f"{plural}/1").status_code == 404
    place = f"/{plural}/1/files/{made.json['id']}"
    shape = {"id", "name", "size", "sha256", "content_type", "created_at", "created_by"}
    for api in (owner, reader):
        listed = api.get(f"/{plural}/1/files").json
        assert listed["count"] == 1
        assert set(listed["result"][0]) == shape
        assert listed["result"][0]["name"] == NAME
        assert listed["result"][0]["sha256"] == sha256(PDF).hexdigest()
        assert listed["result"][0]["size"] == len(PDF)
        for path in (f"/api/v1{place}", place.replace("/1/files", "/files/1")):
            got = fetch(api.client, path)
            assert (got.data, got.content_type) == (PDF, "application/pdf")
            disposition = got.headers["Content-Disposition"]
            assert disposition.startswith("attachment;")
            assert "filename*=UTF-8''%E5%90%88%E5%90%8C" in disposition
            assert "sandbox" in got.headers["Content-Security-Policy"]
            assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert NAME in owner.client.get(f"/{plural}/show/1?tab=history").text
    for number in (0, made.json["id"] + 1, 2**31):
        assert owner.get(f"/{plural}/1/files/{number}").status_code == 404
    assert owner.get(f"/{plural}/2/files/{made.json['id']}").status_code == 404, "another record's"
    assert reader.delete(place).status_code == 403
    assert other.client.get(f"/api/v1{place}").status_code == 404
    write(engine, catalogue_key(plural), 1, deleted_at=stored(engine)[0].created_at)
    assert [owner.get(path).status_code for path in (place, f"/{plural}/1/files")] == [404, 404]
    write(engine, catalogue_key(plural), 1, deleted_at=None)
    assert fetch(owner.client, f"/api/v1{place}").status_code == 200, "back with its record"


def catalogue_key(plural: str) -> str:
    return next(entity.key for entity in catalogue if entity.plural == plural)


def form(client: FlaskClient, page: str, **more: Any) -> dict[str, Any]:
    return {**hidden_inputs(client.get(page).text), **more}


def test_files_on_the_page_without_script(world: World, engine: Engine) -> None:
    """Several at once, all or none; removed and brought back; the reader has no form."""
    client, page = world.client("sales1a"), "/customers/show/1?tab=files"

    def send(*names: str) -> Any:
        given = [(io.BytesIO(PDF if name.endswith("pdf") else b"hello"), name) for name in names]
        return client.post("/customers/files/1", data=form(client, page, file=given))

    before = contents(world)
    refused = send("a.txt", "b.exe")
    assert refused.status_code == 422
    assert "b.exe" in refused.text
    assert (stored(engine), contents(world)) == ([], before)
    assert send().status_code == 422
    assert send("a.txt", NAME).status_code == 302
    again = form(client, page)
    for _ in "12":
        given = (io.BytesIO(b"once"), "c.txt")
        assert client.post("/customers/files/1", data={**again, "file": given}).status_code == 302
    rows = stored(engine)
    assert sorted(row.name for row in rows) == sorted(["a.txt", NAME, "c.txt"])
    assert contents(world) - before == {row.storage for row in rows}
    one = f"/customers/files/1/{rows[0].id}"
    for wanted, statuses in (("remove", (302, 404)), ("restore", (302, 404)), ("x", (400, 400))):
        data = form(client, page, do=wanted)
        answers = [client.post(one, data=data).status_code for _ in "12"]
        assert tuple(answers) == statuses, wanted
        assert fetch(client, one).status_code == (404 if wanted == "remove" else 200)
    reader = world.client("audit").get(page).text
    assert NAME in reader
    assert "data-files" not in reader
    assert "storage" not in reader + Api(world, "audit").get("/customers/1/files").text


RANGES = {
    "bytes=0-4": (206, slice(0, 5)),
    "bytes=9-": (206, slice(9, None)),
    "bytes=-6": (206, slice(-6, None)),
    "bytes=4000-": (400, None),
}


def test_parts_of_a_file(world: World) -> None:
    """C67: whoever may have the whole may ask for a part, or for its head; nobody else."""
    owner, other = Api(world, "sales1a"), Api(world, "sales2a")
    path = f"/customers/files/1/{attach(owner, 'customers/1').json['id']}"
    for asked, (status, part) in RANGES.items():
        with owner.client.get(path, headers={"Range": asked}) as answer:
            assert answer.status_code == status, asked
            if part is not None:
                assert answer.data == PDF[part], asked
        assert other.client.get(path, headers={"Range": asked}).status_code == 404
    with owner.client.head(path) as head:
        assert (head.status_code, head.data) == (200, b"")
        assert head.headers["Content-Length"] == str(len(PDF))
        since = {"If-Modified-Since": head.headers["Last-Modified"]}
    with owner.client.get(path, headers=since) as same:
        assert same.status_code == 304
    assert other.client.head(path).status_code == 404


WORD = ("[Content_Types].xml", "word/document.xml")
BAD_NAMES = (
    "a.svg a.html a.xml a.js a.php a.PhP a.pHaR a.jsp a.exe a.lnk a.zip.exe a.php.pdf a.docm a "
    "a.pdf. .pdf CON"
)
REFUSED = {
    **dict.fromkeys(BAD_NAMES.split(), PDF),
    "nul.pdf\0.txt": PDF,
    "trailing.pdf ": PDF,
    "empty.pdf": b"",
    "gif.pdf": b"GIF89a/*" + b"*/=1;alert(1)",
    "script.pdf": PDF + b"<< /S /JavaScript /JS (app.alert(1)) >>",
    "page.txt": b" <!DOCTYPE html><script>alert(1)</script>",
    "binary.txt": b"MZ\x90\0\0",
    "not.docx": packed("anything.txt"),
    "macro.docx": packed(*WORD, "word/vbaProject.bin"),
    "future.docx": packed(*WORD).replace(b"PK\x01\x02\x14\x03\x14", b"PK\x01\x02\x14\x03\xff"),
    "garbled.docx": packed(*WORD, "é").replace("é".encode(), b"\xff\xff"),
    "sheet.docx": packed("[Content_Types].xml", "xl/workbook.xml"),
    "bomb.png": png(20_000),
    "half.png": png(1)[:-4],
    "not.jpg": png(1),
}


def test_what_is_not_taken(world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """C64, C69: by name and by content; nothing of it stays anywhere."""
    api, before = Api(world, "sales1a"), contents(world)
    for name, content in REFUSED.items():
        answer = attach(api, "customers/1", name, content)
        assert answer.status_code == 422, name
        assert world.app.config["CRM_INSTANCE"] not in answer.text
    two = {"file": [(io.BytesIO(PDF), "a.pdf"), (io.BytesIO(PDF), "b.pdf")]}
    both = api.client.post("/api/v1/customers/1/files", data=two, headers=api.headers)
    assert both.status_code == 400, "it attaches one, and drops none in silence"
    set_mb(world, 1)
    monkeypatch.setattr(files, "BLOCK", 1024)  # a megabyte is as large as this, for now
    assert attach(api, "customers/1", "big.txt", b"x" * 1025).status_code == 413

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(attachments, "_copy", full)
    assert attach(api, "customers/1").status_code == 507, "C94"
    assert (stored(engine), contents(world)) == ([], before)


def set_mb(world: World, most: int) -> None:
    admin = world.client("admin")
    data = form(admin, "/settings/", file_mb=most)
    assert admin.post("/settings/", data=data).status_code == 302


def test_what_is_taken_keeps_its_name(world: World, engine: Engine) -> None:
    """C66: paths, markup, long names; C69: pictures lose what cameras wrote."""
    api = Api(world, "sales1a")
    names = {
        "'><img onerror=alert(1)>.pdf": "'><img onerror=alert(1)>.pdf",
        "../../etc/x.pdf": "x.pdf",
        "C:/x/bill.PDF": "bill.PDF",
        "\u202efdp.exe\u202c.pdf".replace(".exe", "exe"): "fdpexe.pdf",
        "长" * 300 + ".pdf": "长" * 197 + ".pdf",
    }
    for sent, kept in names.items():
        answer = attach(api, "customers/1", sent)
        assert answer.status_code == 201, sent
        assert answer.json["result"]["name"] == kept
    page = api.client.get("/customers/show/1?tab=files").text
    assert "<img onerror" not in page
    picture = attach(api, "customers/1", "photo.png", png(1, b"GPS 31.2,121.5")).json["id"]
    for name, content in (
        ("offer.docx", packed("[Content_Types].xml", "word/document.xml")),
        ("gb.txt", "你好".encode("gb18030")),
    ):
        assert attach(api, "customers/1", name, content).status_code == 201, name
    assert b"GPS" not in fetch(api.client, f"/customers/files/1/{picture}").data


def age(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything that lies there be two days old; a store's clock can't be set, ours can."""
    monkeypatch.setattr(store, "clock", SimpleNamespace(now=lambda: clock.now() + 2 * DAY))
    for path in Path(world.app.config["CRM_FILES"]).rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - 2 * DAY.total_seconds(),) * 2)


def _die_before_the_commit(place: Place, bucket: Bucket | None) -> None:
    here = Elsewhere(place)
    here.app.config["CRM_S3"] = bucket
    replace("app.store.attachments", "add", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    attach(here.api("sales1a"), "customers/1")


def test_killed_between_file_and_commit(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C70: no row without its file; a file without a row goes after a day, others stay."""
    api, before = Api(world, "sales1a"), contents(world)
    kept = attach(api, "customers/1").json["id"]
    arguments = Place.of(world), world.app.config["CRM_S3"]
    process = CONTEXT.Process(target=_die_before_the_commit, args=arguments)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    (row,) = stored(engine)
    assert row.id == kept
    left = contents(world) - before
    assert len(left) == 2
    assert {len(name) for name in left} == {32}, "whole, before any commit (R15)"
    sweep(world)
    assert len(contents(world) - before) == 2, "somebody may be about to commit it"
    age(world, monkeypatch)
    sweep(world)
    assert contents(world) - before == {row.storage}
    assert fetch(api.client, f"/customers/files/1/{kept}").data == PDF


def sweep(world: World) -> None:
    as_the_clock(world, attachments.SWEEP.does)


def test_files_go_with_a_purged_record(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CUS-3: the row with the record, the content by the clock; what others need stays."""
    api, admin = Api(world, "sales1a"), Api(world, "admin")
    attach(api, "contacts/1")
    kept = attach(api, "customers/1").json["id"]
    for slug in ("delete", "purge"):
        assert admin.bulk("contacts", slug, [1]).json["done"] == 1
    age(world, monkeypatch)
    sweep(world)
    (row,) = stored(engine)
    assert row.id == kept
    assert row.storage in contents(world)


def test_files_come_along_with_what_a_record_becomes(world: World, engine: Engine) -> None:
    """LEAD-1: the same content under the customer; LEAD-2: the lead's own are only read. CUS-7."""
    api = Api(world, "sales1a")
    attach(api, "contacts/1")
    merged = Api(world, "admin").bulk("contacts", "merge", [1, 2], {"survivor": 2})
    assert merged.json["done"] == 2, merged.text
    assert [row.record_id for row in stored(engine)] == [1, 2]
    attach(api, "leads/1")
    assert api.bulk("leads", "convert", [1], {}).json["done"] == 1
    lead, customer = stored(engine)[2:]
    assert (customer.entity, customer.storage) == ("customer", lead.storage)
    assert fetch(api.client, f"/customers/files/{customer.record_id}/{customer.id}").data == PDF
    assert attach(api, "leads/1").status_code == 409


def test_content_goes_after_the_last_row_that_names_it(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R15: what two records share stays for the other one; no row is left whose content is gone."""
    api, table = Api(world, "sales1a"), Attachment.__table__
    shared = attach(api, "leads/1").json["id"]
    alone = attach(api, "customers/1").json["id"]
    assert api.bulk("leads", "convert", [1], {"customer": 1}).json["done"] == 1
    copied = stored(engine)[-1]
    for number in (alone, copied.id):
        removed = api.send("DELETE", f"/customers/1/files/{number}")
        assert removed.status_code == 200, removed.text
    long_ago = clock.now() - timedelta(days=999)
    with engine.begin() as connection:
        gone = table.c.id.in_([alone, copied.id])
        connection.execute(table.update().where(gone).values(deleted_at=long_ago))
    named: list[set[str]] = []
    for kind in (Folder, store.Store):
        drop = kind.drop

        def watched(self: Any, name: str, drop: Any = drop) -> None:
            named.append({name} & {row.storage for row in stored(engine)})
            drop(self, name)

        monkeypatch.setattr(kind, "drop", watched)
    age(world, monkeypatch)
    sweep(world)
    assert named, "something went"
    assert not any(named), "only when that is committed"
    assert [row.id for row in stored(engine)] == [shared]
    assert fetch(api.client, f"/leads/files/1/{shared}").data == PDF


def test_what_was_removed_can_be_brought_back_for_a_while(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R15: removing forgets nothing; the clock does, when the days of the setting are over."""
    api, table = Api(world, "sales1a"), Attachment.__table__
    number, days = attach(api, "customers/1").json["id"], files.BIN_DAYS.field.default
    removed = {"do": "remove", **hidden_inputs(api.client.get("/").text)}
    page = f"/customers/files/1/{number}"
    assert api.client.post(page, data=removed).status_code == 302
    age(world, monkeypatch)
    for left, wanted in ((timedelta(hours=1), [number]), (timedelta(hours=-1), [])):
        with engine.begin() as connection:
            since = clock.now() - timedelta(days=days) + left
            connection.execute(table.update().values(deleted_at=since))
        sweep(world)
        assert [row.id for row in stored(engine)] == wanted
        if wanted:
            assert api.client.post(page, data=removed | {"do": "restore"}).status_code == 302
            assert fetch(api.client, page).data == PDF


def test_what_came_along_goes_when_the_conversion_is_undone(world: World, engine: Engine) -> None:
    """LEAD-1, BULK-5: the customer keeps its own files, and the lead those that it had."""
    api = Api(world, "sales1a")
    own = [attach(api, place).json["id"] for place in ("customers/1", "leads/1")]
    run = api.bulk("leads", "convert", [1], {"customer": 1}).json
    came = next(row for row in stored(engine) if row.id not in own)
    assert (came.entity, came.record_id) == ("customer", 1)
    assert api.post(f"/operations/{run['operation_id']}/undo", {}).json["done"] == 1
    assert [row.id for row in stored(engine)] == own
    assert fetch(api.client, f"/leads/files/1/{own[1]}").data == PDF
