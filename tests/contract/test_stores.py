"""Files whose content lies in an S3-compatible store: what people get when that is away (C94)."""

import errno
import http.client
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import IO, Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine

from app.spec.errors import FilesAway, StorageFull
from app.store import attachments
from app.store.contents import contents
from tests.contract.calls import Api
from tests.contract.test_files import PDF, attach, fetch, stored, sweep
from tests.support.store import KEY, SECRET, StoreServer
from tests.support.web import COOKIE
from tests.support.worlds import World

AWAY, FULL = (503, FilesAway.code), (507, StorageFull.code)
FAULTS: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "its own fault": ({"status": 500, "code": "InternalError"}, AWAY),
    "too busy": ({"status": 503, "code": "SlowDown"}, AWAY),
    "refused": ({"status": 403, "code": "SignatureDoesNotMatch"}, AWAY),
    "no bucket": ({"status": 404, "code": "NoSuchBucket"}, AWAY),
    "full": ({"status": 507, "code": "XMinioStorageFull"}, FULL),
    "quota": ({"status": 403, "code": "QuotaExceeded"}, FULL),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_store_that_takes_nothing(
    world: World, engine: Engine, store: StoreServer, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A clear answer, nothing half, nothing told; and it heals by itself."""
    api, (wrong, (status, code)) = Api(world, "sales1a"), FAULTS[fault]
    store.fault("PUT", **wrong)
    answer = attach(api, "customers/1")
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert (stored(engine), store.keys()) == ([], set())
    for secret in (KEY, SECRET, store.place.name, store.url, wrong["code"]):
        assert secret not in answer.text
    assert wrong["code"] in caplog.text, "whoever looks after it finds the reason in the log"
    assert SECRET not in caplog.text
    store.heal()
    assert attach(api, "customers/1").status_code == 201


def test_a_store_that_is_away(
    world: World, engine: Engine, store: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who attaches and who fetches hears it; lists and records need no store (R10)."""
    api = Api(world, "sales1a")
    path = f"/customers/files/1/{attach(api, 'customers/1').json['id']}"
    nowhere = replace(store.place, endpoint="http://127.0.0.1:9")
    monkeypatch.setitem(world.app.config, "CRM_S3", nowhere)
    away = fetch(api.client, path)
    assert (away.status_code, away.headers["Retry-After"]) == (503, "5")
    assert attach(api, "customers/1").status_code == 503
    assert api.get("/customers/1/files").json["count"] == 1
    assert api.delete(path.replace("/files/1", "/1/files")).status_code == 200, "only a mark"
    assert len(stored(engine)) == 1


@pytest.mark.parametrize(
    ("endpoint", "answer"), [("http://foo_bar:80", 503), ("", 201)], ids=["no address", "as set"]
)
def test_nothing_around_us_decides_where_content_lies(
    world: World, store: StoreServer, monkeypatch: pytest.MonkeyPatch, endpoint: str, answer: int
) -> None:
    """What other programs of this machine use is none of ours; no address at all is an answer."""
    place = replace(store.place, region="eu-west-1", endpoint=endpoint or store.place.endpoint)
    monkeypatch.setitem(world.app.config, "CRM_S3", place)
    with monkeypatch.context() as around:
        around.setenv("AWS_PROFILE", "none")
        around.setenv("AWS_CONFIG_FILE", __file__)
        assert attach(Api(world, "sales1a"), "customers/1").status_code == answer


def test_what_cannot_be_taken_back_now_goes_later(
    world: World, engine: Engine, store: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal at the commit stays that refusal; the content is an orphan (C70)."""
    api = Api(world, "sales1a")
    store.fault("DELETE", status=500, code="InternalError")
    two = {"file": [(io.BytesIO(PDF), "a.pdf"), (io.BytesIO(PDF), "b.exe")]}
    form = {**two, "csrf_token": ""}
    refused = api.client.post("/customers/files/1", data=form, headers=api.headers)
    assert refused.status_code == 422
    assert (stored(engine), len(store.keys())) == ([], 1)
    store.heal()
    monkeypatch.setattr(attachments, "ORPHANED", -attachments.ORPHANED)
    sweep(world)
    assert store.keys() == set()


def test_the_sweep_leaves_what_is_not_ours(
    world: World, store: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others may keep things in the same bucket; two installations have a prefix each."""
    name = "ab12" + "0" * 28
    foreign = {
        "report.pdf",
        f"ab/12/{name}",
        f"other/ab/12/{name}",
        f"files/more/ab/12/{name}",
        f"files/cd/34/{name}",
        f"files/ab/12/{name}.bak",
    }
    for key in (*foreign, f"files/ab/12/{name}"):
        store.client.put_object(Bucket=store.place.name, Key=key, Body=b"x")
    monkeypatch.setattr(attachments, "ORPHANED", -attachments.ORPHANED)
    sweep(world)
    assert store.keys() == foreign


def test_a_broken_download_is_no_whole_file(
    world: World, store: StoreServer, live_url: str
) -> None:
    """The head is sent by then: the connection ends before the promised length."""
    number = attach(Api(world, "sales1a"), "customers/1").json["id"]
    cookie = {"Cookie": f"{COOKIE}={world.cookies['sales1a']}"}
    store.fault("GET", cut=10)
    connection = http.client.HTTPConnection(urlsplit(live_url).netloc, timeout=60)
    connection.request("GET", f"/customers/files/1/{number}", headers=cookie)
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Content-Length"]) == (200, str(len(PDF)))
    with pytest.raises(http.client.IncompleteRead):
        answer.read()
    connection.close()
    store.heal()
    connection.request("GET", f"/customers/files/1/{number}", headers=cookie)
    assert connection.getresponse().read() == PDF
    connection.close()


def test_a_full_disk_of_ours(
    world: World, engine: Engine, store: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A draft lies on this machine until it is sent."""

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(attachments.files, "type_of", full)
    assert attach(Api(world, "sales1a"), "customers/1").status_code == 507
    assert (stored(engine), store.keys()) == ([], set())


class Watched:
    """A place of contents that notes how many connections are in use whenever it is asked."""

    def __init__(self, engine: Engine, place: Any) -> None:
        self._pool: Any = engine.pool
        self._place = place
        self.in_use: list[int] = []

    @contextmanager
    def incoming(self, name: str) -> Iterator[IO[bytes]]:
        with self._place.incoming(name) as file:
            yield file
            self.in_use.append(self._pool.checkedout())

    def opened(self, name: str) -> IO[bytes]:
        self.in_use.append(self._pool.checkedout())
        found: IO[bytes] = self._place.opened(name)
        return found


def test_no_transaction_waits_for_the_store(
    world: World, engine: Engine, store: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R10: however slow it is, it costs threads, never connections or locks."""
    api = Api(world, "sales1a")
    with world.app.app_context():
        watched = Watched(engine, contents())
    monkeypatch.setattr(attachments, "contents", lambda: watched)
    number = attach(api, "customers/1").json["id"]
    assert fetch(api.client, f"/customers/files/1/{number}").data == PDF
    assert watched.in_use == [0, 0]
