"""What each row of the hospital's workbook says, checked by itself: words, names, dates, addresses."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches

from config.words import Refused, Text
from engine.forms import LANGUAGES, NO_ADDRESS, RHYTHMS
from engine.workbook import CellProblem, SheetRow, date_of, is_slug, names_somebody, plain, text_of
from models.notification import STOPPABLE
from models.people import Rhythm

Fact = str | date | None
Key = tuple[Fact, ...]
Facts = dict[str, Fact]
Table = dict[Key, Facts]
State = dict[str, Table]  # sheet -> key of a row -> what the row says; people and units by their slugs

_EMAIL = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:localhost|(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,})", re.I
)
MOST_SUGGESTIONS = 20  # each costs a comparison with every known id
_SLUG_MEND = Text("Use a-z, 0-9 and single hyphens, such as ward-3", "请用小写字母、数字和单个连字符，例如 ward-3")


@dataclass(frozen=True)
class Wanted:
    """A row as it is to be: its key, and what the sheet's columns say about it."""

    row: SheetRow
    key: Key
    facts: Facts


@dataclass
class Checker:
    """Collects what is wrong in rows; a value that is wrong is None and named among the problems."""

    problems: list[CellProblem]
    warnings: list[CellProblem]
    n_suggested: int = field(default=0)

    def wrong(self, row: SheetRow, column: str, what: Text, mend: Text) -> None:
        self.problems.append(CellProblem(row.where(column), what, mend))

    def text(self, row: SheetRow, column: str, most: int) -> str:
        text = text_of(row.cells.get(column, ""))
        if len(text) > most:
            what = Text(f"The text has {len(text)} characters", f"文字有 {len(text)} 个字符")
            self.wrong(row, column, what, Text(f"Use at most {most}", f"最多 {most} 个字符"))
        return text[:most]

    def name(self, row: SheetRow, column: str) -> str:
        """Read a name; a number of a person in it is only warned of."""
        text = self.text(row, column, 200)
        if names_somebody(text):
            what = Text("This looks like an identity or mobile number", "这里像是身份证号或手机号")
            self.warnings.append(
                CellProblem(row.where(column), what, Text("Take it out; it is not needed", "请删除，系统不需要"))
            )
        return text

    def slug(self, row: SheetRow, column: str) -> str | None:
        """Read the id that the row itself gets."""
        text = plain(row.cells.get(column, ""))
        if not text:
            self.wrong(row, column, Text("The id is blank", "编号为空"), _SLUG_MEND)
            return None
        if is_slug(text):
            return text
        near = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
        mend = Text(f"Write {near}", f"请写 {near}") if is_slug(near) else _SLUG_MEND
        self.wrong(row, column, Text(f"`{text[:40]}` is no id", f"“{text[:40]}”不能作编号"), mend)
        return None

    def reference(
        self, row: SheetRow, column: str, known: Mapping[str, str], noun: Text, *, blank: bool = False
    ) -> str | None:
        """Read an id of another row. known: id -> name, so that whoever writes the name is told the id."""
        text = plain(row.cells.get(column, ""))
        if not text and blank:
            return None
        if text in known:
            return text
        if not text:
            self.wrong(row, column, Text(f"The {noun.en} is blank", f"{noun.zh}为空"), Text("Write the id", "请写编号"))
            return None
        what = Text(f"The {noun.en} `{text[:40]}` is not known", f"没有{noun.zh}“{text[:40]}”")
        self.wrong(row, column, what, self._suggest(text, known))
        return None

    def day(self, row: SheetRow, column: str, *, needed: bool = False) -> date | None:
        cell = row.cells.get(column, "")
        if not text_of(cell):
            if needed:
                self.wrong(
                    row, column, Text("The date is blank", "日期为空"), Text("Write 2026-03-31", "请写 2026-03-31")
                )
            return None
        try:
            return date_of(cell)
        except Refused as refusal:
            self.wrong(row, column, refusal.what, refusal.mend)
            return None

    def span(self, row: SheetRow, *, needed: bool = False) -> tuple[date | None, date | None]:
        """Read the columns from and until."""
        first, last = self.day(row, "from", needed=needed), self.day(row, "until", needed=needed)
        if first and last and first > last:
            what = Text(f"The end {last} lies before the beginning {first}", f"结束日期 {last} 早于开始日期 {first}")
            self.wrong(row, "until", what, Text("Exchange or mend the two dates", "请对调或修改两个日期"))
        return first, last

    def email(self, row: SheetRow) -> str | None:
        text = plain(row.cells.get("email", ""))
        if text.lower() in NO_ADDRESS:
            return None
        mend = Text("Give an address or write `none`", "请填写邮箱地址，没有请写“无”")
        if not text:
            self.wrong(row, "email", Text("The e-mail address is blank", "邮箱为空"), mend)
        elif len(text) > 254 or not _EMAIL.fullmatch(text) or ".." in text:
            self.wrong(row, "email", Text(f"`{text[:60]}` is no e-mail address", f"“{text[:60]}”不是邮箱地址"), mend)
        return text or None

    def language(self, row: SheetRow) -> str:
        text = plain(row.cells.get("language", ""))
        found = next((key for key, names in LANGUAGES.items() if text.lower().replace("_", "-") in names), None)
        if text and found is None:
            what = Text(f"The language `{text[:40]}` is not known", f"未知的语言“{text[:40]}”")
            self.wrong(row, "language", what, Text("Write en or zh", "请写 en 或 zh"))
        return found or "zh"

    def channels(self, row: SheetRow, known: Collection[str]) -> str:
        """Read the channels in the order in which they are tried, each once."""
        names = list(dict.fromkeys(_parts(plain(row.cells.get("channels", "")).lower())))
        for name in names:
            if name not in known:
                what = Text(f"The channel `{name[:40]}` is not known", f"未知的通知渠道“{name[:40]}”")
                self.wrong(
                    row,
                    "channels",
                    what,
                    Text(f"Known: {', '.join(sorted(known))}", f"已有：{'、'.join(sorted(known))}"),
                )
        return ",".join(names) or "email"

    def addresses(self, row: SheetRow, known: Collection[str]) -> str:
        parts = _parts(self.text(row, "addresses", 1000))
        for part in parts:
            name, sign, value = part.partition("=")
            if name not in known or not sign or not value:
                what = Text(f"`{part[:40]}` is no address of a channel", f"“{part[:40]}”不是渠道地址")
                self.wrong(
                    row,
                    "addresses",
                    what,
                    Text("Write channel=address, such as ntfy=ward-3", "请写“渠道=地址”，例如 ntfy=ward-3"),
                )
        return ",".join(parts)

    def digest(self, row: SheetRow) -> str:
        text = plain(row.cells.get("digest", ""))
        found = next((key for key, names in RHYTHMS.items() if text.lower() in names), None)
        if text and found is None:
            what = Text(f"`{text[:40]}` is no rhythm of messages", f"“{text[:40]}”不是汇总频率")
            self.wrong(row, "digest", what, Text("Write at-once, daily or weekly", "请写 at-once、daily 或 weekly"))
        return found or Rhythm.AT_ONCE

    def muted(self, row: SheetRow) -> str:
        """Read what the person has stopped; what asks for something cannot be stopped."""
        names = list(dict.fromkeys(_parts(plain(row.cells.get("muted", "")).lower())))
        for name in names:
            if name not in STOPPABLE:
                what = Text(f"`{name[:40]}` cannot be stopped", f"“{name[:40]}”不能停收")
                known = ", ".join(STOPPABLE)
                self.wrong(row, "muted", what, Text(f"These can: {known}", f"可以停收的有：{known}"))
        return ",".join(names)

    def role(self, row: SheetRow, roles: Mapping[str, Text]) -> str | None:
        """Read a role by its id or by its title in either language."""
        text = plain(row.cells.get("role", ""))
        titles = {
            plain(title.in_(language)).lower(): slug for slug, title in roles.items() for language in ("en", "zh")
        }
        found = text if text in roles else titles.get(text.lower())
        if found == "lead":
            what = Text("`lead` is nobody's role in a unit", "“项目负责人”不是科室中的角色")
            self.wrong(
                row,
                "role",
                what,
                Text("Leave it out: the lead is named when a cycle is launched", "请删除：负责人在启动循环时指定"),
            )
            return None
        if found:
            return found
        return self.reference(row, "role", {slug: title.zh for slug, title in roles.items()}, Text("role", "角色"))

    def first_of_key(self, row: SheetRow, column: str, key: Key, seen: dict[Key, SheetRow]) -> bool:
        """Refuse the second row of one key."""
        before = seen.setdefault(key, row)
        if before is row:
            return True
        shown = " ".join(str(part) for part in key if part is not None)
        what = Text(f"`{shown}` stands in row {before.number} already", f"“{shown}”已在第 {before.number} 行出现")
        self.wrong(row, column, what, Text("Delete one of the two rows", "请删除其中一行"))
        return False

    def _suggest(self, text: str, known: Mapping[str, str]) -> Text:
        self.n_suggested += 1
        near = [slug for slug, name in known.items() if name == text][:3]
        if not near and self.n_suggested <= MOST_SUGGESTIONS:
            near = get_close_matches(text.lower(), known, n=3, cutoff=0.6)
        if near:
            return Text(
                f"Perhaps {' or '.join(f'`{slug}`' for slug in near)} was meant", f"也许应为“{'”或“'.join(near)}”"
            )
        if len(known) <= 30:
            return Text(f"Known: {', '.join(sorted(known)) or 'none'}", f"已有：{'、'.join(sorted(known)) or '无'}")
        return Text("Write an id that exists, or add its row", "请写已有的编号，或补上该行")


def _parts(text: str) -> Sequence[str]:
    return [part for part in re.split(r"[,;，；、\s]+", text) if part]
