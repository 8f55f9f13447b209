"""Cutting a text to what a channel takes."""

import pytest

from notifications.cut import cut, n_bytes


@pytest.mark.parametrize("n", range(20))
def test_a_cut_never_parts_what_people_see_as_one_character(n: int) -> None:
    family, flag, accent = "👩‍👩‍👧", "🇨🇳", "e\u0301"
    short = cut(f"{flag}{accent}{family}{flag}" * 9, n + n_bytes("…"))
    assert n_bytes(short) <= n + n_bytes("…")
    rest = short.removesuffix("…")
    for whole in (family, flag, accent):
        rest = rest.replace(whole, "")
    assert rest == ""


def test_a_cut_keeps_the_last_link_whole_and_leaves_no_half_of_another() -> None:
    first, last = "https://x.test/" + "a" * 100, "https://ward.test/cycles/C1"
    assert cut(f"see {first} and\nPage: {last}\nfooter", 80) == f"see…\n{last}"
    assert cut("short", 5) == "short"
    assert cut("no link here", 9) == "no lin…"
    assert cut("https://x.test/" + "a" * 100, 20).endswith("…")
    assert n_bytes(cut("\ud800" * 100, 50)) <= 50
