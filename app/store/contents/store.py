"""Contents in an S3-compatible store: no host needs a disk of its own.

Laid out as the folder is, so that a folder becomes a bucket by copying it. Each content is sent in
one request, which the store takes whole or not at all; only requests that every such store knows.
"""

import io
import logging
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import IO, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from app.spec import clock
from app.spec.errors import FilesAway, StorageFull
from app.store.contents.folder import FULL
from config import Bucket

log = logging.getLogger("crm.files")

ONE = re.compile(r"([0-9a-f]{2})/([0-9a-f]{2})/(\1\2[0-9a-f]{28})")
"""A key of ours behind the prefix: whatever else lies in the bucket is none of our business."""
FULL_CODES = frozenset({"InsufficientStorage", "QuotaExceeded", "XMinioStorageFull"})
MISSING = "NoSuchKey"
PATIENCE = {"connect_timeout": 2, "read_timeout": 10}
"""Seconds until the store counts as away (R10)."""


class Store:
    """A bucket, or what lies in one behind a prefix."""

    def __init__(self, place: Bucket) -> None:
        self._place = place
        self._client = _client(place)

    @contextmanager
    def incoming(self, name: str) -> Iterator[IO[bytes]]:
        """A nameless file of this machine, gone with its process, that is sent when it is whole."""
        try:
            with tempfile.TemporaryFile() as draft:
                yield draft
                draft.seek(0)
                with _answering():
                    self._client.put_object(Body=draft, **self._of(name))
        except OSError as fault:
            raise (StorageFull() if fault.errno in FULL else fault) from fault

    def opened(self, name: str) -> IO[bytes]:
        return _Reader(lambda place: self._from(name, place))  # type: ignore[return-value]

    def _from(self, name: str, place: int) -> tuple[Any, int]:
        """What the store sends of a content from there on, and how much that is."""
        part = {"Range": f"bytes={place}-"} if place else {}
        with _answering():
            found = self._client.get_object(**part, **self._of(name))
        return found["Body"], found["ContentLength"]

    def drop(self, name: str) -> None:
        with _answering():
            self._client.delete_object(**self._of(name))

    def old(self, seconds: float) -> Iterator[Sequence[str]]:
        until = clock.now() - timedelta(seconds=seconds)
        pages = self._client.get_paginator("list_objects_v2")
        with _answering():
            for page in pages.paginate(Bucket=self._place.name, Prefix=self._place.prefix):
                found = page.get("Contents", ())
                keys = [one["Key"] for one in found if one["LastModified"] < until]
                begin = len(self._place.prefix)
                names = [key[begin + 6 :] for key in keys if ONE.fullmatch(key, begin)]
                if names:
                    yield names

    def told(self) -> str:
        return f"{self._place.name}/{self._place.prefix} at {self._place.endpoint or 'AWS'}"

    def _of(self, name: str) -> dict[str, str]:
        key = f"{self._place.prefix}{name[:2]}/{name[2:4]}/{name}"
        return {"Bucket": self._place.name, "Key": key}


def _client(place: Bucket) -> Any:
    try:
        return _session().create_client(
            "s3",
            region_name=place.region,
            endpoint_url=place.endpoint or None,
            aws_access_key_id=place.key,
            aws_secret_access_key=place.secret,
            config=_config(place),
        )
    except (BotoCoreError, ValueError) as fault:  # an address that only the library finds wrong
        log.error("there is no way to the store of files: %s", type(fault).__name__)
        raise FilesAway from None


def _session() -> Session:
    """The library with our settings alone: nothing of what other programs of this machine use."""
    nowhere = {"profile": None, "config_file": os.devnull, "credentials_file": os.devnull}
    return Session({name: (None, None, path, None) for name, path in nowhere.items()})


def _config(place: Bucket) -> Config:
    return Config(
        **PATIENCE,
        retries={"mode": "standard", "total_max_attempts": 2},
        s3={"addressing_style": "virtual" if place.is_virtual else "path"},
        ignore_configured_endpoint_urls=True,
        # Sums in the form that only AWS asks for: some stores refuse what carries them.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


@contextmanager
def _answering() -> Iterator[None]:
    """The store's own words go to the log, without a key; people hear that it is away or full."""
    try:
        yield
    except ClientError as fault:
        code = str(fault.response.get("Error", {}).get("Code", ""))
        status = fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if code == MISSING:
            raise FileNotFoundError from None
        log.error("the store of files answers %s to %s: %s", status, fault.operation_name, code)
        is_full = status == StorageFull.status or code in FULL_CODES
        raise (StorageFull if is_full else FilesAway) from None
    except BotoCoreError as fault:
        log.error("the store of files doesn't answer: %s", type(fault).__name__)
        raise FilesAway from None


class _Reader(io.RawIOBase):
    """Content on its way here; whoever jumps in it is sent the rest from there."""

    def __init__(self, ask: Callable[[int], tuple[Any, int]]) -> None:
        self._ask = ask
        self._wanted = self._at = 0
        self._body, self._size = ask(0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._wanted

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self._wanted, io.SEEK_END: self._size}[whence]
        self._wanted = begin + offset
        return self._wanted

    def readinto(self, target: Any) -> int:
        if self._wanted >= self._size:
            return 0
        if self._wanted != self._at:
            self._body.close()
            self._body, _rest = self._ask(self._wanted)
        with _answering():
            some = self._body.read(len(target))
        target[: len(some)] = some
        self._wanted += len(some)
        self._at = self._wanted
        return len(some)

    def close(self) -> None:
        if not self.closed:
            self._body.close()
        super().close()
