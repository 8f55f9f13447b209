"""Who reads a page: the language asked for, the hospital's zone, and moments written in both."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from urllib.parse import quote, urlencode

from starlette.requests import Request

from config.calendar import Calendar
from config.settings import Language
from config.words import Text
from config.written import Unit, parse_after
from notifications.wording import MONTHS, WEEKDAYS


@dataclass(frozen=True)
class Reader:
    """One request's reader. `chosen`: the language stands in the address, so links must keep it."""

    language: Language
    chosen: bool
    path: str
    query: Mapping[str, str]
    calendar: Calendar
    roles: Mapping[str, Text]
    now: datetime
    me: str = ""  # the name of whoever is logged in

    def speaking(self, language: str) -> "Reader":
        """Speak a person's own language, unless another one was asked for."""
        spoken: Language = "zh" if language.lower().startswith("zh") else "en"
        return self if self.chosen else replace(self, language=spoken)

    def t(self, en: str, zh: str) -> str:
        """Take the reader's of two texts."""
        return zh if self.language == "zh" else en

    def word(self, text: Text | None) -> str:
        """Take the reader's language of a text; nothing for None."""
        return text.in_(self.language) if text else ""

    def role(self, slug: str) -> str:
        """Name a role."""
        return self.word(self.roles.get(slug)) or slug

    def day(self, day: date) -> str:
        """Write a date with its weekday; the year only when it is not this one."""
        weekday, year = self.word(WEEKDAYS[day.weekday()]), day.year
        same = year == self.calendar.local_date(self.now).year
        if self.language == "zh":
            return f"{'' if same else f'{year}年'}{day.month}月{day.day}日 {weekday}"
        return f"{weekday} {day.day} {MONTHS[day.month - 1]}{'' if same else f' {year}'}"

    def moment(self, moment: datetime | None) -> str:
        """Write a moment in the hospital's zone, to the minute."""
        if moment is None:
            return ""
        local = moment.astimezone(self.calendar.zone)
        return f"{self.day(local.date())} {local:%H:%M}"

    def clock(self, moment: datetime) -> str:
        """Write the time of day of a moment in the hospital's zone."""
        return f"{moment.astimezone(self.calendar.zone):%H:%M}"

    def iso(self, moment: datetime) -> str:
        """Write a moment for machines."""
        return moment.astimezone(self.calendar.zone).isoformat(timespec="seconds")

    def lateness(self, since: datetime) -> str:
        """Say how long ago something should have happened: working days; within one of them hours, or days off."""
        n_days = self.calendar.working_days_between(self.calendar.local_date(since), self.calendar.local_date(self.now))
        if n_days >= 1:
            return self.t(f"{n_days} working day{'s' if n_days > 1 else ''}", f"{n_days} 个工作日")
        n_hours = max(0, int((self.now - since).total_seconds() // 3600))
        if n_hours >= 48:  # over days off
            return self.t(f"{n_hours // 24} days", f"{n_hours // 24} 天")
        return self.t(f"{n_hours} h", f"{n_hours} 小时") if n_hours else self.t("under an hour", "不到 1 小时")

    def after(self, written: str) -> str:
        """Write a level's time (1wd, 4h) in words."""
        offset = parse_after(written)
        if offset.unit is Unit.HOURS:
            return self.t(f"after {offset.n} h", f"{offset.n} 小时后")
        return self.t(f"after {offset.n} working day{'s' if offset.n != 1 else ''}", f"{offset.n} 个工作日后")

    def names(self, names: list[str]) -> str:
        """Join names as a sentence does."""
        return self.t(", ", "、").join(names)

    def link(self, path: str, **query: object) -> str:
        """Write an address that keeps the language chosen; empty values are left out."""
        wanted = {key: str(value) for key, value in query.items() if value not in (None, "", False)}
        if self.chosen:
            wanted["lang"] = self.language
        return quote(path) + (f"?{urlencode(wanted)}" if wanted else "")

    def again(self, **query: object) -> str:
        """Write this page's own address with some values changed."""
        kept = {key: value for key, value in self.query.items() if key != "lang"}
        return self.link(self.path, **(kept | query))

    def in_other_language(self) -> str:
        """Write this page's own address in the other language."""
        kept = {key: value for key, value in self.query.items() if key != "lang"}
        return f"{quote(self.path)}?{urlencode(kept | {'lang': 'en' if self.language == 'zh' else 'zh'})}"


def chosen_language(request: Request, fallback: Language) -> tuple[Language, bool]:
    """Decide the language: what stands in the address, what the browser asks for, what the machine speaks."""
    asked = request.query_params.get("lang", "").lower()
    if asked[:2] in ("zh", "en"):
        return ("zh" if asked.startswith("zh") else "en"), True
    for part in _by_weight(request.headers.get("accept-language", "")):
        if part[:2] in ("zh", "en"):
            return ("zh" if part.startswith("zh") else "en"), False
    return fallback, False


def _by_weight(header: str) -> list[str]:
    """Sort the languages of an Accept-Language header, the most wanted first."""
    weighted = []
    for part in header.lower().split(",")[:20]:
        name, _, weight = part.strip().partition(";q=")
        try:
            weighted.append((-float(weight or 1), name))
        except ValueError:
            continue
    return [name for weight, name in sorted(weighted, key=lambda item: item[0]) if weight]
