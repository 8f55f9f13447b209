"""What happened in the demo hospital: one entry a cycle, counted back in days from the day on which it is loaded."""

from dataclasses import dataclass, field

from config.words import Text


@dataclass(frozen=True)
class Turn:
    """Something special that somebody did, `ago` days before today."""

    ago: int
    kind: str  # an answer, `pause` or `cancel`
    note: Text
    days: int | None = None  # extend: the new date, so many days from today
    to: str | None = None


@dataclass(frozen=True)
class Counted:
    """What a cycle counted every week: its level before and after the change, target and prediction, in per cent."""

    indicator: str
    before: float
    after: float
    target: float
    prediction: float
    cases: int = 120


@dataclass(frozen=True)
class Story:
    """A cycle launched `launched` days ago that has come to `stands_at` (a task, `approve:STAGE` or '' for closed).

    Everything before was answered between the launch and `since` days ago, in the proportions of the template.
    """

    template: str
    unit: str
    lead: str
    title: Text
    launched: int
    since: int
    stands_at: str = ""
    turns: tuple[Turn, ...] = field(default=())
    counted: Counted | None = None


STORIES = (
    Story(
        "pdca",
        "icu",
        "omar-haddad",
        Text("Fewer central-line infections", "降低中心静脉导管相关感染"),
        352,
        215,
        counted=Counted("line-bundle-weekly", 62, 86, 80, 82),
    ),
    Story(
        "focus-pdca",
        "surgery",
        "li-na",
        Text("Every surgical safety checklist complete", "手术安全核查表完整率"),
        331,
        185,
        counted=Counted("checklist-weekly", 70, 82, 95, 92),
    ),
    Story(
        "root-cause-analysis",
        "ward-5",
        "chen-xi",
        Text("Fall with fracture in Ward 5", "五病区跌倒致骨折事件"),
        305,
        142,
        counted=Counted("fall-assessment-weekly", 78, 78, 90, 88, cases=300),
    ),
    Story(
        "qc-circle",
        "radiology",
        "zhu-wei",
        Text("Shorter waiting for urgent CT", "缩短急诊CT等候时间"),
        282,
        96,
        counted=Counted("urgent-ct-weekly", 72, 58, 85, 84),
    ),
    Story(
        "pdca",
        "pharmacy",
        "maria-silva",
        Text("Antibiotics before the first incision", "术前预防用抗菌药物时机"),
        240,
        100,
        counted=Counted("antibiotic-timing-weekly", 76, 83, 90, 90, cases=9),
    ),
    Story(
        "pdca",
        "outpatient",
        "luo-jun",
        Text("Consent forms without paper", "知情同意书无纸化"),
        205,
        160,
        "carry-out",
        (Turn(148, "cancel", Text("Merged into the project of the information centre", "并入信息中心项目")),),
    ),
    Story(
        "pdca",
        "internal",
        "chen-xi",
        Text("Venous thrombosis risk assessed on admission", "入院静脉血栓风险评估"),
        120,
        5,
        "standardise",
    ),
    Story(
        "pdca",
        "icu",
        "omar-haddad",
        Text("Hand hygiene before touching a patient", "接触患者前手卫生依从率"),
        116,
        3,
        "approve:check",
    ),
    Story(
        "focus-pdca",
        "pharmacy",
        "maria-silva",
        Text("Prescriptions reviewed before dispensing", "处方前置审核率"),
        66,
        22,
        "carry-out",
    ),
    Story(
        "pdca",
        "surgery",
        "li-na",
        Text("Unplanned return to theatre", "非计划重返手术室再手术率"),
        84,
        50,
        "carry-out",
        (Turn(1, "extend", Text("The new instruments arrive two weeks late", "新器械晚到两周"), days=21),),
    ),
    Story(
        "pdca",
        "emergency",
        "xu-feng",
        Text("Door-to-balloon time in STEMI", "急性ST段抬高型心肌梗死再灌注时间"),
        58,
        28,
        "carry-out",
        (Turn(1, "blocked", Text("The catheter laboratory has no nurse on call at night", "导管室夜间无值班护士")),),
    ),
    Story(
        "pdca",
        "medical-records",
        "david-okoro",
        Text("First page of the record complete", "病案首页主要诊断编码正确率"),
        24,
        11,
        "causes",
    ),
    Story(
        "qc-circle",
        "day-surgery",
        "anna-keller",
        Text("Fewer cancellations on the day", "降低日间手术当日取消率"),
        58,
        37,
        "present-state",
    ),
    Story(
        "root-cause-analysis",
        "ward-3",
        "li-na",
        Text("Wrong-side marking, caught in time", "手术部位标识错误（未遂）"),
        40,
        8,
        "action-plan",
        (Turn(1, "done", Text("Actions agreed with the ward and the theatre", "已与病区和手术室商定措施")),),
    ),
    Story(
        "qc-circle",
        "emergency",
        "xu-feng",
        Text("Triage within five minutes", "五分钟内完成预检分诊"),
        70,
        9,
        "analysis",
        (Turn(1, "hand-over", Text("On training next week", "下周外出培训"), to="wu-dan"),),
    ),
    Story(
        "root-cause-analysis",
        "ward-5",
        "deng-kai",
        Text("Insulin given twice", "胰岛素重复给药事件"),
        75,
        30,
        "implement",
        (Turn(10, "pause", Text("Ward 5 is being rebuilt until the end of the month", "五病区改造至月底")),),
    ),
    Story(
        "pdca",
        "ward-3",
        "cao-ying",
        Text("Pressure injuries found on admission", "入院压力性损伤评估"),
        4,
        4,
        "present-state",
        (Turn(2, "acknowledge", Text("", "")),),
    ),
    Story(
        "focus-pdca",
        "radiology",
        "zhu-wei",
        Text("Critical values reported within ten minutes", "十分钟内报告危急值"),
        2,
        2,
        "find",
    ),
)
