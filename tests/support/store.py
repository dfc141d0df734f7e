"""An S3-compatible store on loopback, in a process of its own: moto's server with faults on demand.

``python -m tests.support.store`` serves on a free port and prints it; it ends with its standard
input. Tests talk to it as :class:`StoreServer`.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from functools import partial
from typing import Any
from urllib.request import Request, urlopen

from config import Bucket

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "a/secret+that=nobody&sees"
FAULT = "/fault"


class Faulty:
    """The server, and before it what a test wishes to go wrong."""

    def __init__(self, serve: Any) -> None:
        self._serve = serve
        self._wanted: dict[str, dict[str, Any]] = {}

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == FAULT:
            self._wanted = json.loads(_sent(environ))
            start("204 No Content", [])
            return []
        fault = self._wanted.get(environ["REQUEST_METHOD"])
        if fault is None:
            return self._serve(environ, start)  # type: ignore[no-any-return]
        if "cut" in fault:
            return self._cut(environ, start, fault["cut"])
        _sent(environ)
        body = f"<Error><Code>{fault['code']}</Code><Message>no</Message></Error>".encode()
        start(f"{fault['status']} Fault", [("Content-Length", str(len(body)))])
        return [body]

    def _cut(self, environ: dict[str, Any], start: Any, size: int) -> Iterable[bytes]:
        """Promise the whole content and send the beginning of it."""
        whole = b"".join(self._serve(environ, start))
        return [whole[:size]]


def _sent(environ: dict[str, Any]) -> bytes:
    content: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return content


class StoreServer:
    """The server's process, with a bucket of that name."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.support.store"]
        pipe = partial(subprocess.Popen, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._process = pipe(command, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        self.url = f"http://127.0.0.1:{port}"
        self.place = Bucket("haina", self.url, "files/", "cn-north-1", False, KEY, SECRET)
        self.client = client_of(self.place)
        self.client.create_bucket(
            Bucket="haina", CreateBucketConfiguration={"LocationConstraint": "cn-north-1"}
        )

    def keys(self) -> set[str]:
        """Everything in the bucket, whoever put it there."""
        return everything_in(self.place)

    def empty(self) -> None:
        """As it was at the start."""
        self.heal()
        for key in self.keys():
            self.client.delete_object(Bucket="haina", Key=key)

    def fault(self, method: str, **fault: Any) -> None:
        """Let requests of that method end with a ``status`` and ``code``, or after a ``cut``."""
        self._wish({method: fault})

    def heal(self) -> None:
        """Everything works again."""
        self._wish({})

    def _wish(self, faults: dict[str, Any]) -> None:
        body = json.dumps(faults).encode()
        with urlopen(Request(self.url + FAULT, body, method="POST")):  # noqa: S310 - our own
            pass

    def close(self) -> None:
        """End it."""
        self._process.communicate("")


def client_of(place: Bucket) -> Any:
    """The store as others see it, without the product."""
    from botocore.config import Config
    from botocore.session import Session

    return Session().create_client(
        "s3",
        region_name=place.region,
        endpoint_url=place.endpoint,
        aws_access_key_id=place.key,
        aws_secret_access_key=place.secret,
        config=Config(s3={"addressing_style": "path"}),
    )


def everything_in(place: Bucket) -> set[str]:
    """The keys of all that lies in a bucket, whoever put it there."""
    found = client_of(place).list_objects_v2(Bucket=place.name).get("Contents", ())
    return {one["Key"] for one in found}


def main() -> None:
    """Serve until standard input ends."""
    from threading import Thread

    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    serve = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, Faulty(serve), threaded=True)
    Thread(target=server.serve_forever, daemon=True).start()
    print(server.port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
