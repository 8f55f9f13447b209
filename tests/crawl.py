"""Walking a site as somebody who follows every link, and taking its forms apart."""

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Match

from tests.visitors import Answer, Visitor


@dataclass
class Form:
    """A form that is sent: where to, its fields with what stands in them, and the names of those that take files."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)


class Parts(HTMLParser):
    """The links of a page, and its forms that are posted."""

    def __init__(self, path: str, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.path, self.links, self.forms, self.ids = path, list[str](), list[Form](), set[str]()
        self._form: Form | None = None
        self._choice = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given["id"]} if "id" in given else set()
        if tag == "a" and "href" in given:
            self.links.append(urljoin(self.path, given["href"]))
        elif tag == "form":
            self._form = Form(urldefrag(urljoin(self.path, given.get("action", "")))[0])
            self.forms += [self._form] if given.get("method") == "post" else []
        elif self._form:
            self._take(self._form, tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None

    def _take(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if tag == "select":
            self._choice = name
        elif tag == "option" and self._choice:
            name = self._choice
        if given.get("type") == "file":
            form.files.append(name)
        elif name and not form.fields.get(name):  # of several values the first that says something
            form.fields[name] = given.get("value", "")


def crawl(visitor: Visitor, app: FastAPI, *starts: str, most_of_a_route: int = 2) -> dict[str, Answer]:
    """Follow the links of the pages in one language, of each kind the first few; gives every answer by its path."""
    found, left, n_of = dict[str, Answer](), list(starts), Counter[str]()
    while left:
        path = left.pop(0)
        if path in found or n_of[_kind(app, path)] >= most_of_a_route:
            continue
        n_of[_kind(app, path)] += 1
        found[path] = visitor.get(path)
        if found[path].headers.get_content_type() == "text/html":
            links = [urlsplit(link) for link in Parts(path, found[path].body).links]
            own = [link for link in links if not link.netloc and "lang=" not in link.query]
            left += [link.path + (f"?{link.query}" if link.query else "") for link in own]
    return found


def _kind(app: FastAPI, path: str) -> str:
    """Name the route of a path, with the names of what is asked of it; the path itself where there is none."""
    address = urlsplit(path)
    scope = {"type": "http", "method": "GET", "path": address.path, "headers": [], "root_path": ""}
    asked = "&".join(sorted(part.partition("=")[0] for part in address.query.split("&")))
    for route in app.state.routes:
        if isinstance(route, APIRoute) and route.matches(scope)[0] is Match.FULL:
            return f"{route.path}?{asked}"
    return path
