"""The people and departments of the demo company (contract §8): their usernames say the role."""

from types import MappingProxyType
from typing import TypedDict


class DepartmentRow(TypedDict):
    key: str
    name: str
    name_en: str
    parent: str | None
    head: str | None
    order: int


class UserRow(TypedDict):
    username: str
    name: str
    name_en: str
    department: str
    position: str
    superior: str | None
    roles: tuple[str, ...]
    language: str
    mobile: str
    email: str


_DEPARTMENTS = """
office    | 办公室   | Office           |        | admin
sales     | 销售部   | Sales            | office | manager
sales_1   | 销售一部 | Sales 1          | sales  | leader1
sales_2   | 销售二部 | Sales 2          | sales  | leader2
marketing | 市场部   | Marketing        | office | marketing
service   | 客服部   | Customer Service | office | service
finance   | 财务部   | Finance          | office | finance
legal     | 法务部   | Legal            | office | legal
people    | 人事部   | Human Resources  | office | people
"""

_USERS = """
admin     | 沈致远   | Shen Zhiyuan    | office    | 总经理       |         | super_admin   | zh
manager   | 周建平   | Zhou Jianping   | sales     | 销售总监     |         | sales_manager | zh
leader1   | 陈立新   | Chen Lixin      | sales_1   | 销售一部经理 | manager | sales_manager | zh
leader2   | 林婉秋   | Lin Wanqiu      | sales_2   | 销售二部经理 | manager | sales_manager | zh
sales1a   | 王晓东   | Wang Xiaodong   | sales_1   | 客户经理     | leader1 | salesperson   | zh
sales1b   | 李思琪   | Li Siqi         | sales_1   | 客户经理     | leader1 | salesperson   | zh
sales2a   | 赵海峰   | Zhao Haifeng    | sales_2   | 客户经理     | leader2 | salesperson   | zh
sales2b   | 孙雨桐   | Sun Yutong      | sales_2   | 客户经理     | leader2 | salesperson   | zh
clerk1    | 郑美玲   | Zheng Meiling   | sales_1   | 销售内勤     | leader1 | clerk         | zh
finance   | 吴淑华   | Wu Shuhua       | finance   | 财务经理     |         | finance       | zh
legal     | 曾宪文   | Zeng Xianwen    | legal     | 法务经理     |         | legal         | zh
service   | 黄丽娟   | Huang Lijuan    | service   | 客服经理     |         | service       | zh
marketing | 徐子墨   | Xu Zimo         | marketing | 市场经理     |         | marketing     | zh
people    | 马春燕   | Ma Chunyan      | people    | 人事经理     |         | people_admin  | zh
audit     | 高明远   | Gao Mingyuan    | office    | 审计员       |         | auditor       | zh
leader3   | 欧明丽   | Emily Carter    | sales_2   | Team Leader  | leader2 | sales_manager | en
sales2c   | 戴维森   | James Davidson  | sales_2   | Account Manager | leader3 | salesperson | en
clerk2    | 苏菲雅   | Sophie Nguyễn   | sales_2   | Sales Assistant | leader2 | clerk       | en
"""

# Of 100 customers, how many these people own; the rest lies in the pool.
OWNER_PERCENT = MappingProxyType(
    {"sales1a": 18, "sales1b": 18, "sales2a": 18, "sales2b": 18, "sales2c": 8, "manager": 5}
)
EMAIL_DOMAIN = "haina.example.com"


def _cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def base_departments() -> list[DepartmentRow]:
    """The nine departments, parents before children."""
    return [
        DepartmentRow(key=key, name=name, name_en=name_en, parent=parent or None, head=head,
                      order=order)
        for order, (key, name, name_en, parent, head) in enumerate(_cells(_DEPARTMENTS), 1)
    ]  # fmt: skip


def base_users() -> list[UserRow]:
    """The eighteen people, superiors before their people."""
    return [
        UserRow(
            username=username,
            name=name,
            name_en=name_en,
            department=department,
            position=position,
            superior=superior or None,
            roles=(role,),
            language=language,
            mobile=f"1901000{number:04d}",
            email=f"{username}@{EMAIL_DOMAIN}",
        )
        for number, (username, name, name_en, department, position, superior, role, language)
        in enumerate(_cells(_USERS), 1)
    ]  # fmt: skip
