"""What the entities share: the lists that their fields choose from, a field, some tabs."""

from typing import Any

from app.spec.declare import Child, dictionary, field, fixed, option

LEVEL = fixed(
    "level",
    "Level",
    "级别",
    option("A", "A key", "A 重点", "red"),
    option("B", "B normal", "B 普通", "blue"),
    option("C", "C low", "C 低", "secondary"),
)
SOURCE = dictionary(
    "source",
    "Source",
    "来源",
    option("promotion", "Promotion", "促销"),
    option("search_engine", "Search engine", "搜索引擎"),
    option("advertisement", "Advertisement", "广告"),
    option("referral", "Referral", "转介绍"),
    option("online_sign_up", "Online sign-up", "线上注册"),
    option("online_inquiry", "Online inquiry", "线上询价"),
    option("appointment", "Appointment", "预约上门"),
    option("cold_visit", "Cold visit", "陌拜"),
    option("phone_inquiry", "Phone inquiry", "电话咨询"),
    option("email_inquiry", "E-mail inquiry", "邮件咨询"),
)
INDUSTRY = dictionary(
    "industry",
    "Industry",
    "行业",
    option("it", "IT", "IT"),
    option("finance", "Finance", "金融"),
    option("real_estate", "Real estate", "房地产"),
    option("business_services", "Business services", "商业服务"),
    option("logistics", "Logistics", "运输物流"),
    option("manufacturing", "Manufacturing", "生产"),
    option("government", "Government", "政府"),
    option("media", "Media", "文化传媒"),
)
INVALID_REASON = dictionary(
    "invalid_reason",
    "Invalid reason",
    "无效原因",
    option("wrong_number", "Wrong number", "号码错误"),
    option("no_interest", "No interest", "无意向"),
    option("duplicate", "Duplicate", "重复"),
)
DEAL_STATUS = fixed(
    "deal_status",
    "Deal status",
    "成交状态",
    option("not_won", "Not yet won", "未成交", "secondary"),
    option("won", "Won", "已成交", "green"),
)
BUYING_ROLE = dictionary(
    "buying_role",
    "Role in buying",
    "采购角色",
    option("decision_maker", "Decision maker", "决策人"),
    option("influencer", "Influencer", "影响者"),
    option("user", "User", "使用者"),
    option("gatekeeper", "Gatekeeper", "把关人"),
)
SEX = fixed("sex", "Sex", "性别", option("male", "Male", "男"), option("female", "Female", "女"))
FOLLOW_UP_METHOD = dictionary(
    "follow_up_method",
    "Follow-up method",
    "跟进方式",
    option("call", "Call", "打电话", "green"),
    option("email", "E-mail", "发邮件", "blue"),
    option("sms", "SMS", "发短信", "azure"),
    option("visit", "Visit", "见面拜访", "purple"),
    option("wechat", "WeChat", "微信", "green"),
    option("event", "Event", "活动", "orange"),
)
FOLLOW_UP_RESULT = dictionary(
    "follow_up_result",
    "Follow-up result",
    "跟进结果",
    option("interested", "Interested", "有意向", "green"),
    option("call_back", "Call back later", "稍后联系", "blue"),
    option("not_reached", "Not reached", "未联系上", "orange"),
    option("no_interest", "No interest", "无意向", "secondary"),
)
EMPLOYEES = dictionary(
    "employee_range",
    "Employees",
    "人员规模",
    option("under_20", "Under 20", "20 人以下"),
    option("20_to_99", "20–99", "20–99 人"),
    option("100_to_499", "100–499", "100–499 人"),
    option("500_to_999", "500–999", "500–999 人"),
    option("over_1000", "1,000 and more", "1000 人及以上"),
)
TAG_COLOUR = fixed(
    "tag_colour",
    "Colour",
    "颜色",
    option("azure", "Azure", "天蓝", "azure"),
    option("blue", "Blue", "蓝色", "blue"),
    option("green", "Green", "绿色", "green"),
    option("orange", "Orange", "橙色", "orange"),
    option("red", "Red", "红色", "red"),
    option("purple", "Purple", "紫色", "purple"),
    option("secondary", "Grey", "灰色", "secondary"),
)
TASK_PRIORITY = fixed(
    "task_priority",
    "Priority",
    "优先级",
    option("none", "None", "无"),
    option("low", "Low", "低", "secondary"),
    option("normal", "Normal", "中", "blue"),
    option("high", "High", "高", "red"),
)
TASK_STATUS = fixed(
    "task_status",
    "Status",
    "状态",
    option("open", "Open", "进行中", "azure"),
    option("done", "Done", "已完成", "green"),
    option("cancelled", "Cancelled", "已取消", "secondary"),
)
TASK_BUCKET = fixed(
    "task_bucket",
    "Bucket",
    "分组",
    option("inbox", "Inbox", "收件箱"),
    option("today", "Today", "今天", "orange"),
    option("next", "Next", "下一步", "azure"),
    option("later", "Later", "以后", "secondary"),
)
EVENT_KIND = dictionary(
    "event_kind",
    "Event kind",
    "日程类型",
    option("meeting", "Meeting", "会议", "blue"),
    option("visit", "Customer visit", "客户拜访", "purple"),
    option("call", "Telephone call", "电话", "green"),
    option("demonstration", "Demonstration", "产品演示", "azure"),
    option("travel", "Business trip", "出差", "orange"),
    option("training", "Training", "培训", "secondary"),
    option("other", "Other", "其他"),
)


DUE = ("task", "event")


def due(through: str) -> tuple[Child, ...]:
    """What there is to do about such a record: a tab each, and it goes nowhere with the record."""
    return tuple(Child(one, through, cascades=False, follows_pool=False) for one in DUE)


def next_contact(closed_by: str | None = None, **facets: Any) -> Any:
    """When somebody wants to get in touch again; shown beside the record too (UI-5).

    Overdue and of today it says so everywhere, until a follow-up settles it or one of the fields
    ``closed_by`` says that nothing is left to do; with None for as long as it stands.
    """
    settled_by = () if closed_by is None else ("last_follow_up_at", *closed_by.split())
    facets = {"sortable": True, "beside": "care", "is_due": True, **facets}
    return field.moment("Next contact time", "下次联系时间", settled_by=settled_by, **facets)
