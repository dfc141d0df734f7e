"""Rules of style.md and architecture §3 that no ready-made linter knows, checked on the sources."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.support.exemptions import EXEMPTIONS, unexplained
from tests.support.sources import (
    ROOT,
    Source,
    called_name,
    calls,
    docstrings,
    imported_from,
    receiver_name,
    sources,
)

LAYERS_WITHOUT_NOUNS = ("app/spec", "app/store", "app/operations", "app/jobs", "app/admin")
GENERAL_WORDS = {
    "user": "every installation has an organisation, entities or not",
    "users": "see user",
    "user_account": "see user: the table, as user is a reserved word of SQL",
    "department": "see user",
    "departments": "see user",
    "role": "see user",
    "roles": "see user",
    "pool": "the mechanism of PERM-3 and POOL-1: any pooled entity is claimed, released, scoped",
    "pools": "see pool",
    "audit": "the log of every operation, whatever the entity (AUDIT-1)",
    "history": "see audit: its table",
    "cap": "lists count to one, and any pooled entity has room up to one (POOL-9)",
    "caps": "see cap: the module of that mechanism",
    "tag": "a kind of field like option and relation: contract §2 says how tags are written",
    "tags": "see tag",
    "task": "scheduled tasks of the clock and those of the workers' engine are called so, too",
    "tasks": "see task",
    "event": "the database layer, the processes and the browser call what happens in them so",
    "events": "see event",
}
"""Entities that are also mechanisms of the general code, each with the reason."""

FUNCTION_P90, FUNCTION_STOP = 25, 50
FILE_P90, FILE_STOP = 300, 400
TRANSLATORS = frozenset({"_", "_l", "gettext", "lazy_gettext", "ngettext", "lazy_ngettext"})


def functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def at(source: Source, node: ast.AST, what: str) -> str:
    return f"{source.name} line {getattr(node, 'lineno', 0)}: {what}"


def p90(sizes: list[int]) -> int:
    return sorted(sizes)[int(len(sizes) * 0.9)] if sizes else 0


def is_browser_session(source: Source, call: ast.Call) -> bool:
    """The web framework's cookie session is called the same, and has rows of nobody."""
    target = call.func.value if isinstance(call.func, ast.Attribute) else None
    return isinstance(target, ast.Name) and "session" in imported_from(source, "flask")


def test_there_are_sources_to_read() -> None:
    """A check over nothing would pass for ever."""
    assert len(sources()) > 10


def test_rows_are_not_fetched_past_the_scope() -> None:
    """``session.get`` answers from the identity map, which no scope filters (C30, C32)."""
    findings = [
        at(source, call, "session.get")
        for source in sources()
        if not source.is_under("app/store")
        for call in calls(source)
        if called_name(call) in {"get", "get_one"}
        and receiver_name(call) == "session"
        and not is_browser_session(source, call)
    ]
    assert unexplained("rows by identity", findings) == []


def test_raw_statements_stay_in_the_store() -> None:
    """No listener scopes ``text()`` and Core writes: only the store may issue them (C32)."""
    raw = {"text", "update", "insert", "delete"}
    findings = [
        at(source, call, called_name(call))
        for source in sources()
        if not source.is_under("app/store")
        for taken in [imported_from(source, "sqlalchemy") & raw]
        for call in calls(source)
        if (isinstance(call.func, ast.Name) and call.func.id in taken)
        or (receiver_name(call) in {"sa", "sqlalchemy"} and called_name(call) in raw)
        or (receiver_name(call) == "__table__" and called_name(call) in raw)
    ]
    assert unexplained("raw statements", findings) == []


def nouns() -> frozenset[str]:
    """Keys, plurals and tables of the declared entities, less the general words."""
    pytest.importorskip("app.entities", exc_type=ModuleNotFoundError)
    from app.spec.catalogue import catalogue  # at run time: the nouns are data

    words = set()
    for entity in catalogue:
        words |= {entity.key, entity.plural, entity.model.__tablename__, entity.model.__name__}
    assert words, "the catalogue is empty"
    return frozenset(word.lower() for word in words) - GENERAL_WORDS.keys()


def named(node: ast.AST, documentation: set[int]) -> Iterator[str]:
    """The names and the one-word strings of a node."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.arg | ast.keyword) and node.arg:
        yield node.arg
    elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.alias):
        yield node.name.rsplit(".", maxsplit=1)[-1]
    elif isinstance(node, ast.Constant) and id(node) not in documentation:
        yield from re.findall(r"[\w-]+", node.value) if isinstance(node.value, str) else ()


def test_general_code_knows_no_nouns() -> None:
    """No entity is named below the entities, their rules and the custom pages (style.md 3)."""
    forbidden = nouns()
    findings = []
    for source in sources():
        if not source.is_under(*LAYERS_WITHOUT_NOUNS):
            continue
        documentation = docstrings(source.tree)
        for node in ast.walk(source.tree):
            words = {word.lower() for word in named(node, documentation)}
            findings += [
                f"{source.name}:{word} line {getattr(node, 'lineno', 0)}"
                for word in sorted(words & forbidden)
            ]
    assert unexplained("nouns", findings) == []


def test_file_names_say_what_is_inside() -> None:
    nameless = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [source.name for source in sources() if source.path.stem in nameless] == []


def test_functions_are_short() -> None:
    sizes = [
        (length(node), node.name, source.name) for source in sources() for node in functions(source)
    ]
    long = [f"{file}:{name} has {size} lines" for size, name, file in sizes if size > FUNCTION_STOP]
    assert unexplained("long functions", long) == []
    assert p90([size for size, _, _ in sizes]) <= FUNCTION_P90


def test_files_are_short() -> None:
    long = [f"{s.name} has {len(s.lines)} lines" for s in sources() if len(s.lines) > FILE_STOP]
    assert unexplained("long files", long) == []
    assert p90([len(source.lines) for source in sources()]) <= FILE_P90


def test_broad_excepts_give_their_reason() -> None:
    """``except Exception`` only at the edges, with the reason on the line (style.md 9)."""
    broad = {"Exception", "BaseException", ""}
    findings = [
        at(source, node, source.line(node).strip())
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "-") in broad)
        and not re.search(r"# (noqa: BLE001 )?\W*[A-Za-z].{14,}", source.line(node))
    ]
    assert findings == []


def test_translated_sentences_are_constants() -> None:
    """An f-string in a translation is a sentence that no catalogue can have (style.md 13)."""
    findings = [
        at(source, call, "computed text in a translation")
        for source in sources()
        for call in calls(source)
        if isinstance(call.func, ast.Name) and call.func.id in TRANSLATORS
        for argument in call.args[: 2 if "ngettext" in call.func.id else 1]
        if not isinstance(argument, ast.Constant)
    ]
    assert findings == []


def test_stored_words_never_become_code() -> None:
    """C99b: no text is run, or says what is imported; ruff and import-linter know of pickles."""
    runs = {"eval", "exec", "compile", "__import__"}
    imports = {"import_module", "import_string", "run_path", "run_module"}
    findings = [
        f"{at(source, call, called_name(call))}"
        for source in sources()
        for call in calls(source)
        if (isinstance(call.func, ast.Name) and call.func.id in runs)
        or called_name(call) in imports
    ]
    assert unexplained("text as code", findings) == []


def test_exemptions_give_reasons() -> None:
    reasons = [reason for exempt in EXEMPTIONS.values() for reason in exempt.values()]
    assert [reason for reason in reasons if len(reason.split()) < 4] == []


def test_templates_say_where_the_site_is_mounted_by_one_filter() -> None:
    """style.md 1: ``here`` decides what is an address of ours; nobody writes the path beside it."""
    templates = sorted((ROOT / "app").rglob("*.html"))
    assert any("|here" in path.read_text(encoding="utf-8") for path in templates)
    beside = [path.name for path in templates if "script_root" in path.read_text(encoding="utf-8")]
    assert beside == []
