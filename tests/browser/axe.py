"""The judge of accessibility: axe-core, put into the page from outside (UI-9).

It is asked for findings of level serious or critical, in the look and width that the window has.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from app.admin import assets

if TYPE_CHECKING:
    from playwright.sync_api import Page

GRAVE = ("serious", "critical")
_RUN = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations.map(({id, impact, nodes}) => ({
    id, impact, nodes: nodes.slice(0, 3).map((node) => node.html.slice(0, 200)),
  }));
}"""


@cache
def _source() -> str:
    return (assets.packages() / "axe-core" / "axe.min.js").read_text("utf-8")


def findings(page: "Page") -> list[str]:
    """One line per grave finding on the page as it stands: rule, and the first places."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())  # not a script tag: the content security policy refuses those
    found: list[dict[str, Any]] = page.evaluate(_RUN)
    return [f"{one['id']}: {one['nodes']}" for one in found if one["impact"] in GRAVE]


def wear(page: "Page", look: str) -> None:
    """Put the page into the light or the dark look."""
    page.evaluate("look => { document.documentElement.dataset.bsTheme = look }", look)
