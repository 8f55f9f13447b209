"""Every way to write a template wrongly is answered with its line and how to mend it, in both languages."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.catalogue import check_template, read_catalogue
from config.problems import Problem
from config.source import MOST_BYTES, read_source

GOOD = """\
id: ward-round
version: 1
kind: pdca
title: {en: Ward round, zh: 查房}
stages:
  - id: plan
    gate: plan
    tasks:
      - id: first
        title: {en: First, zh: 第一}
        owner: lead
        due: 5wd
        remind: [-3wd, 0wd]
      - id: second
        title: {en: Second, zh: 第二}
        owner: dept-head
        due: 10d
        after: [first]
  - id: do
    tasks:
      - {id: third, title: {en: Third, zh: 第三}, owner: lead, due: 24h}
  - id: check
    tasks:
      - {id: fourth, title: {en: Fourth, zh: 第四}, owner: lead, due: 1wd}
  - id: act
    tasks:
      - {id: fifth, title: {en: Fifth, zh: 第五}, owner: lead, due: 2026-03-31}
"""
ROLES = ("lead", "dept-head", "quality-office")


def refuse(text: str) -> tuple[Problem, ...]:
    built, problems = check_template(text, "round.yaml", roles=ROLES, policies=("standard", "urgent"))
    assert (built is None) == bool(problems)
    return problems


def test_the_good_template_is_good() -> None:
    assert refuse(GOOD) == ()


def test_what_only_the_fast_reader_can_read_is_refused_without_its_line() -> None:
    found = refuse("#\x85" + GOOD.replace("due: 5wd", "deu: 5wd", 1))
    assert {(one.line, one.path) for one in found} == {(1, f"stages[0].tasks[0].{key}") for key in ("due", "deu")}


# what stands in the good template, what is written instead, line, path, start of what is said, part of the mend
CASES = {
    "unknown key of a task": ("due: 5wd", "deu: 5wd", 12, "stages[0].tasks[0].deu", "The key `deu` is not", "`due`"),
    "unknown key of a stage": ("gate: plan", "gates: plan", 7, "stages[0].gates", "The key `gates` is", "`gate`"),
    "unknown key at the top": ("kind: pdca", "kind: pdca\nurgnt: true", 4, "urgnt", "The key `urgnt`", "`urgent`"),
    "unknown language": ("zh: 查房}", "zh: 查房, fr: x}", 4, "title.fr", "The key `fr` is not known", "en, zh"),
    "missing Chinese": (
        "{en: First, zh: 第一}",
        "{en: First}",
        10,
        "stages[0].tasks[0].title.zh",
        "The Chinese",
        "both",
    ),
    "missing English": ("{en: Ward round, zh: 查房}", "{zh: 查房}", 4, "title.en", "The English text", "both"),
    "empty text": ("en: First", "en: '  '", 10, "stages[0].tasks[0].title.en", "The text is empty", "Write it"),
    "text in one language": (
        "{en: First, zh: 第一}",
        "First",
        10,
        "stages[0].tasks[0].title",
        "A text in two",
        "{en:",
    ),
    "version missing": ("version: 1\n", "", 1, "version", "The key `version` is missing", "version: 1"),
    "version zero": ("version: 1", "version: 0", 2, "version", "The number is too small", "1 or more"),
    "version as a word": ("version: 1", "version: one", 2, "version", "A whole number belongs here", "1, 2, 3"),
    "unknown kind": ("kind: pdca", "kind: pcda", 3, "kind", "`pcda` is not allowed", "`pdca`"),
    "unknown role": (
        "owner: dept-head",
        "owner: dept-haed",
        16,
        "stages[0].tasks[1].owner",
        "The role `dept-haed`",
        "`dept-head`",
    ),
    "unknown policy": (
        "kind: pdca",
        "kind: pdca\nescalation: standrd",
        4,
        "escalation",
        "The escalation policy",
        "`standard`",
    ),
    "unknown after": ("[first]", "[frist]", 18, "stages[0].tasks[1].after[0]", "The task `frist`", "`first`"),
    "deadline": ("due: 10d", "due: ten days", 17, "stages[0].tasks[1].due", "The deadline `ten days`", "5wd"),
    "deadline as a number": ("due: 10d", "due: 10", 17, "stages[0].tasks[1].due", "The deadline `10`", "10d"),
    "no such day": ("2026-03-31", "2026-02-30", 27, "stages[3].tasks[0].due", "The date `2026-02-30`", "2026-03-31"),
    "reminder": ("-3wd", "3wd", 13, "stages[0].tasks[0].remind[0]", "The reminder `3wd`", "-3wd"),
    "reminder twice": ("-3wd", "0wd", 13, "stages[0].tasks[0].remind[1]", "`0wd` appears twice", "only once"),
    "reminders not a list": (
        "[-3wd, 0wd]",
        "-3wd",
        13,
        "stages[0].tasks[0].remind",
        "A list belongs here",
        "[a, b]",
    ),
    "unknown gate": ("gate: plan", "gate: plans", 7, "stages[0].gate", "`plans` is not allowed", "`plan`"),
    "gate of another stage": ("gate: plan", "gate: check", 7, "stages[0].gate", "The gate `check`", "gate: plan"),
    "evidence": ("after: [first]", "evidence: requird", 18, "stages[0].tasks[1].evidence", "`requird`", "`required`"),
    "accept": ("after: [first]", "accept: perhaps", 18, "stages[0].tasks[1].accept", "Either true or false", "one of"),
    "task twice": ("id: fourth", "id: first", 24, "stages[2].tasks[0].id", "`first` appears twice", "only once"),
    "stage missing": ("id: do\n", "id: doing\n", 5, "stages", "A PDCA cycle cannot", "plan, do, check, act"),
    "no short name": ("id: ward-round", "id: Ward Round", 1, "id", "This is not a short name", "a-z"),
    "after a later stage": (
        "[first]",
        "[third]",
        18,
        "stages[0].tasks[1].after[0]",
        "`third` belongs to a later",
        "this stage",
    ),
    "after itself": ("[first]", "[second]", 18, "stages[0].tasks[1].after", "These tasks wait", "Remove one"),
    "duplicate key": ("due: 10d", "due: 10d\n        due: 9d", 18, "", "This is not valid YAML", "Remove one"),
    "tab": ("    gate: plan", "\tgate: plan", 7, "", "This is not valid YAML", "tab"),
    "unclosed": ("[first]", "[first", 19, "", "This is not valid YAML", "indentation"),
    "no tasks": (
        "      - {id: third, title: {en: Third, zh: 第三}, owner: lead, due: 24h}\n",
        "      []\n",
        20,
        "stages[1].tasks",
        "The list is empty",
        "one entry",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_answered_with_its_line_and_its_mend(case: str) -> None:
    old, new, line, path, what, mend = CASES[case]
    assert old in GOOD
    problems = refuse(GOOD.replace(old, new, 1))
    # Pydantic names what is missing before what is unknown: a misspelt key is both.
    problem = problems[-1] if case.startswith("unknown key of a task") else problems[0]
    assert (problem.file, problem.line, problem.path) == ("round.yaml", line, path)
    assert problem.what.en.startswith(what) and mend in problem.mend.en
    assert problem.text("zh").endswith("。") and problem.what.zh != problem.what.en


def test_a_circle_is_told_once_and_by_its_whole_way() -> None:
    text = GOOD.replace("remind: [-3wd, 0wd]", "after: [second]")
    (problem,) = refuse(text)
    assert "first -> second -> first" in problem.what.en and "first -> second -> first" in problem.what.zh
    assert problem.line == 13


def test_stages_of_a_process_may_have_any_name_but_not_the_same_twice() -> None:
    process = GOOD.replace("kind: pdca", "kind: process").replace("id: check", "id: look")
    assert refuse(process) == ()
    (problem,) = refuse(process.replace("id: act", "id: look"))
    assert (problem.line, problem.path) == (25, "stages[3].id")


def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    text = GOOD.replace("owner: lead", "owner: nobody").replace("[first]", "[nothing]")
    assert len(refuse(text)) == 5


def test_a_problem_reads_as_one_line_in_either_language() -> None:
    (problem,) = refuse(GOOD.replace("due: 10d", "due: soon"))
    assert problem.text("en").startswith(
        "round.yaml:17 stages[0].tasks[1].due: The deadline `soon` cannot be read. Write"
    )
    assert problem.text("zh-CN").startswith("round.yaml:17 stages[0].tasks[1].due：无法识别期限“soon”。请写")


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n"])
def test_an_empty_file_is_a_problem(text: str) -> None:
    assert [problem.what.en for problem in refuse(text)] == ["The file is empty"]


@pytest.mark.parametrize("text", ["hello", "- a\n- b", "5", "!!python/object:os.system {}", "? [a]\n: b", "1: 2"])
def test_a_file_of_another_shape_is_refused(text: str) -> None:
    assert refuse(text)


def test_a_file_in_gbk_is_refused_at_its_first_chinese_line() -> None:
    problem = read_source("x.yaml", GOOD.encode("gb18030"))
    assert isinstance(problem, Problem)
    assert (problem.line, problem.mend.en) == (4, "Save it again as UTF-8")


def test_a_byte_order_mark_of_a_windows_editor_does_no_harm() -> None:
    assert not isinstance(read_source("x.yaml", GOOD.encode("utf-8-sig")), Problem)


def test_a_control_character_is_found_at_its_line() -> None:
    (problem,) = refuse(GOOD.replace("Second", "Sec\x00ond"))
    assert problem.line == 15


def test_a_huge_file_is_refused_before_it_is_read() -> None:
    (problem,) = refuse(GOOD + "#" * MOST_BYTES)
    assert problem.what.en == "The file is too large"


def test_aliases_that_unfold_for_ever_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    assert [problem.what.en for problem in refuse("\n".join(lines))] == ["The file is too large"]


def test_an_alias_that_holds_itself_is_refused() -> None:
    assert refuse("id: x\nstages: &a\n  - b\n  - *a\n")
    assert refuse("id: &a {b: *a}")


def test_brackets_without_end_are_refused() -> None:
    assert refuse("id: " + "[" * 20_000)
    assert refuse("id: " + "[" * 150 + "]" * 150)
    assert refuse("- " * 5_000)


@pytest.mark.parametrize("value", ["!!bool plan", "!!omap x", "!!float ''", "{[a]: b}", "{{a: b}: c}", "!!int x"])
def test_values_that_the_yaml_reader_stumbles_over_are_refused(value: str) -> None:
    assert refuse(GOOD.replace("{en: First, zh: 第一}", value))


def test_a_number_of_many_digits_is_refused() -> None:
    assert refuse("id: " + "9" * 10_000)


pieces = st.lists(
    st.sampled_from([*GOOD, "&a", "*a", "<<: *a", "!!set", "!!omap", "? ", "%YAML 1.1", "---", "|", "0x"])
)


@settings(deadline=None)
@given(st.integers(0, len(GOOD)), st.integers(0, 30), st.text(max_size=10) | pieces.map("".join))
def test_whatever_a_hand_does_to_a_file_ends_in_a_template_or_a_problem(at: int, length: int, put: str) -> None:
    refuse(GOOD[:at] + put + GOOD[at + length :])


def test_words_of_yaml_1_1_stay_words() -> None:
    catalogue = read_catalogue()
    text = GOOD.replace("{en: First, zh: 第一}", "{en: No, zh: 否}")
    built, problems = check_template(text, "x", roles=catalogue.roles, policies=catalogue.policies)
    assert problems == () and built is not None
    assert next(built.tasks).title.en == "No"
