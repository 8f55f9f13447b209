"""The few SVG elements that a chart needs, with every text escaped."""

import re
from collections.abc import Sequence
from html import escape

# What XML 1.0 forbids even when escaped.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
Point = tuple[float, float]


def safe(text: str) -> str:
    """Escape a text for XML; characters that XML cannot hold become a question mark."""
    return escape(FORBIDDEN.sub("?", text), quote=True)


def element(name: str, content: str = "", /, **attributes: object) -> str:
    """Write one element. A trailing or inner underscore in a name stands for a hyphen; content is written as it is."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{safe(_short(value))}"' for key, value in attributes.items()
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def label(x: float, y: float, text: str, **attributes: object) -> str:
    """Write a text; nothing for an empty one."""
    return element("text", safe(text), x=x, y=y, **attributes) if text else ""


def line(start: Point, end: Point, **attributes: object) -> str:
    """Draw a straight line."""
    return element("line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], **attributes)


def path(points: Sequence[Point], **attributes: object) -> str:
    """Draw a line through points; nothing for fewer than two."""
    if len(points) < 2:
        return ""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return element("polyline", points=places, fill="none", **attributes)


def picture(size: tuple[int, int], content: Sequence[str], *, name: str, title: str, description: str) -> str:
    """Write a whole picture. name: makes its ids differ from those of other pictures on the same page."""
    named = (
        element("title", safe(title) or "-", id=f"{name}-title"),
        element("desc", safe(description) or "-", id=f"{name}-desc"),
    )
    return element(
        "svg",
        "".join((*named, element("rect", width=size[0], height=size[1], fill="#fff"), *content)),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {size[0]} {size[1]}",
        font_family="sans-serif",
        font_size=12,
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def _short(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
