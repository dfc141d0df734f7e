"""Checks the Chinese catalogue against the sentences in the sources (style.md 13).

``python -m tests.support.catalogues`` names every sentence that the catalogue lacks, leaves empty,
calls fuzzy, or translates with other placeholders, and fails if there is one; then it compiles the
catalogue. With ``--missing`` it prints the lacking entries ready to be pasted into the catalogue;
with ``--update`` it writes both catalogues anew: the English one is complete, the Chinese one keeps
what it has, loses what no source says any more, and gets the new sentences with an empty text.
"""

import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
CHINESE = ROOT / "translations" / "zh" / "LC_MESSAGES" / "messages.po"
ENGLISH = ROOT / "translations" / "en" / "LC_MESSAGES" / "messages.po"
HEADER = "# The sentences of Haina CRM: {}. Names of entities and fields stand in the declarations."
UNSTABLE = re.compile(
    r'"(?:POT-|PO-|Report-|Last-|Generated-|Project-|Language-Team)[^"]*"\n',
)
"""Lines of a catalogue's head that differ from run to run or say nothing."""
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%")
KEYWORDS = ("_l", "lazy_gettext", "lazy_ngettext:1,2", "lazy_pgettext:1c,2")


def extracted() -> Catalog:
    """Every sentence of the sources and templates, as ``pyproject.toml`` says where to look."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "messages.pot"
        keywords = [word for keyword in KEYWORDS for word in ("-k", keyword)]
        run("extract", "-F", "pyproject.toml", *keywords, "-o", str(found), "app")
        return read(found)


def run(*words: str) -> None:
    """One command of pybabel, in the project's folder; raises when it fails."""
    subprocess.run(
        [sys.executable, "-m", "babel.messages.frontend", "-q", *words], cwd=ROOT, check=True
    )


def compile_catalogues() -> None:
    """Make the compiled catalogue that the product reads; nothing where there is no catalogue."""
    if CHINESE.exists():
        run("compile", "-d", "translations")


def read(path: Path) -> Catalog:
    """The catalogue in that file; an empty one where there is no file."""
    if not path.exists():
        return Catalog(locale="zh")
    with path.open("rb") as file:
        return read_po(file)


def placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


def mistakes(wanted: Message, catalogue: Catalog) -> Iterator[str]:
    """What is wrong with the translation of one sentence; nothing when it is right."""
    forms = (wanted.id,) if isinstance(wanted.id, str) else tuple(wanted.id)
    have = catalogue.get(forms[0], wanted.context)
    if have is None:
        yield "is missing"
        return
    texts = (have.string,) if isinstance(have.string, str) else tuple(have.string or ())
    if not texts or not all(texts):
        yield "is empty"
    if have.fuzzy:
        yield "is fuzzy"
    for text in filter(None, texts):
        if placeholders(text) != placeholders(forms[-1]):
            yield f"has other placeholders: {text}"


def sentences(catalogue: Catalog) -> list[Message]:
    """All entries but the header."""
    return [message for message in catalogue if message.id]


def print_missing(wanted: list[Message], catalogue: Catalog) -> None:
    lacking = Catalog(locale="zh")
    for message in wanted:
        if "is missing" in mistakes(message, catalogue):
            lacking.add(message.id, locations=message.locations, context=message.context)
    write_po(sys.stdout.buffer, lacking, omit_header=True)


def update(wanted: list[Message]) -> None:
    """Write both catalogues anew, in the order of the sentences."""
    have = read(CHINESE)
    chinese, english = Catalog(locale="zh"), Catalog(locale="en")
    for message in wanted:
        files = sorted({(file, 0) for file, _line in message.locations})
        known = have.get(message.id if isinstance(message.id, str) else message.id[0])
        chinese.add(message.id, known.string if known else None, files, context=message.context)
        english.add(message.id, message.id, files, context=message.context)
    write(CHINESE, chinese, "Chinese")
    write(ENGLISH, english, "English")


def write(path: Path, catalogue: Catalog, language: str) -> None:
    """Write a catalogue so that two runs give the same file."""
    catalogue.fuzzy, catalogue.header_comment = False, HEADER.format(language)
    text = io.BytesIO()
    write_po(text, catalogue, width=100, sort_output=True, include_lineno=False)
    path.write_text(UNSTABLE.sub("", text.getvalue().decode()), encoding="utf-8")


def main(arguments: list[str]) -> int:
    wanted = sentences(extracted())
    if "--update" in arguments:
        update(wanted)
    catalogue = read(CHINESE)
    if "--missing" in arguments:
        print_missing(wanted, catalogue)
        return 0
    wrong = [f"{message.id!r} {m}" for message in wanted for m in mistakes(message, catalogue)]
    print("\n".join(wrong) or f"{len(wanted)} sentences, all in Chinese")
    compile_catalogues()
    return 1 if wrong or not wanted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
