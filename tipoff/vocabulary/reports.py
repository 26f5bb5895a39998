"""What the activities of a step report."""

from __future__ import annotations

from typing import Any, Self, TypeAlias

from pydantic import AwareDatetime

from tipoff.vocabulary.base import Frozen
from tipoff.vocabulary.plan import SlateGame
from tipoff.vocabulary.words import USABLE, Outcome

DataVersions: TypeAlias = dict[str, dict[str, int]]
"""Source, table or system -> game -> how often its stored data changed so far; under ALL_DATA: changed at all."""
ALL_DATA = ""


class StepReport(Frozen):
    """What every step reports: its rows and the games they are about."""

    rows: int = 0
    reason: str = ""
    changed: bool = True
    """Whether it wrote new data."""
    changed_games: tuple[str, ...] | None = None
    """Games with new data; None: all games of the slate."""
    versions: DataVersions = {}
    """The versions after the step: facts of the stored data, which a second attempt reports as the first did."""
    missing_games: tuple[str, ...] = ()
    counts: dict[str, int] = {}
    alerts: dict[str, str] = {}
    """Kind of alert -> text."""

    def changed_since(self, consumed: DataVersions) -> Self:
        """The report with what changed since these versions; as it is if its data have no versions."""
        if not self.versions:
            return self
        changed = {
            game
            for subject, versions in self.versions.items()
            for game, version in versions.items()
            if consumed.get(subject, {}).get(game) != version
        }
        games = tuple(sorted(changed - {ALL_DATA}))
        return self.model_copy(update={"changed": bool(changed), "changed_games": games})


class ComputeReport(StepReport):
    """What a transform, the features, a system, the grading or an export reports."""

    reference: str = ""
    """Name of the file that a later step reads."""
    unfinished_games: tuple[str, ...] = ()
    """Games that are neither final nor postponed, as far as the grading knows."""
    predictions: int = 0
    """Predictions of the date that count, as far as the grading knows."""
    withheld: dict[str, str] = {}
    """View of a system -> why its picks are withheld."""
    lacking: str = ""
    """What it lacked when it ran, by the pre-flight check; `missing_games` are the games concerned."""


class ProcessReport(StepReport):
    """What processing a landed batch into its table brought."""

    outcome: Outcome = Outcome.OK
    unresolved: int = 0
    """Number of player names without a player."""
    unresolved_names: tuple[str, ...] = ()
    """The first of them, each with the most similar known players."""
    provider_ids: dict[str, str] = {}
    """Our game id -> the provider's."""
    games: tuple[SlateGame, ...] | None = None
    """The slate, from the source that knows it."""
    postponed: tuple[str, ...] = ()
    """Games left out of `games` because they are postponed."""


class SourceReport(ProcessReport):
    """What a poll of a source and its fallback sources brought."""

    polls: int = 1
    """How often one activity polled."""
    polled_at: AwareDatetime | None = None
    """Time of the last poll, where one activity polls several times."""
    primary_reason: str = ""
    """What the primary source said, where `reason` is about fallback sources too."""
    retry_at: AwareDatetime | None = None
    """Earliest next poll, by the provider's word or by its rate limit."""
    parks: bool = False
    """Polling again is useless until an operator acts."""
    use_fallback: bool = False
    """The fallback sources should be polled at once for what is missing."""
    fallback_games: dict[str, tuple[str, ...]] = {}
    """Label of a fallback source -> the games it had."""

    def is_news_after(self, missing_games: tuple[str, ...]) -> bool:
        """Whether a poll of games in progress changes what the day decides by.

        It does not while the same games are unfinished, nothing was refused, and the provider named no other time.
        """
        unfinished = set(self.missing_games)
        same_games = bool(unfinished) and unfinished == set(missing_games) and self.games is None
        return not same_games or self.outcome not in USABLE or self.retry_at is not None or self.parks

    def after(self, earlier: SourceReport) -> SourceReport:
        """The report with the polls and alerts of an earlier one; an unusable poll knows no versions of the data."""
        return self.model_copy(
            update={
                "polls": earlier.polls + self.polls,
                "versions": earlier.versions | self.versions,
                "alerts": earlier.alerts | self.alerts,
            }
        )


StepResult: TypeAlias = SourceReport | ComputeReport | str
"""What a step reported, or why it failed."""


class CollectReport(Frozen):
    """What one poll collected: the key of the landed batch, never its payloads."""

    outcome: Outcome
    reason: str
    refused: Outcome | None = None
    """The worst outcome among unusable responses; data not published yet do not count."""
    alert: bool = False
    """An operator should know of `refused` at once."""
    parks: bool = False
    """Polling again is useless until an operator acts."""
    use_fallback: bool = False
    """The fallback sources should be polled at once for what is missing."""
    batch_key: str | None = None
    """The landed object that lists the usable responses; None: there are none."""
    requests: int = 0
    new_objects: int = 0
    retry_at: AwareDatetime | None = None
    """Earliest next poll, by the provider's word or by its rate limit."""
    missing_games: tuple[str, ...] = ()
    """Games that were requested without a usable response."""
    credits_remaining: int | None = None
    """Credits left, by the provider's word."""
    address_blocked: str = ""
    """Which provider blocks this machine's address, and until when requests go through the proxy instead."""
    credits_warning: str = ""
    """What an operator should know of the month's credits."""

    @property
    def usable_batch(self) -> str | None:
        """Key of the batch if it holds something to process."""
        return self.batch_key if self.outcome in USABLE else None

    def without_batch(self) -> SourceReport:
        """The report of a poll with nothing to process."""
        return SourceReport(
            outcome=self.outcome,
            reason=self.reason,
            changed=False,
            missing_games=self.missing_games,
            retry_at=self.retry_at,
            parks=self.parks,
            use_fallback=self.use_fallback,
            alerts=self._alerts,
        )

    def with_batch(self, processed: ProcessReport) -> SourceReport:
        """The report of a poll whose batch was processed."""
        facts: dict[str, Any] = dict(processed) | {
            "alerts": processed.alerts | self._alerts,
            "use_fallback": self.use_fallback,
        }
        if self.refused is not None:
            reason = f"{processed.reason}; {self.reason}"
            facts |= {"reason": reason, "retry_at": self.retry_at, "parks": self.parks}
        return SourceReport(**facts)

    @property
    def _alerts(self) -> dict[str, str]:
        """A parked step raises its own alert, so that `refused` needs none."""
        refused = {str(self.refused): self.reason} if self.alert and not self.parks else {}
        others = {"address_blocked": self.address_blocked, "credits": self.credits_warning}
        return refused | {kind: text for kind, text in others.items() if text}
