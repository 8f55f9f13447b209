"""The words of a verdict in English and Simplified Chinese."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """Hold one text in both languages; {names} stand for facts."""

    en: str
    zh: str

    def in_(self, language: str, **facts: object) -> str:
        """Give the Chinese text for any `zh` tag, the English one for everything else, with facts filled in."""
        text = self.zh if language.lower().startswith("zh") else self.en
        return text.format(
            **{name: each.in_(language) if isinstance(each, Words) else each for name, each in facts.items()}
        )


VERDICTS = {
    "met": Words("Target met", "已达标"),
    "improving": Words("Improving, target not yet met", "有改善，尚未达标"),
    "no_change": Words("No change", "无变化"),
    "worse": Words("Worse", "变差"),
    "cannot_tell": Words("Not enough to tell", "尚不能判断"),
}
REASONS = {
    "too_few_baseline_points": Words(
        "Only {n_baseline} usable periods before the change; at least {needed} are needed.",
        "改进前只有 {n_baseline} 个有效周期，至少需要 {needed} 个。",
    ),
    "too_few_post_points": Words(
        "Only {n_post} usable periods after the change; at least {needed} are needed.",
        "改进后只有 {n_post} 个有效周期，至少需要 {needed} 个。",
    ),
    "too_few_events": Words(
        "Only {events} events before the change; at least {needed} are needed. Follow the time between events instead.",
        "改进前只有 {events} 例事件，至少需要 {needed} 例。建议改为观察事件间隔。",
    ),
    "interval_too_wide": Words(
        "The data still allow for no change and for the change that was aimed at.",
        "现有数据既可能表示无变化，也可能表示已达到预期变化。",
    ),
    "early_sign_of_improvement": Words(
        "An early sign of improvement: {key} speaks for it, the other test not yet.",
        "出现改善的早期迹象：{key}支持，另一项检验尚未支持。",
    ),
    "early_sign_of_worsening": Words(
        "An early sign of worsening: {key} speaks for it, the other test not yet.",
        "出现变差的早期迹象：{key}支持，另一项检验尚未支持。",
    ),
    "recent_points_unfavourable": Words(
        "One of the last three periods lies far on the unfavourable side.",
        "最近三个周期中有一个明显偏向不利一侧。",
    ),
}
KEYS = {
    "signal": Words("the pattern on the chart", "控制图上的信号"),
    "size": Words("the size of the change", "变化幅度"),
}
FLAGS = {
    "autocorrelated": Words(
        "Each period resembles the one before it; the interval was widened.", "相邻周期彼此相关，区间已加宽。"
    ),
    "unstable_baseline": Words("The baseline was not stable.", "基线不稳定。"),
    "already_improving_before": Words("It was improving before the change already.", "在采取措施之前已经在改善。"),
    "trial_limits": Words("The baseline is short; its limits are trial limits.", "基线较短，控制限为试用限。"),
    "overdispersed": Words(
        "The periods scatter more than chance alone would; the limits were widened.",
        "各周期波动大于随机波动，控制限已加宽。",
    ),
    "seasonal_partial_year": Words(
        "Seasons matter here, and not whole years are compared.", "该指标有季节性，而比较的不是完整年度。"
    ),
    "definition_changed": Words("The definition changed on the way.", "期间指标定义有变更。"),
}
NEXT_STEPS = {
    "adopt": Words("adopt and keep watching", "固化为常规并继续监测"),
    "adapt": Words("adapt the measure and go on", "调整措施后继续"),
    "abandon": Words("give the measure up or try another", "放弃该措施或另试其他"),
    "keep_measuring": Words("keep measuring", "继续收集数据"),
}
SENTENCES = {
    "headline": Words("{verdict}: {change}", "{verdict}：{change}"),
    "short": Words("{name} {moved} from {before} to {after} {interval}", "{name}由 {before} {moved} {after}{interval}"),
    "interval": Words("({change}, 95% interval {low} to {high})", "（{change}，95% 区间 {low} 至 {high}）"),
    "change": Words(
        "{name} {moved} from {before} to {after} {unit} {interval} in the {n_after} {periods} after the change{every}.",
        "改进后 {n_after} {periods}，{name}由 {before} {moved} {after} {unit}{interval}{every}。",
    ),
    "fell": Words("fell", "降至"),
    "rose": Words("rose", "升至"),
    "stayed": Words("went", "变为"),
    "every_below": Words("; all of them were below the old average", "，且各期均低于原平均水平"),
    "every_above": Words("; all of them were above the old average", "，且各期均高于原平均水平"),
    "confirmed": Words("Target {target} met, confirmed.", "目标值 {target} 已达到，且得到确认。"),
    "attained": Words("Target {target} met, not yet confirmed.", "目标值 {target} 已达到，尚待确认。"),
    "missed": Words("Target {target} not met.", "目标值 {target} 未达到。"),
    "more": Words(
        "About {n_more} more {periods} would show a change to {level}.",
        "大约再有 {n_more} {periods}即可看出是否变为 {level}。",
    ),
    "never": Words(
        "However long one waits, these {periods} would not show a change to {level}.",
        "按现有数据量，再等多少{periods}也看不出是否变为 {level}。",
    ),
    "suggested": Words("Suggested: {step}.", "建议：{step}。"),
}
# Where the first periods are only held against the later ones, and nobody changed anything: in place of those above.
UNCHANGED = {
    "change": Words(
        "{name} {moved} from {before} to {after} {unit} {interval} in the {n_after} {periods} after the first "
        "{n_before}{every}.",
        "与最初 {n_before} {periods}相比，其后 {n_after} {periods}{name}由 {before} {moved} "
        "{after} {unit}{interval}{every}。",
    ),
    "too_few_baseline_points": Words(
        "Only {n_baseline} usable periods to hold the later ones against; at least {needed} are needed.",
        "可作对照的最初有效周期只有 {n_baseline} 个，至少需要 {needed} 个。",
    ),
    "too_few_post_points": Words(
        "Only {n_post} usable periods after the first {n_baseline}; at least {needed} are needed.",
        "最初 {n_baseline} 个有效周期之后只有 {n_post} 个，至少需要 {needed} 个。",
    ),
    "too_few_events": Words(
        "Only {events} events in the first {n_baseline} periods; at least {needed} are needed. "
        "Follow the time between events instead.",
        "最初 {n_baseline} 个周期内只有 {events} 例事件，至少需要 {needed} 例。建议改为观察事件间隔。",
    ),
    "already_improving_before": Words("It was improving in the first periods already.", "在最初各周期内已经在改善。"),
    "adopt": Words("keep watching", "继续监测"),
    "adapt": Words("keep watching", "继续监测"),
    "abandon": Words("consider an improvement cycle", "可考虑启动改进循环"),
}
