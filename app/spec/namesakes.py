"""Whether two records may have one name (CUS): refused, or asked about first."""

from app.spec import columns as field
from app.spec.options import fixed, option
from app.spec.settings import Chapter, Setting, declare, value
from app.spec.words import Label

_CHOICES = fixed(
    "namesakes",
    "The name of a company again",
    "公司名称重复时",
    option("refuse", "Refuse", "不允许保存"),
    option("warn", "Warn and ask", "提醒，确认后允许保存"),
)

NAMESAKES: Setting[str] = declare(
    "namesakes",
    field.choice(
        "The name of a company again",
        "公司名称重复时",
        _CHOICES,
        default="refuse",
        help=Label(
            "Names count as the same whatever their width, brackets or legal suffix.",
            "比较名称时不计全角与半角、括号和公司后缀的差别。",
        ),
    ),
    Chapter.RECORDS,
)


def may_be_confirmed() -> bool:
    """Whether a writer may say that two records are called the same."""
    return value(NAMESAKES) == "warn"
