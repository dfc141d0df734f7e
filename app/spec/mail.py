"""How mail leaves this installation (SET-1): the server, who logs in there, who it comes from."""

from app.spec import columns as field
from app.spec.kinds import MailboxField, SecretField
from app.spec.options import fixed, option
from app.spec.settings import Chapter, Setting, declare, value
from app.spec.words import Label

STARTTLS, TLS, PLAIN = "starttls", "tls", "none"

SECURITY_CHOICES = fixed(
    "mail_security",
    "Encryption",
    "加密方式",
    option(STARTTLS, "STARTTLS (usually port 587)", "STARTTLS（一般为 587 端口）"),
    option(TLS, "TLS (usually port 465)", "TLS（一般为 465 端口）"),
    option(PLAIN, "None: only within one machine", "不加密（仅限本机）"),
)

HOST: Setting[str] = declare(
    "mail_host",
    field.text(
        "Mail server (SMTP)", "发件服务器（SMTP）", max_length=253, default="",
        help=Label("Empty: no e-mail is sent.", "留空则不发送邮件。"),
    ),
    Chapter.MAIL,
)  # fmt: skip
PORT: Setting[int] = declare(
    "mail_port",
    field.integer("Port", "端口", default=587, minimum=1, maximum=65535),
    Chapter.MAIL,
)
SECURITY: Setting[str] = declare(
    "mail_security",
    field.choice("Encryption", "加密方式", SECURITY_CHOICES, default=STARTTLS),
    Chapter.MAIL,
)
USER: Setting[str] = declare(
    "mail_user",
    field.text(
        "User name at the mail server", "发件账号", max_length=254, default="",
        help=Label("Empty: without logging in.", "留空则不登录。"),
    ),
    Chapter.MAIL,
)  # fmt: skip
PASSWORD: Setting[str] = declare(
    "mail_password",
    SecretField(
        label=Label("Password at the mail server", "发件密码"),
        default="",
        help=Label(
            "Kept encrypted and never shown again; left empty it stays as it is.",
            "加密保存，不会再次显示；留空则保持不变。",
        ),
    ),
    Chapter.MAIL,
)
SENDER: Setting[str] = declare(
    "mail_sender",
    MailboxField(
        label=Label("Sender's address", "发件人地址"),
        default="",
        help=Label("Empty: no e-mail is sent.", "留空则不发送邮件。"),
    ),
    Chapter.MAIL,
)


def is_set_up() -> bool:
    """Whether there is a server and a sender, so that mail can go out."""
    return bool(value(HOST) and value(SENDER))
