"""Files that people attach to records: which kinds are taken, told from name *and* content (C64).

What a file is never follows from what its sender says. A kind that can run something in a browser,
in an office program or on a desk is not taken under any name.
"""

import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import IO

from flask_babel import lazy_gettext as _l

from app.spec import columns as field
from app.spec import pictures, text
from app.spec.settings import Chapter, Setting, declare, value
from app.spec.words import Label

LONGEST_NAME = 200
BLOCK = 1024 * 1024
_HEAD = 4096
_MARKUP = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|svg|script|\?xml)", re.IGNORECASE)

_RUNNABLE = frozenset(
    re.findall(
        r"\w+",
        "ade adp app asp aspx bat cgi chm cmd com cpl dll docm dotm exe hta htm html jar js jse "
        "jsp lnk mht mhtml msi msp phar php phtml pif pl potm ppam pptm ps1 py reg scr sh shtml "
        "svg swf vb vbe vbs wsf xhtml xlam xll xlsm xltm xml xsl",
    )
)
"""Never taken, and never an inner part of a name: ``bill.php.pdf`` (C64)."""

MOST_MB: Setting[int] = declare(
    "file_mb",
    field.integer(
        "Size of a file attached to a record (MB)", "附件大小上限（MB）", default=20,
        minimum=1, maximum=500,
    ),
    Chapter.RECORDS,
)  # fmt: skip
MOST_FILES: Setting[int] = declare(
    "files_per_record",
    field.integer(
        "Files attached to one record", "每条记录的附件数量上限", default=200,
        minimum=1, maximum=10_000,
    ),
    Chapter.RECORDS,
)  # fmt: skip
TAKEN: Setting[str] = declare(
    "file_kinds",
    field.text(
        "Kinds of files that may be attached",
        "允许的附件类型",
        max_length=200,
        default="pdf doc docx xls xlsx ppt pptx txt csv md png jpg jpeg",
        help=Label(
            "Extensions, separated by spaces; zip, mp3, mp4 and msg can be added.",
            "扩展名，用空格分隔；还可以添加 zip、mp3、mp4、msg。",
        ),
    ),
    Chapter.RECORDS,
)
BIN_DAYS: Setting[int] = declare(
    "file_bin_days",
    field.integer(
        "Removed files can be brought back for (days)", "已移除附件可恢复的天数", default=30,
        minimum=1, maximum=3650,
    ),
    Chapter.RETENTION,
)  # fmt: skip

NOT_TAKEN = _l("Files of this kind are not taken.")
NOT_AS_NAMED = _l("The content is not what the name says.")
EMPTY = _l("The file is empty.")


@dataclass(frozen=True)
class FileKind:
    """A kind of file: the type it is served as, and whether given content is of that kind."""

    content_type: str
    fits: Callable[[IO[bytes], bytes], bool]


def _starting(*marks: bytes) -> Callable[[IO[bytes], bytes], bool]:
    return lambda _file, head: head.startswith(marks)


def _office(part: str) -> Callable[[IO[bytes], bytes], bool]:
    """A package of that program, without macros."""

    def fits(file: IO[bytes], head: bytes) -> bool:
        if not head.startswith(b"PK\x03\x04"):
            return False
        try:
            with zipfile.ZipFile(file) as package:
                names = package.namelist()
        except (zipfile.BadZipFile, NotImplementedError, UnicodeError):  # broken, or made to be so
            return False
        macros = any(name.casefold().endswith("vbaproject.bin") for name in names)
        is_its = any(name.startswith(f"{part}/") for name in names)
        return "[Content_Types].xml" in names and is_its and not macros

    return fits


def _pdf(file: IO[bytes], head: bytes) -> bool:
    """A document without scripts, as far as that can be read from outside."""
    if not head.startswith(b"%PDF-"):
        return False
    before = b""
    while block := file.read(BLOCK):
        if re.search(rb"/(?:JavaScript|JS|Launch)\b", before[-16:] + block):
            return False
        before = block
    return True


def _plain(file: IO[bytes], head: bytes) -> bool:
    """Text in an encoding that people use here; no markup that a browser would run."""
    content = file.read()
    if _MARKUP.match(head):
        return False
    for encoding in ("utf-8", "gb18030", "utf-16"):
        try:
            found = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return "\x00" not in found
    return False


def _picture(kind: str) -> Callable[[IO[bytes], bytes], bool]:
    """A whole picture of sane size; what cameras and programs wrote into it is taken out (C69)."""

    def fits(file: IO[bytes], _head: bytes) -> bool:
        try:
            cleaned = pictures.stripped(file.read(), kind)
        except ValueError:
            return False
        file.seek(0)
        file.truncate()
        file.write(cleaned)
        return True

    return fits


_OLE = _starting(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_OPEN_XML = "application/vnd.openxmlformats-officedocument."
_JPEG = FileKind("image/jpeg", _picture("jpg"))
KINDS: Mapping[str, FileKind] = MappingProxyType(
    {
        "pdf": FileKind("application/pdf", _pdf),
        "doc": FileKind("application/msword", _OLE),
        "xls": FileKind("application/vnd.ms-excel", _OLE),
        "ppt": FileKind("application/vnd.ms-powerpoint", _OLE),
        "msg": FileKind("application/vnd.ms-outlook", _OLE),
        "docx": FileKind(f"{_OPEN_XML}wordprocessingml.document", _office("word")),
        "xlsx": FileKind(f"{_OPEN_XML}spreadsheetml.sheet", _office("xl")),
        "pptx": FileKind(f"{_OPEN_XML}presentationml.presentation", _office("ppt")),
        "txt": FileKind("text/plain", _plain),
        "csv": FileKind("text/csv", _plain),
        "md": FileKind("text/markdown", _plain),
        "png": FileKind("image/png", _picture("png")),
        "jpg": _JPEG,
        "jpeg": _JPEG,
        "zip": FileKind("application/zip", _starting(b"PK\x03\x04", b"PK\x05\x06")),
        "mp3": FileKind("audio/mpeg", _starting(b"ID3", b"\xff\xfb", b"\xff\xf3")),
        "mp4": FileKind("video/mp4", lambda _file, head: head[4:8] == b"ftyp"),
    }
)


def taken() -> list[str]:
    """The extensions that may be attached here."""
    wanted = value(TAKEN).casefold().replace(",", " ").replace(".", " ").split()
    return [kind for kind in KINDS if kind in wanted]


def name_of(sent: str) -> str:
    """A file's own name as it may be stored and shown; ValueError for a kind not taken (C66).

    Only the last part of a path; a long name is cut in front of its extension.
    """
    last = sent.replace("\\", "/").rpartition("/")[2]
    name = text.clean(last)
    stem, _dot, extension = name.rpartition(".")
    parts = {part.strip().casefold() for part in name.split(".")[1:]}
    if last != last.strip() or not stem.strip() or parts & _RUNNABLE:
        raise ValueError(NOT_TAKEN)
    if extension.casefold() not in taken():
        raise ValueError(NOT_TAKEN)
    return f"{stem[: LONGEST_NAME - len(extension)]}.{extension}"


def type_of(name: str, file: IO[bytes]) -> str:
    """The type to serve it as; ValueError when the content is not what the name says.

    What a picture says about its maker is taken out of the file.
    """
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(0)
    if not head:
        raise ValueError(EMPTY)
    kind = KINDS[name.rpartition(".")[2].casefold()]
    if not kind.fits(file, head):
        raise ValueError(NOT_AS_NAMED)
    return kind.content_type
