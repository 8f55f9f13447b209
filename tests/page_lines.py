"""A page written out as lines: what stands there, where its links lead, what its forms bring back; the menu is left
out."""

from collections.abc import Callable
from html.parser import HTMLParser

INLINE = frozenset({"a", "b", "code", "span", "strong", "time", "svg", "path", "label", "textarea", "option", "button"})
VOID = frozenset({"input", "meta", "link"})
MARKED = ("required", "checked", "selected", "multiple", "open", "download")


class _Lines(HTMLParser):
    def __init__(self, html: str, is_own: Callable[[str], bool]) -> None:
        super().__init__(convert_charrefs=True)
        self.language, self.lines, self._is_own = "", list[str](), is_own
        self._text, self._after, self._in_menu = list[str](), list[str](), False
        self.feed(html)
        self.close()
        self._end()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value if value is not None else "" for name, value in attrs}
        if tag not in INLINE and tag != "input":
            self._end()
        if tag == "nav":
            self._in_menu = True
        if tag == "html":
            self.language = given["lang"]
        elif tag == "form":
            self.lines.append(" ".join(["form", given["method"], given["action"], given.get("enctype", "")]).rstrip())
        elif tag in ("input", "textarea", "select", "option"):
            self._text.append(f" {self._field(tag, given)} ")
        elif given.get("class") == "effect":
            self._text.append(" - ")
        elif tag in ("button", "h1", "h2", "summary", "blockquote", "fieldset"):
            self._text.append(f"{tag}: ")
        if tag == "details" and "open" in given:
            self._text.append("opened ")
        if tag not in VOID:
            self._after.append(f" [{given['href']}] " if tag == "a" else "")

    def handle_endtag(self, tag: str) -> None:
        after = self._after.pop() if self._after else ""
        self._text.append("" if self._in_menu else after)
        if tag == "nav":
            self._in_menu = False
        if tag not in INLINE:
            self._end()

    def handle_data(self, data: str) -> None:
        if not self._in_menu:
            self._text.append(data)

    def _field(self, tag: str, given: dict[str, str]) -> str:
        name, value = given.get("name", ""), given.get("value", "")
        if name == "form":
            value = "its own" if self._is_own(value) else f"of another: {value}"
        parts = [given.get("type", tag), f"{name}={value}" if name else value]
        parts += [f"{key} {given[key]}" for key in ("accept", "maxlength", "min") if key in given]
        return f"<{' '.join(filter(None, [*parts, *(one for one in MARKED if one in given)]))}>"

    def _end(self) -> None:
        line = " ".join("".join(self._text).split())
        self.lines += [line] if line else []
        self._text.clear()


def page_lines(html: str, is_own: Callable[[str], bool]) -> tuple[str, list[str]]:
    """Give a page's language and its lines. is_own: answers whether the token of a form fits the page."""
    read = _Lines(html, is_own)
    return read.language, read.lines
