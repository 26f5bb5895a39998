"""The picture of a day's flow shows the phases, steps and times of the plan."""

from __future__ import annotations

from datetime import timedelta
from xml.etree import ElementTree

from runtime import PROJECT
from tipoff.publishing.day_flow import day_flow, due_at, example_plan, phase_needs
from tipoff.vocabulary import Phase, step_names

SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_in_the_documents_is_current() -> None:
    present = (PROJECT / "docs" / "day-flow.svg").read_text(encoding="utf-8")
    assert present == day_flow(example_plan()), "run: python -m devtools.day_flow > docs/day-flow.svg"


def test_every_phase_and_step_of_the_plan_is_drawn_within_the_picture() -> None:
    plan = example_plan()
    picture = ElementTree.fromstring(day_flow(plan))  # noqa: S314  our own picture
    assert [each.text for each in picture.findall(f"{SVG}text[@class='phase']")] == list(Phase)
    strips = [group for group in picture.findall(f"{SVG}g") if group.find(f"{SVG}title") is not None]
    assert len(strips) == len(plan.steps)
    right = max(
        float(bar.get("x", 0)) + float(bar.get("width", 0)) for group in strips for bar in group.iter(f"{SVG}rect")
    )
    width, height = map(float, picture.get("viewBox", "").split()[2:])
    assert right <= width
    assert max(float(line.get("y2", 0)) for line in picture.iter(f"{SVG}line")) <= height


def test_a_phase_waits_for_the_last_phases_that_it_needs() -> None:
    needs = phase_needs(example_plan())
    assert needs[Phase.SLATE] == ()
    assert needs[Phase.PREDICT] == (Phase.CONTEXT,), "which waits for the lines and the rosters itself"
    assert needs[Phase.GRADE] == (Phase.PUBLISH, Phase.FOLLOW, Phase.RESULTS)


def test_a_step_without_deadline_is_due_with_what_it_follows() -> None:
    plan = example_plan()
    assert due_at(plan, plan.step(step_names.REPORT_PAGE)) == plan.predictions_due
    lines = plan.step(step_names.BETTING_LINES)
    assert plan.predictions_due is not None
    assert due_at(plan, lines) == plan.predictions_due - timedelta(minutes=15)
