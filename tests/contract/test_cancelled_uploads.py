"""Whoever closes the window while a file is on its way leaves nothing behind (R15, R17, C94b)."""

import gc
import io

import pytest
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from app.extensions import db
from tests.contract.calls import Api
from tests.contract.test_files import contents
from tests.support.snapshot import changed, snapshot
from tests.support.web import hidden_inputs
from tests.support.worlds import World

BOUNDARY = "a-line-between"
END = f"\r\n--{BOUNDARY}--\r\n".encode()
PLACES = {
    "/customers/files/1": "/customers/show/1?tab=files",
    "/customers/import": "/customers/import",
}
LINES = 20_000


def body_of(form: dict[str, str]) -> bytes:
    """The hidden inputs of a form and a file, as a browser sends them."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form.items()
    ]
    head = 'Content-Disposition: form-data; name="file"; filename="list.csv"\r\n'
    parts.append(f"--{BOUNDARY}\r\n{head}Content-Type: text/csv\r\n\r\nName\r\n")
    rows = "".join(f"Sent {number}\r\n" for number in range(LINES))
    return "".join([*parts, rows]).encode() + END


@pytest.mark.filterwarnings(
    # werkzeug leaves the half that it has spooled to be collected, and is told so
    "ignore:Exception ignored in.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("path", PLACES)
def test_a_cancelled_upload_leaves_nothing(world: World, engine: Engine, path: str) -> None:
    """The server hands on what came, less than was announced; all of it would be taken."""
    client, there = world.client("sales1a"), contents(world)
    form = hidden_inputs(client.get(PLACES[path]).text)
    before, whole = snapshot(engine, db.metadata), body_of(form)

    def sent(body: bytes) -> TestResponse:
        length, kind = len(whole), f"multipart/form-data; boundary={BOUNDARY}"
        stream = io.BytesIO(body)
        return client.post(path, input_stream=stream, content_length=length, content_type=kind)

    for arrived in (len(whole) // 2, len(whole) - len(END), 40):
        assert sent(whole[:arrived]).status_code == 400
    gc.collect()
    assert changed(before, snapshot(engine, db.metadata)) == []
    assert contents(world) == there
    assert Api(world, "sales1a").get("/customers/1").status_code == 200
    assert sent(whole).status_code == 302, "nothing else was wrong with it"
