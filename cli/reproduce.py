"""`cct-text reproduce`: the paper's table beside the published figures, or the default recipes beside the baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from cct_text.errors import UsageError

from . import completion
from .options import (
    BaselineOption,
    DataDirOption,
    JobsOption,
    SetOption,
    VectorsOption,
    command_line,
    given_values,
)


def reproduce(
    datasets: Annotated[
        list[str] | None,
        typer.Option(
            "--datasets",
            help="Data set; repeat. [all with published figures; of recipes six]",
            autocompletion=completion.datasets,
        ),
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option("--models", help="Model; repeat. [all published]", autocompletion=completion.models),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", help="Runs of each. [5; of recipes for ag_news and imdb 3]")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="The three smallest models and 3 seeds: half an hour on two cores.")
    ] = False,
    recipes: Annotated[
        bool, typer.Option("--recipes", help="Instead: each data set with its default recipe, beside the baselines.")
    ] = False,
    baseline: BaselineOption = None,
    vectors: VectorsOption = None,
    data_dir: DataDirOption = None,
    set_: SetOption = None,
    jobs: JobsOption = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of all runs; runs/reproduce or runs/recipes when not given.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object, nothing else.")] = False,
) -> None:
    """Train the published models, beside the published figures. Repeated, it goes on where it stopped."""
    from cct_text.studies.reproduce import QUICK_MODELS, QUICK_SEEDS, plan_reproduction
    from cct_text.studies.reproduce import reproduce as run

    from .study_answer import print_reproduction
    from .study_display import StudyDisplay

    values = given_values({"vectors": vectors, "data_dir": data_dir}, set_)
    if recipes:
        if models or quick:
            raise UsageError("--recipes: the recipe names the model and the seeds; leave --models and --quick out")
        _reproduce_recipes(datasets or (), seeds, baseline, values, out or Path("runs/recipes"), jobs, as_json=json)
        return
    if baseline:
        raise UsageError("--baseline: beside --recipes only")
    if quick and (models or seeds is not None):
        raise UsageError("--quick: it names the models and the seeds; leave --models and --seeds out, or --quick")
    if quick:
        models, seeds = list(QUICK_MODELS), QUICK_SEEDS
    seeds, out = 5 if seeds is None else seeds, out or Path("runs/reproduce")
    studies = plan_reproduction(datasets or (), models or (), seeds=seeds, out=out, values=values)
    with StudyDisplay() as display:
        found = run(studies, out, workers=jobs, observer=display, command=command_line())
    print_reproduction(found, out, as_json=json)
    if any(one.error is not None for _, one in found.runs):
        raise typer.Exit(1)


def _reproduce_recipes(
    datasets: Sequence[str],
    seeds: int | None,
    baseline: Sequence[str] | None,
    values: Mapping[str, object],
    out: Path,
    jobs: int | None,
    *,
    as_json: bool,
) -> None:
    from cct_text.studies.recipe_results import plan_recipes, reproduce_recipes

    from .study_answer import print_recipes
    from .study_display import StudyDisplay

    studies = plan_recipes(datasets, seeds=seeds, out=out, beside=baseline, values=values)
    with StudyDisplay() as display:
        found = reproduce_recipes(studies, out, command=command_line(), workers=jobs, observer=display)
    print_recipes(found, out, as_json=as_json)
    if any(side.failed for comparison in found.comparisons for side in comparison.sides):
        raise typer.Exit(1)
