"""An export is downloaded from the dialog and opens as a table (EXP)."""

from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pytest

from tests.browser.driving import ON_SQLITE, go_on, select_everything, start, total

if TYPE_CHECKING:
    from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, ON_SQLITE]


def test_the_exported_file_holds_what_the_list_showed(open_as: "Open", tmp_path: Path) -> None:
    page = open_as("manager")
    page.goto("/customers/list/?search=Customer")
    count = total(page)
    select_everything(page)
    dialog = start(page, "export")
    go_on(page, "preview")
    go_on(page, "report")
    with page.expect_download() as download:
        dialog.locator("a[download]").click()
    path = tmp_path / "customers.xlsx"
    download.value.save_as(path)
    assert download.value.suggested_filename.endswith(".xlsx")
    [sheet] = openpyxl.load_workbook(path).worksheets
    header, *rows = sheet.iter_rows(values_only=True)
    assert header[0] == "Name"
    assert len(rows) == count
    assert all(str(row[0]).startswith("Customer ") for row in rows)
