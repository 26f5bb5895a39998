"""`models`: lists the champions of each system, goes back to the one before, or promotes a version."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import TYPE_CHECKING

from cli.exit_codes import CommandError, ExitCode
from cli.systems import require_systems
from cli.target import Target
from tipoff.errors import BadInputError, TipoffError
from tipoff.vocabulary import counted

if TYPE_CHECKING:
    from tipoff.systems.model_store import Champion, ModelStore


async def run(options: Namespace) -> ExitCode:
    """Print the champions, after the change that was asked for. Raises CommandError USAGE, FAILED."""
    from tipoff.systems.model_store import open_models  # load numpy and polars, which the other commands do not need
    from tipoff.systems.registry import SYSTEMS

    models = open_models(Target(options.replay).settings.models)
    system_ids = tuple(SYSTEMS) if options.action == "list" else (options.system,)
    require_systems(system_ids)
    try:
        if options.action == "rollback":
            models.withdraw(options.system)
        if options.action == "promote":
            _promote(models, options.system, options.version)
    except TipoffError as error:
        raise CommandError(ExitCode.FAILED, str(error)) from error
    champions = {system_id: models.champions(system_id) for system_id in system_ids}
    if options.json:
        print(json.dumps({name: [each.model_dump(mode="json") for each in all_] for name, all_ in champions.items()}))
    else:
        print("\n".join(_line(models, system_id, all_) for system_id, all_ in champions.items()))
    return ExitCode.DONE


def _promote(models: ModelStore, system_id: str, version: str) -> None:
    """Make a version the champion. Raises BadInputError if one trained on later games would predict instead of it."""
    card = models.load(system_id, version).card
    later = [each for each in models.champions(system_id) if each.trained_through > card.trained_through]
    if later:
        raise BadInputError(
            f"{system_id}: model {version} was trained through {card.trained_through}, so model {later[-1].version}, "
            f"trained through {later[-1].trained_through}, would still predict: withdraw it first with "
            f"starter.py models rollback {system_id}"
        )
    models.promote(card)


def _line(models: ModelStore, system_id: str, champions: tuple[Champion, ...]) -> str:
    """The newest champion of a system, with its walk-forward error."""
    if not champions:
        return f"{system_id}: no model"
    newest = max(champions, key=lambda champion: champion.trained_through)
    try:
        result = models.load(system_id, newest.version).card.walk_forward
    except TipoffError as error:
        return f"{system_id}: {error}"
    return (
        f"{system_id}: model {newest.version}, trained through {newest.trained_through}, walk-forward MAE "
        f"{result.mae:.2f} points (last-10 mean {result.last10_mae:.2f}), after "
        f"{counted(len(champions) - 1, 'earlier champion')}"
    )
