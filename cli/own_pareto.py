"""What `wardcycle spc FILE --chart pareto` says: facts for programs, lines for people, and the picture."""

from collections.abc import Mapping

from engine.own_pareto import draw_counts, pareto_of, tell_pareto

FACTS = ("category", "count", "running", "share", "running_share", "vital")


def pareto_facts(counts: Mapping[str, float], title: str) -> dict[str, object]:
    """Say everything in numbers, and the words in both languages."""
    pareto = pareto_of(counts, "en")
    return {
        "chart": "pareto",
        "n_categories": len(counts),
        "total": sum(counts.values()),
        "bars": [{key: getattr(bar, key) for key in FACTS} for bar in pareto.bars],
        "leader_is_clear": pareto.leader_is_clear,
        "words": {language: pareto_lines(counts, title, language) for language in ("en", "zh")},
    }


def pareto_lines(counts: Mapping[str, float], title: str, language: str) -> list[str]:
    """Say it in sentences, and each category in a line."""
    pareto = pareto_of(counts, language)
    said = "".join if language.startswith("zh") else " ".join
    lines = [f"{title}{'：' if language.startswith('zh') else ': '}" + said(
        one.in_(language) for one in tell_pareto(pareto, counts)
    )]  # fmt: skip
    lines += [
        f"  {'*' if bar.vital else ' '} {bar.category}: {bar.count:g} ({bar.running_share:.0%})" for bar in pareto.bars
    ]
    return lines


def pareto_picture(counts: Mapping[str, float], title: str, language: str) -> str:
    """Draw it."""
    return draw_counts(pareto_of(counts, language), counts, title, language)
