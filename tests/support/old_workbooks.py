"""Workbooks of the old kind (xls), as spreadsheet programs of long ago wrote them (IMP).

Nothing that we depend on writes them, and what writes them for Python is no longer kept. So those
of ``tests/contract/old_workbooks`` were written once by Gnumeric, from ``ROWS``, by ``python -m
tests.support.old_workbooks``; who changes the rows runs that again where ``ssconvert`` is.
"""

import io
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

FOLDER = Path(__file__).resolve().parents[1] / "contract" / "old_workbooks"

HEAD = ("客户名称", "手机", "统一社会信用代码", "下次联系时间", "年营业额", "备注")
MORNING = datetime(2026, 12, 1, 8, 30)  # noqa: DTZ001 - as a sheet has it
LONG = "展会上认识，Köln 见过；" * 120
"""Three of it are more than a record of such a file holds: they go on in the next one."""
ROWS: tuple[tuple[Any, ...], ...] = (
    ("云山贸易", 13800138001, "91330100799655058B", MORNING, 1234567.5, LONG),
    ("远山贸易", "13800138002", "111111111111111001", date(2026, 12, 24), "1,234,567.89", "=1+1"),
    ("𠮷野贸易", "１３８００１３８００３", None, "2026年1月2日", "８８", LONG + "末"),
    ("长城贸易", None, 123456789012345678, None, None, None),
    ("泰山贸易", 1.38e10, None, date(2026, 2, 28), 0.1, "泰" + LONG),
)
"""As people type them: long digits as text and as numbers, days in cells and in words.

The credit code of the fourth has lost digits: it is a number of eighteen.
"""

KINDS: dict[str, tuple[str, bool]] = {
    "excel-97.xls": ("Gnumeric_Excel:excel_biff8", False),
    "excel-97-mac.xls": ("Gnumeric_Excel:excel_biff8", True),
    "excel-95-gbk.xls": ("Gnumeric_Excel:excel_biff7", False),
}
"""By file: what writes it, and whether its days count from 1904.

Since 1997 text is UTF-16; before, it was in the code page of the machine, here GBK.
"""


def main(program: str = "ssconvert") -> None:
    """Write them all, with the ``ssconvert`` of that path."""
    with tempfile.TemporaryDirectory() as folder:
        for name, (exporter, is_of_1904) in KINDS.items():
            source = Path(folder, f"{name}.xlsx")
            source.write_bytes(new_workbook(is_of_1904=is_of_1904))
            subprocess.run(
                [shutil.which(program) or program, "-T", exporter, str(source), FOLDER / name],
                env={**os.environ, "WINDOWS_LANGUAGE": "zh_CN"},
                check=True,
            )


def new_workbook(*, is_of_1904: bool = False) -> bytes:
    """The same rows in a workbook of the new kind."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"date_1904": is_of_1904, "strings_to_formulas": False})
    sheet = book.add_worksheet("客户")
    formats = {
        date: book.add_format({"num_format": "yyyy-mm-dd"}),
        datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
    }
    sheet.write_row(0, 0, HEAD)
    for line, cells in enumerate(ROWS, start=1):
        for place, cell in enumerate(cells):
            if type(cell) in formats:
                sheet.write_datetime(line, place, cell, formats[type(cell)])
            elif cell is not None:
                sheet.write(line, place, cell)
    book.close()
    return file.getvalue()


if __name__ == "__main__":
    main(*sys.argv[1:])
