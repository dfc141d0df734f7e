"""A larger demo company for benchmarks: more sales teams and more people in them.

The nine departments and eighteen people of ``company`` stay as they are and come first; what is
added has usernames that say the team and the role: ``team7leader``, ``team7sales12``.
"""

from app.demo.company import (
    EMAIL_DOMAIN,
    DepartmentRow,
    UserRow,
    base_departments,
    base_users,
)
from app.demo.names import PersonNames

_NUMERALS = "零一二三四五六七八九"
_FIRST_TEAM = 3
_TEAMS_PER_REGION = 9


def departments(count: int = 9, user_count: int = 18) -> list[DepartmentRow]:
    """At least the nine, parents first; the others are sales regions of up to nine teams each.

    A team has its head as far as the people go round.
    """
    rows = base_departments()
    added = max(0, count - len(rows))
    regions = -(-added // (_TEAMS_PER_REGION + 1))
    rows.extend(_region(number) for number in range(1, regions + 1))
    headed = _FIRST_TEAM + max(0, user_count - len(base_users()))
    rows.extend(
        _team(number, has_head=number < headed)
        for number in range(_FIRST_TEAM, _FIRST_TEAM + added - regions)
    )
    return rows


def users(count: int = 18, department_count: int = 9, seed: int = 1) -> list[UserRow]:
    """At least the eighteen; the others lead the added teams, then sell in all teams in turn.

    Superiors stand before their people.
    """
    rows = base_users()
    teams = _team_numbers(departments(department_count))
    leaders = [number for number in teams if number >= _FIRST_TEAM]
    names = PersonNames(seed)
    for at in range(max(0, count - len(rows))):
        if at < len(leaders):
            row = _person(leaders[at], None)
        else:
            turn, place = divmod(at - len(leaders), len(teams))
            row = _person(teams[place], turn + 1)
        person = names.chinese(at)
        row["name"], row["name_en"] = person.name, person.name_en
        row["mobile"] = f"1902{at:07d}"
        rows.append(row)
    return rows


def _region(number: int) -> DepartmentRow:
    return DepartmentRow(
        key=f"region_{number}",
        name=f"销售第{_numeral(number)}大区",
        name_en=f"Sales Region {number}",
        parent="sales",
        head=None,
        order=100 + number,
    )


def _team(number: int, *, has_head: bool) -> DepartmentRow:
    return DepartmentRow(
        key=f"sales_{number}",
        name=f"销售{_numeral(number)}部",
        name_en=f"Sales {number}",
        parent=f"region_{(number - _FIRST_TEAM) // _TEAMS_PER_REGION + 1}",
        head=f"team{number}leader" if has_head else None,
        order=number,
    )


def _team_numbers(rows: list[DepartmentRow]) -> list[int]:
    keys = (row["key"] for row in rows)
    return [int(key.removeprefix("sales_")) for key in keys if key.startswith("sales_")]


def _person(team: int, place: int | None) -> UserRow:
    """Somebody of a team, the leader when there is no place number; still without a name."""
    is_leader = place is None
    username = f"team{team}leader" if is_leader else f"team{team}sales{place}"
    own_leader = f"leader{team}" if team < _FIRST_TEAM else f"team{team}leader"
    return UserRow(
        username=username,
        name="",
        name_en="",
        department=f"sales_{team}",
        position=f"销售{_numeral(team)}部经理" if is_leader else "客户经理",
        superior="manager" if is_leader else own_leader,
        roles=("sales_manager",) if is_leader else ("salesperson",),
        language="zh",
        mobile="",
        email=f"{username}@{EMAIL_DOMAIN}",
    )


def _numeral(number: int) -> str:
    """1–99 as Chinese reads them, 12 → 十二; larger ones digit by digit."""
    tens, ones = divmod(number, 10)
    if not tens or tens > 9:
        return "".join(_NUMERALS[int(digit)] for digit in str(number))
    return f"{_NUMERALS[tens] if tens > 1 else ''}十{_NUMERALS[ones] if ones else ''}"
