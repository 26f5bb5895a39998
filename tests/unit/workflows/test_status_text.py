"""The status text of a day: one sentence, and a table that no text can break."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.support.ledgers import (
    DAY,
    DAYS,
    MOMENTS,
    evening_plan,
    no_lines,
    run_ready_steps,
    set_record,
    settled_ledger,
    step_of,
)
from tipoff.plan import plan_day, plan_slate
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import (
    DayPlan,
    DayStatus,
    Phase,
    RunState,
    StepState,
    StepStatus,
    clock_time,
    eastern,
    phase_state,
)
from workflows import status_text
from workflows.day_state import DayLedger
from workflows.day_status import day_status
from workflows.step_records import Records

NOON = eastern(DAY, 12)
HOSTILE = (
    "a | b\\| c\r\n| d | <script>alert(1)</script> [here](https://evil.example) ![](https://evil.example/x.png) `x`"
)


def status_of(ledger: DayLedger, hour: int = 12, *, held: bool = False) -> DayStatus:
    return day_status(ledger, eastern(DAY, hour), virtual=True, held=held)


@pytest.fixture
def waiting() -> DayLedger:
    plan = evening_plan()
    ledger = DayLedger(plan)
    ledger.adopt(plan)
    run_ready_steps(ledger, NOON, no_lines)
    return ledger


def test_a_day_that_waits_says_for_what_until_when_and_when_it_looks_again(waiting: DayLedger) -> None:
    sentence = status_of(waiting).sentence
    assert sentence.startswith("lines: waiting for ")
    assert sentence.endswith("; next poll 12:30 ET; deadline 13:15 ET")


def test_times_after_midnight_have_their_weekday(waiting: DayLedger) -> None:
    after_midnight = {"next_poll": eastern(DAY, 23) + timedelta(hours=2), "hard_deadline": eastern(DAY, 23, 59)}
    steps = [step.model_copy(update=after_midnight) for step in status_of(waiting).steps]

    def sentence(steps: list[StepStatus]) -> str:
        return status_text.sentence(
            RunState.WAITING, Phase.LINES, steps, NOON, game_date=DAY, games=waiting.plan.games, held=False
        )

    weekday = f"{DAY + timedelta(days=1):%a}"
    assert sentence(steps).endswith(f"; next poll {weekday} 01:00 ET; deadline 23:59 ET")
    pending = [step.model_copy(update={"state": StepState.PENDING}) for step in steps]
    assert sentence(pending) == f"lines: next poll {weekday} 01:00 ET"


def test_a_parked_day_says_which_step_and_why(waiting: DayLedger) -> None:
    waiting.park(step_of(waiting.plan, "ml_feature_store"), "the file is corrupt", NOON)
    assert status_of(waiting).sentence == "needs attention: features (ml_feature_store): the file is corrupt"


def test_a_parked_step_comes_first_even_while_it_is_polled_again(waiting: DayLedger) -> None:
    props = step_of(waiting.plan, "odds_api_player_points_props")
    waiting.park(step_of(waiting.plan, "odds_api_events"), "HTTP 401", NOON)
    waiting.park(props, "HTTP 402", NOON)
    for step in (props, step_of(waiting.plan, "odds_api_events")):
        waiting.start(step, NOON)
    status = status_of(waiting)
    assert (status.state, status.sentence) == (
        RunState.NEEDS_ATTENTION,
        "needs attention: The Odds API events (odds_api_events): HTTP 401 (and 1 more)",
    )
    assert [step.name for step in status.steps if step.state is StepState.FAILED] == [
        attention.step for attention in status.attention
    ]


_SENTENCES = {
    RunState.NEEDS_ATTENTION: r"needs attention: ",
    RunState.RUNNING: r"\w+: (?!waiting|next poll)",
    RunState.WAITING: r"\w+: (waiting for|next poll|in progress)",
}


@settings(deadline=None)
@given(DAYS, MOMENTS, st.booleans())
def test_state_and_sentence_agree_at_any_time(day: tuple[DayPlan, Records], now: datetime, parked: bool) -> None:
    plan, records = day
    ledger = DayLedger(plan, records)
    for step in plan.steps:
        if parked and records[step.name].state is StepState.FAILED:
            ledger.park(step, "the file is corrupt", now)
        elif records[step.name].state is StepState.FAILED:
            set_record(ledger, step.name, state=StepState.LATE)
    status = day_status(ledger, now, virtual=True, held=False)
    assert re.match(_SENTENCES[status.state], status.sentence), (status.state, status.sentence)
    needs_operator = bool(status.attention) or "no predictions are out" in status.sentence
    assert (status.state is RunState.NEEDS_ATTENTION) is needs_operator
    assert status.state is not RunState.WAITING or not any(step.state is StepState.RUNNING for step in status.steps)


def test_one_skipped_step_does_not_make_its_phase_skipped(waiting: DayLedger) -> None:
    step = step_of(waiting.plan, "nbac_referee_assignments")
    waiting.degrade(step, "skipped by Ada", NOON, StepState.SKIPPED)
    others = [status for status in status_of(waiting).steps if status.phase is step.phase]
    assert {status.state for status in others} == {StepState.SKIPPED, StepState.COMPLETE}
    assert phase_state(others) is StepState.COMPLETE
    assert phase_state([status for status in others if status.name == step.name]) is StepState.SKIPPED


def test_a_day_whose_clock_is_held_says_how_to_let_it_go_on(waiting: DayLedger) -> None:
    assert "resume_clock" in status_of(waiting, held=True).sentence


def test_a_finished_day_says_how_many_games_it_had() -> None:
    ledger = settled_ledger(evening_plan(), eastern(DAY, 23))
    ledger.end()
    assert status_of(ledger, 23).sentence == "complete: 3 games"


def test_a_finished_day_without_games_says_so() -> None:
    ledger = settled_ledger(plan_slate(DAY, SOURCES), NOON)
    ledger.adopt(plan_day(DAY, (), SOURCES))
    run_ready_steps(ledger, NOON)
    ledger.end()
    assert status_of(ledger).sentence == "complete: no games on this date"


def test_a_day_that_ended_without_a_critical_step_names_it_and_the_cause() -> None:
    ledger = settled_ledger(evening_plan(), eastern(DAY, 23))
    ledger.retry("grade", eastern(DAY, 23))
    ledger.park(step_of(ledger.plan, "grade"), "no box scores", eastern(DAY, 23))
    ledger.end()
    assert status_of(ledger, 23).sentence == "ended without grades (grade): no box scores"


def test_a_day_that_ended_without_several_steps_names_the_one_with_a_cause(waiting: DayLedger) -> None:
    waiting.park(step_of(waiting.plan, "ml_feature_store"), "HTTP 403", NOON)
    lost = [step for step in status_of(waiting).steps if step.name in {"ml_feature_store", "grade"}]
    for steps in (lost, lost[::-1]):
        text = status_text.sentence(
            RunState.FAILED, Phase.PREDICT, steps, NOON, game_date=DAY, games=(), lost=steps, held=False
        )
        assert text == "ended without features (ml_feature_store) and 1 other step: HTTP 403"


def test_a_failed_day_names_the_critical_step_it_ended_without_and_no_parked_optional_one() -> None:
    ledger = settled_ledger(evening_plan(), eastern(DAY, 23))
    ledger.retry("grade", eastern(DAY, 23))
    ledger.park(step_of(ledger.plan, "nbac_referee_assignments"), "HTTP 401", eastern(DAY, 23))
    ledger.end()
    assert status_of(ledger, 23).sentence == "ended without grades (grade)"


def rows_of(markdown: str) -> list[list[str]]:
    """The cells of its table."""
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    return [re.split(r"(?<!\\)(?:\\\\)*\|", row)[1:-1] for row in rows]


def markdown_with(text: str) -> str:
    """The details of a day that quotes a text in every place it can."""
    plan = evening_plan()
    ledger = DayLedger(plan)
    ledger.adopt(plan)
    run_ready_steps(ledger, NOON, no_lines)
    ledger.degrade(step_of(plan, "nbac_injury_report"), text, NOON)
    ledger.park(step_of(plan, "ml_feature_store"), text, NOON)
    return status_text.markdown(status_of(ledger))


@settings(deadline=None)
@given(
    st.text(alphabet=st.sampled_from("ab|\\\r\n\u2028<>[]()!`*_ "), max_size=60)
    | st.text(max_size=60)
    | st.just(HOSTILE)
)
def test_no_text_of_a_provider_breaks_the_table_or_becomes_a_link_a_picture_or_html(text: str) -> None:
    markdown = markdown_with(text)
    phases = [phase for phase in Phase if any(step.phase is phase for step in evening_plan().steps)]
    rows = rows_of(markdown)
    assert [row[0].strip() for row in rows[2:]] == list(phases)
    assert {len(row) for row in rows} == {4}
    assert not re.search(r"(?<!\\)(?:\\\\)*\[", markdown)
    assert "<" not in markdown


def shown(markdown: str) -> list[str]:
    """The text of each paragraph and table cell as the Temporal UI shows it; only our own markup is allowed in it."""
    texts = []
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        kinds = {child.type for child in token.children or ()}
        assert kinds <= {"text", "code_inline", "strong_open", "strong_close"}, kinds
        if token.children:
            texts.append("".join(child.content for child in token.children))
    return texts


@settings(deadline=None)
@given(
    st.text(alphabet=st.sampled_from("ab_*`~#!&;\\|<>[]() .@:/"), max_size=40)
    | st.just(HOSTILE)
    | st.sampled_from(
        ["a_b_c *x* **y** `z` ~~s~~ &lt; &amp;", "see https://a.example/x_y_z?q=*1*, or www.b.example/_x_"]
    )
)
def test_a_text_of_a_provider_is_shown_as_it_is(text: str) -> None:
    reason = " ".join(text.split())
    texts = shown(markdown_with(f"why: {text}."))
    assert sum(f"why: {reason}." in each or f"why: {reason} ." in each for each in texts) >= 2


@pytest.mark.parametrize("link", ["https://a.example/x_y", "www.a.example", "http://1.2.3.4:9/x", "ada@a.example"])
def test_a_bare_link_of_a_provider_is_no_link_in_the_ui(link: str) -> None:
    assert f"see `{link}`" in markdown_with(f"see {link} for more")


def test_the_cause_of_a_failed_request_is_never_cut_off(waiting: DayLedger) -> None:
    url = f"https://api.the-odds-api.com/v4/sports/basketball_nba/events?apiKey=***&dateFormat=iso&{'x' * 200}"
    props = step_of(waiting.plan, "odds_api_player_points_props")
    waiting.start(props, NOON)
    waiting.finish(props, f"{props.name} {DAY}: no usable response; {url}: [Errno -2] Name or service not known", NOON)
    status = status_of(waiting)
    for text in (status.sentence, status_text.markdown(status)):
        assert "api.the-odds-api.com" in text
        assert text.count("Name or service not known") >= 1
    assert status_text.markdown(status).count("Name or service not known") == 1


def test_the_details_name_parked_steps_possible_commands_and_degradations() -> None:
    markdown = markdown_with("the file is corrupt")
    assert "✗ features (ml_feature_store) parked since 12:00 ET" in shown(markdown)
    assert "△ without NBA injury report (nbac_injury_report): the file is corrupt" in shown(markdown)
    assert (
        "Commands: `starter.py retry-step --step ml_feature_store --date 2024-03-29`, `starter.py skip-step "
        in markdown
    )


def test_the_reason_of_each_parked_step_is_told_once(waiting: DayLedger) -> None:
    waiting.park(step_of(waiting.plan, "odds_api_events"), "HTTP 401", NOON)
    waiting.park(step_of(waiting.plan, "odds_api_player_points_props"), "HTTP 402", NOON)
    markdown = status_text.markdown(status_of(waiting))
    assert (markdown.count("HTTP 401"), markdown.count("HTTP 402")) == (1, 1)


def test_steps_parked_for_the_same_reason_each_have_it(waiting: DayLedger) -> None:
    for name in ("odds_api_events", "odds_api_game_lines", "odds_api_player_points_props"):
        waiting.park(step_of(waiting.plan, name), "HTTP 401: the key is invalid", NOON)
    assert status_text.markdown(status_of(waiting)).count("the key is invalid") == 3


def test_the_commands_of_a_replay_name_its_folder(waiting: DayLedger) -> None:
    status = status_of(waiting)
    command = "starter.py force-continue --phase lines --date 2024-03-29"
    assert f"`{command} --replay var/demo`" in status_text.markdown(status, "var/demo")
    assert f"`{command}`" in status_text.markdown(status)


def test_the_last_line_of_the_details_is_blank_but_shown(waiting: DayLedger) -> None:
    assert shown(status_text.markdown(status_of(waiting)))[-1] == "\u200b"


def test_states_are_written_in_the_words_of_the_glossary(waiting: DayLedger) -> None:
    waiting.park(step_of(waiting.plan, "odds_api_events"), "HTTP 401", NOON)
    set_record(waiting, "nbac_standings", state=StepState.EMPTY_OK)
    markdown = status_text.markdown(status_of(waiting))
    assert "✗ parked" in markdown
    assert "1 no data expected" in markdown
    assert not re.search("failed|empty", markdown)


def test_the_details_fit_the_page_however_long_a_reason_is() -> None:
    assert len(markdown_with("x" * 5000)) < 4000


def test_a_game_without_a_fixed_tip_off_is_named_while_the_day_runs_and_when_it_never_ended() -> None:
    plan = evening_plan()
    games = (*plan.games[1:], plan.games[0].model_copy(update={"tip_off": None}))
    ledger = settled_ledger(plan_day(DAY, games, SOURCES), NOON)
    label = games[-1].label
    assert status_of(ledger).sentence.endswith(f"; tip-off not fixed: {label}")
    run_ready_steps(ledger, eastern(DAY + timedelta(days=1), 2))
    set_record(ledger, "grade", unfinished_games=(games[0].game_id, games[-1].game_id))
    ledger.end()
    status = status_of(ledger)
    assert (status.state, status.sentence) == (
        RunState.FAILED,
        f"ended with no result of {games[0].label}, {label} (tip-off not fixed): neither final nor postponed",
    )


@pytest.mark.parametrize(
    ("text", "lasting"),
    [
        ("follow: next poll 14:00 ET", "follow: between polls"),
        (
            "lines: waiting for lines; next poll Sat 08:30 ET; deadline 13:15 ET",
            "lines: waiting for lines; deadline 13:15 ET",
        ),
        ("needs attention: no data; follow: next poll 14:00 ET", "needs attention: no data; follow: between polls"),
        ("complete: 12 games", "complete: 12 games"),
        *(
            (f"follow: next poll {clock_time(NOON + days * timedelta(days=1), DAY)}", "follow: between polls")
            for days in (0, 1, 6, 7, 900)
        ),
    ],
)
def test_a_sentence_that_stands_long_leaves_out_the_next_poll(text: str, lasting: str) -> None:
    assert status_text.without_next_poll(text) == lasting
