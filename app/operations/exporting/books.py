"""New workbooks. Text stays text in them: nothing that people typed becomes a formula (EXP-1)."""

from typing import IO, Any

FLAT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def new(target: IO[bytes], **options: Any) -> Any:
    """A workbook to be written to ``target``, with more options of the library's."""
    import xlsxwriter  # some megabytes that a process which only shows pages never needs

    return xlsxwriter.Workbook(target, {**FLAT, **options})
