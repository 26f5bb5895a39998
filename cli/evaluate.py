"""`evaluate`: measures a file of predictions, as a backtest writes it, against an archive of past facts."""

from __future__ import annotations

from argparse import Namespace

from cli.exit_codes import CommandError, ExitCode


async def run(options: Namespace) -> ExitCode:
    """Print the figures and write the page. Raises BadInputError for a file or an archive that cannot be read."""
    from tipoff.evaluation.evaluation import evaluate_file  # slow libraries
    from tipoff.evaluation.page import render_evaluation
    from tipoff.evaluation.tables import as_text
    from tipoff.replay.archive import Archive

    evaluation = evaluate_file(options.predictions, Archive(options.archive))
    print(evaluation.model_dump_json() if options.json else as_text(evaluation))
    if options.out is not None:
        try:
            options.out.parent.mkdir(parents=True, exist_ok=True)
            options.out.write_text(render_evaluation(evaluation), encoding="utf-8")
        except OSError as error:
            raise CommandError(ExitCode.FAILED, f"{options.out} cannot be written: {error.strerror}") from error
    return ExitCode.DONE
