"""What is recorded besides the operations on records (AUDIT-2)."""

from app.spec.options import option

EVENTS = (
    option("login", "Login", "登录"),
    option("login_failed", "Failed login", "登录失败"),
    option("logout", "Logout", "退出登录"),
    option("login_locked", "Login locked", "登录锁定"),
    option("password_changed", "Password changed", "修改密码"),
    option("session_ended", "Session ended", "设备退出登录"),
    option("feed_made", "Calendar address made", "生成日历订阅地址"),
    option("feed_taken_back", "Calendar address taken back", "撤销日历订阅地址"),
    option("password_reset", "Password reset", "重置密码"),
    option("denied", "Denied", "拒绝访问"),
    option("grants_changed", "Permissions changed", "修改权限"),
    option("setting_changed", "Setting changed", "修改设置"),
    option("dictionary_changed", "Dictionary changed", "修改字典"),
    option("export_decided", "Export approved or rejected", "导出审批"),
    option("export_fetched", "Exported file fetched", "下载导出文件"),
    option("duplicates_told", "Duplicates shown", "查重"),
    option("asked_for", "Asked for a transfer", "申请转移"),
    option("undo", "Undo", "撤销"),
    option("recycle", "Automatic recycling", "自动收回"),
    option("routine_asked", "Scheduled task started by hand", "手动执行定时任务"),
    option("mail_tested", "Test e-mail sent", "发送测试邮件"),
    option("deputy_named", "Deputy named", "指定代理人"),
    option("deputy_ended", "Deputy ended", "结束代理"),
    option("set_up", "Set up", "初始化"),
    option("first_admin_created", "First administrator created", "创建首个管理员"),
)
EVENT_KINDS = frozenset(event.code for event in EVENTS)
