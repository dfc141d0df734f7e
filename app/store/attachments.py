"""Files attached to records: a row each, the content beside the database under a random name (R15).

First the content is stored whole, then its row is committed: there is never a row without its
content, and content without a row is swept. Nothing of where it lies is ever told (C71).
"""

import hashlib
import os
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Select,
    String,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock, files, previews, routines
from app.spec.entity import Entity
from app.spec.errors import FilesAway, NotFound, Refusal, TooLarge
from app.spec.routines import Report, Routine
from app.spec.settings import value
from app.spec.types import UTCDateTime
from app.spec.words import Label
from app.store import history
from app.store.contents import contents
from app.store.context import actor_id, run_under_way
from app.store.door import MAX_ID
from app.store.scope import member_of
from app.store.separate import reading, writing

ORPHANED = timedelta(hours=24)
"""So old is content that nobody is storing any more; without a row it goes (C70)."""
FILE = "file"
"""The note in a record's history: the name of a file that came or went."""


class Attachment(db.Model):  # type: ignore[name-defined,misc]
    """One file of one record."""

    __tablename__ = "attachment"
    __table_args__ = (
        Index("ix_attachment_record", "entity", "record_id", "id"),
        Index("ix_attachment_storage", "storage"),
        Index("ix_attachment_preview", "preview"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entity: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int]
    name: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    content_type: Mapped[str] = mapped_column(String(100))
    storage: Mapped[str] = mapped_column(String(32))
    """The random name that the content lies under."""
    preview: Mapped[str | None] = mapped_column(String(32))
    """The name that a small copy of a picture lies under."""
    created_at: Mapped[Any] = mapped_column(UTCDateTime())
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    deleted_at: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)
    deleted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))


_T = Attachment.__table__


@dataclass(frozen=True)
class Received:
    """A file whose content is stored whole, and has no row yet."""

    name: str
    size: int
    sha256: str
    content_type: str
    storage: str
    preview: str | None


def receive(stream: IO[bytes], sent: str) -> Received:
    """Store what is uploaded under a random name; call with no transaction under way.

    ValueError with a sentence for a kind that isn't taken, TooLarge, StorageFull, FilesAway; then
    nothing stays behind.
    """
    name = files.name_of(sent)
    most = value(files.MOST_MB) * files.BLOCK
    storage = secrets.token_hex(16)
    with contents().incoming(storage) as file:
        _copy(stream, file, most)
        content_type = files.type_of(name, file)
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        small = previews.preview(file, content_type)
        db.session.rollback()  # nothing was open but settings: who takes it may be far away (R10)
    preview = _kept(small, storage) if small else None
    return Received(name, size, digest, content_type, storage, preview)


def _kept(small: bytes, storage: str) -> str:
    """The name of a preview that is stored; where it can't be, its picture goes too."""
    name = secrets.token_hex(16)
    try:
        with contents().incoming(name) as file:
            file.write(small)
    except Refusal:
        _drop(storage)
        raise
    return name


def _copy(stream: IO[bytes], target: IO[bytes], most: int) -> None:
    size = 0
    while block := stream.read(files.BLOCK):
        size += len(block)
        if size > most:
            raise TooLarge
        target.write(block)


def discard(received: Received) -> None:
    """Take back what was received and gets no row; where that can't be now, the sweep does."""
    for name in (received.storage, received.preview):
        if name:
            _drop(name)


def _drop(name: str) -> None:
    with suppress(FilesAway):
        contents().drop(name)


def opened(file: Attachment) -> IO[bytes]:
    """The content of a file; NotFound when it is gone. Ends the transaction under way (R10)."""
    return _opened(file, file.storage)


def opened_preview(file: Attachment) -> IO[bytes]:
    """The small copy of a picture; NotFound for a file without. Ends the transaction (R10)."""
    return _opened(file, file.preview)


def _opened(file: Attachment, name: str | None) -> IO[bytes]:
    if name is None:
        raise NotFound
    db.session.expunge(file)
    db.session.rollback()
    try:
        return contents().opened(name)
    except FileNotFoundError:
        raise NotFound from None


def add(entity: Entity, record_id: int, title: str, received: Received) -> int:
    """The row of a file, with the record's history, in the transaction under way; its number."""
    row = {
        "entity": entity.key,
        "record_id": record_id,
        "name": received.name,
        "size": received.size,
        "sha256": received.sha256,
        "content_type": received.content_type,
        "storage": received.storage,
        "preview": received.preview,
        "created_at": clock.now(),
        "created_by_id": actor_id(),
    }
    number: int = db.session.execute(insert(_T).values(**row).returning(_T.c.id)).scalar_one()
    _note(entity, record_id, title, ["", received.name])
    return number


def _note(entity: Entity, record_id: int, title: str, change: list[str]) -> None:
    history.record_writes("edit", entity.key, [(record_id, title, {FILE: change})])


def of(entity: str, record_id: int, *, removed: bool = False) -> Sequence[Attachment]:
    """The files of a record, or those that were removed; newest first. Ask for the record first."""
    mine = (Attachment.entity == entity, Attachment.record_id == record_id)
    found = select(Attachment).where(*mine, _is(removed=removed)).order_by(Attachment.id.desc())
    return db.session.scalars(found).all()


def of_many(records: Mapping[str, Sequence[int]]) -> dict[tuple[str, int], list[Attachment]]:
    """The files of records of several kinds, by kind and number, as they came; at once."""
    found: dict[tuple[str, int], list[Attachment]] = {}
    places = [
        and_(Attachment.entity == key, member_of(Attachment.record_id, numbers))
        for key, numbers in records.items()
    ]
    if places:
        chosen = select(Attachment).where(or_(*places), _is(removed=False)).order_by(Attachment.id)
        for file in db.session.scalars(chosen):
            found.setdefault((file.entity, file.record_id), []).append(file)
    return found


def _is(*, removed: bool) -> Any:
    return _T.c.deleted_at.is_not(None) if removed else _T.c.deleted_at.is_(None)


def numbers(entity: str, record_id: int) -> Select[tuple[int]]:
    """The files of a record, as a query for their numbers. Ask for the record first."""
    mine = (_T.c.entity == entity, _T.c.record_id == record_id, _is(removed=False))
    return select(_T.c.id).where(*mine)


def count(entity: str, record_id: int) -> int:
    """How many files a record has."""
    files = numbers(entity, record_id).subquery()
    return db.session.scalar(select(func.count()).select_from(files)) or 0


def find(entity: str, record_id: int, number: int, *, removed: bool = False) -> Attachment:
    """One file of that record; NotFound for any other number (C67). Ask for the record first."""
    if not 0 < number <= MAX_ID:
        raise NotFound
    mine = (Attachment.entity == entity, Attachment.record_id == record_id)
    found = select(Attachment).where(Attachment.id == number, *mine, _is(removed=removed))
    file: Attachment | None = db.session.scalar(found)
    if file is None:
        raise NotFound
    return file


def remove(entity: Entity, record_id: int, title: str, number: int) -> None:
    """Take a file off its record; it can be brought back for a while. In the transaction."""
    _mark(entity, record_id, title, number, is_removed=True)


def restore(entity: Entity, record_id: int, title: str, number: int) -> None:
    """Bring a removed file back."""
    _mark(entity, record_id, title, number, is_removed=False)


def _mark(entity: Entity, record_id: int, title: str, number: int, *, is_removed: bool) -> None:
    file = find(entity.key, record_id, number, removed=not is_removed)
    marks = {"deleted_at": clock.now(), "deleted_by_id": actor_id()}
    values = marks if is_removed else dict.fromkeys(marks)
    done: Any = db.session.execute(
        update(_T).where(_T.c.id == number, _is(removed=not is_removed)).values(**values)
    )
    if not done.rowcount:  # somebody else was faster
        raise NotFound
    _note(entity, record_id, title, [file.name, ""] if is_removed else ["", file.name])


def share(
    source: str, target: Entity, became: Mapping[int, int], titles: Mapping[int, str]
) -> None:
    """Give records the files of those that became them: rows of their own, the same content.

    ``titles`` are what the new ones are called, by the old ones' numbers.
    """
    old = (_T.c.entity == source, member_of(_T.c.record_id, list(became)), _is(removed=False))
    rows = db.session.execute(select(_T).where(*old).order_by(_T.c.id)).mappings().all()
    if not rows:
        return
    kept = [key for key in rows[0] if key not in ("id", "entity", "record_id")]
    new = [{key: row[key] for key in kept} for row in rows]
    places = [{"entity": target.key, "record_id": became[row["record_id"]]} for row in rows]
    db.session.execute(insert(_T), [a | b for a, b in zip(new, places, strict=True)])
    told = [
        (became[row["record_id"]], titles[row["record_id"]], {FILE: ["", row["name"]]})
        for row in rows
    ]
    history.record_writes("edit", target.key, told, run_under_way())


def unshare(source: str, target: str, became: Mapping[int, int]) -> None:
    """Take back what ``share`` gave, as many as it gave; the records keep their own."""
    theirs = (_T.c.entity == source, member_of(_T.c.record_id, list(became)), _is(removed=False))
    rows = db.session.execute(select(_T.c.record_id, _T.c.storage).where(*theirs))
    given = Counter((became[row.record_id], row.storage) for row in rows)
    here = (_T.c.entity == target, member_of(_T.c.record_id, list(became.values())))
    held = select(_T.c.id, _T.c.record_id, _T.c.storage).where(*here).order_by(_T.c.id.desc())
    going = []
    for row in db.session.execute(held):  # what was there before them is older
        if given[row.record_id, row.storage] > 0:
            given[row.record_id, row.storage] -= 1
            going.append(row.id)
    db.session.execute(delete(_T).where(member_of(_T.c.id, going)))


def sweep() -> Report:
    """Forget what was removed long ago, then all content that no row names; twice does no harm.

    Commits the rows before it touches the content.
    """
    old = clock.now() - timedelta(days=value(files.BIN_DAYS))
    with writing() as connection:
        rows = connection.execute(_T.delete().where(_T.c.deleted_at < old)).rowcount
    old_ones = contents().old(ORPHANED.total_seconds())
    return {"rows": rows, "files": sum(map(_drop_orphans, old_ones))}


def _drop_orphans(names: Sequence[str]) -> int:
    """How many of these went, because no row names them (C70)."""
    with reading() as connection:
        known = {
            name
            for column in (_T.c.storage, _T.c.preview)
            for name in connection.scalars(select(column).where(column.in_(names)))
        }
    orphans = [name for name in names if name not in known]
    for name in orphans:
        contents().drop(name)
    return len(orphans)


SWEEP = routines.declare(
    Routine(
        key="files",
        label=Label("Remove files that nobody needs", "清理不再需要的附件"),
        at="40 3 * * *",
        does=sweep,
        counted={
            "rows": Label("removed long ago", "到期的已移除附件"),
            "files": Label("files", "文件"),
        },
    )
)
