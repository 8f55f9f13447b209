"""A measure as a template: its requirements are tasks, its last task looks at the indicators; pure."""

from collections.abc import Mapping, Sequence

from config.indicators import Indicator
from config.programme import Measure, Programme, Requirement, Review
from config.programme_checks import LAST
from config.shapes import Evidence, Kind, StageTemplate, TaskTemplate, Template
from config.words import Text

OWN_INDICATOR = "measure-tasks-in-time"

# A requirement is to be met within one review cycle; the look at the indicators follows ten days later.
DUE = {
    Review.MONTHLY: ("30d", "40d"),
    Review.QUARTERLY: ("90d", "100d"),
    Review.HALF_YEARLY: ("180d", "190d"),
    Review.YEARLY: ("360d", "370d"),
}
REVIEWED = {
    Review.MONTHLY: Text("monthly", "每月"),
    Review.QUARTERLY: Text("every quarter", "每季度"),
    Review.HALF_YEARLY: Text("every half-year", "每半年"),
    Review.YEARLY: Text("yearly", "每年"),
}
REMIND = ("-5wd", "0wd")
STAGE = "measure"


def derive_template(
    programme: Programme, measure: Measure, requirements: Sequence[Requirement], indicators: Mapping[str, Indicator]
) -> Template:
    """Make the process that a unit runs for a measure; `requirements` are those that fall on the unit."""
    due, last_due = DUE[measure.review]
    aims = measure.indicators or (OWN_INDICATOR,)
    tasks = [_task(programme, measure, one, due) for one in requirements]
    last = TaskTemplate(
        id=LAST,
        title=Text("Look at the measure's indicators and say what follows", "查看本举措的指标，写明下一步"),
        guidance=_last_guidance([indicators[slug].title for slug in aims]),
        owner="lead",
        due=last_due,
        remind=REMIND,
        evidence=Evidence.OPTIONAL,
    )
    return Template(
        id=f"measure-{measure.id}"[:64],
        version=int(programme.period.start.replace("-", "")),
        kind=Kind.PROCESS,
        title=Text(f"Measure {measure.number}: {measure.title.en}", f"举措 {measure.number}：{measure.title.zh}"),
        measures=(measure.id,),
        indicators=aims,
        stages=(StageTemplate(id=STAGE, title=measure.title, tasks=(*tasks, last)),),
    )


def _task(programme: Programme, measure: Measure, asked: Requirement, due: str) -> TaskTemplate:
    return TaskTemplate(
        id=asked.id,
        title=asked.text,
        guidance=_guidance(programme, measure),
        owner=asked.owner,
        due=due,
        remind=REMIND,
        evidence=Evidence.REQUIRED,
    )


def _guidance(programme: Programme, measure: Measure) -> Text:
    """Say which measure it is, how often it is due, and how sure the wording is.

    Nothing of the edition itself: a new one must touch only the tasks whose measure it changes.
    """
    sure, often = programme.legend[measure.evidence.status], REVIEWED[measure.review]
    return Text(
        f"Measure {measure.number} of the programme. How often, in the document: {measure.frequency.en}. "
        f"Looked at {often.en}. Evidence: {measure.evidence.status.value} ({sure.en}).",
        f"行动计划举措 {measure.number}。文件规定频次：{measure.frequency.zh}；本系统{often.zh}检查。"
        f"核实程度：{sure.zh}。",
    )


def _last_guidance(titles: Sequence[Text]) -> Text:
    en, zh = "; ".join(one.en for one in titles), "；".join(one.zh for one in titles)
    return Text(f"Look at: {en}. Write what they show and what comes next.", f"请查看：{zh}。写明结果和下一步。")
