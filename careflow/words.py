"""What a flow shows, in words for a ward."""

from careflow.flow import CareFlow, HandOver
from config.words import Text

MINUTE, HOUR, DAY = 60, 3600, 86_400


def spell_duration(seconds: float) -> Text:
    """Write a waiting time in the unit that people would use."""
    if seconds < 1.5 * HOUR:
        return Text(f"{seconds / MINUTE:.0f} min", f"{seconds / MINUTE:.0f} 分钟")
    if seconds < 2 * DAY:
        return Text(f"{seconds / HOUR:.1f} h", f"{seconds / HOUR:.1f} 小时")
    return Text(f"{seconds / DAY:.1f} days", f"{seconds / DAY:.1f} 天")


def say_bottleneck(flow: CareFlow, one: HandOver) -> Text:
    """Say what is waited for, how long, and how much of all waiting it is."""
    usual, long, share = spell_duration(one.median_s), spell_duration(one.p90_s), flow.share(one)
    return Text(
        f"Between “{one.before}” and “{one.after}” half of {one.n} wait {usual.en} or longer, one in ten {long.en} or"
        f" longer. That is {share:.0%} of all waiting.",
        f"“{one.before}”到“{one.after}”之间，{one.n} 次中有一半等待 {usual.zh}以上，十分之一等待 {long.zh}以上，"
        f"占全部等待时间的 {share:.0%}。",
    )


def say_left_out(n_rows: int, n_repeats: int) -> Text:
    """Say how much of an event table was not counted."""
    return Text(f"{n_rows} rows that cannot be, {n_repeats} repeats", f"{n_rows} 行无法使用，{n_repeats} 行重复")


def say_flow(flow: CareFlow) -> Text:
    """Say how much was looked at, and how alike the cases are."""
    first = flow.variants[0] if flow.variants else None
    usual = first.n_cases / flow.n_cases if first else 0.0
    return Text(
        f"{flow.n_cases} cases with {flow.n_events} events take {flow.n_variants} ways;"
        f" the most frequent one is taken by {usual:.0%}.",
        f"{flow.n_cases} 个病例、{flow.n_events} 条事件，共 {flow.n_variants} 种路径；最常见的路径占 {usual:.0%}。",
    )
