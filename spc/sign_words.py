"""The words of charts, signals and icons in English and Simplified Chinese."""

from spc.icons import Assurance, Better, Variation
from spc.lines import Kind
from spc.rulesets import Signal
from spc.words import Words

VARIATIONS = {
    Variation.COMMON_CAUSE: Words("no special cause", "无特殊原因波动"),
    Variation.IMPROVEMENT_HIGH: Words("improvement, high", "改善（偏高）"),
    Variation.IMPROVEMENT_LOW: Words("improvement, low", "改善（偏低）"),
    Variation.CONCERN_HIGH: Words("concern, high", "预警（偏高）"),
    Variation.CONCERN_LOW: Words("concern, low", "预警（偏低）"),
    Variation.NEUTRAL_HIGH: Words("special cause, high", "特殊原因（偏高）"),
    Variation.NEUTRAL_LOW: Words("special cause, low", "特殊原因（偏低）"),
}
ASSURANCES = {
    Assurance.PASS: Words("the limits lie beyond the target", "控制限整体达标"),
    Assurance.FAIL: Words("the limits fall short of the target", "控制限整体未达标"),
    Assurance.INCONSISTENT: Words("the target lies within the limits", "目标在控制限之内，时达时不达"),
    Assurance.NOT_KNOWN: Words("no limits yet", "尚无控制限"),
}
SIGNALS = {
    Signal.BEYOND: Words("beyond the limits", "超出控制限"),
    Signal.TREND: Words("trend", "连续上升或下降"),
    Signal.TWO_OF_THREE: Words("two of three near a limit", "三点中两点接近控制限"),
    Signal.SHIFT: Words("shift to one side", "连续在均值同侧"),
    Signal.FOUR_OF_FIVE: Words("four of five away from the average", "五点中四点偏离均值"),
    Signal.ALTERNATING: Words("up and down in turn", "上下交替"),
    Signal.HUGGING: Words("too close to the average", "过于贴近均值"),
    Signal.AVOIDING: Words("never near the average", "始终远离均值"),
    Signal.RUNS: Words("unusual runs", "异常游程"),
}
KINDS = {
    Kind.RUN: Words("run chart", "运行图"),
    Kind.I: Words("I chart of single values", "单值图（I 图）"),
    Kind.MR: Words("MR chart of moving ranges", "移动极差图（MR 图）"),
    Kind.P: Words("p chart of proportions", "比例图（p 图）"),
    Kind.PP: Words("p' chart of proportions", "修正比例图（p' 图）"),
    Kind.U: Words("u chart of rates", "率图（u 图）"),
    Kind.UP: Words("u' chart of rates", "修正率图（u' 图）"),
    Kind.C: Words("c chart of counts", "计数图（c 图）"),
    Kind.CP: Words("c' chart of counts", "修正计数图（c' 图）"),
    Kind.G: Words("g chart of cases between events", "间隔例数图（g 图）"),
    Kind.T: Words("t chart of times between events", "间隔时间图（t 图）"),
    Kind.IP: Words("I' chart of single values with a size", "加权单值图（I' 图）"),
}
BETTERS = {
    Better.HIGHER: Words("higher", "越高越好"),
    Better.LOWER: Words("lower", "越低越好"),
    Better.NEITHER: Words("neither", "无方向"),
}
