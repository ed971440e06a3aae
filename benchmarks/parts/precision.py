"""What the precision of prediction does to its labels."""

from __future__ import annotations

from benchmarks.measurement import Goal, Measurement
from benchmarks.tasks import Settings, Task
from cct_text.datasets import load_dataset
from cct_text.inference.classifier import TextClassifier

FP32, DEFAULT = "fp32", "auto"


def measure(task: Task, settings: Settings) -> list[Measurement]:
    """Accuracy on dev in fp32 and in the precision that is the default here; on how many test texts both agree."""
    run = task.run(settings)
    dataset = load_dataset(task.dataset)
    assert dataset.test is not None
    test = dataset.test.texts.slice(0, settings.at_most(len(dataset.test), 500))
    classifiers = {precision: TextClassifier.load(run, precision=precision) for precision in (FP32, DEFAULT)}
    truth = [dataset.labels[index] for index in dataset.dev.labels]
    accuracy = {name: _agreement(one.predict(dataset.dev.texts), truth) for name, one in classifiers.items()}
    plain, default = (classifier.predict(test) for classifier in classifiers.values())
    return [
        Measurement(
            f"accuracy by precision, {task.dataset} dev",
            "%",
            {FP32: [accuracy[FP32]], f"{DEFAULT}: {classifiers[DEFAULT].precision}": [accuracy[DEFAULT]]},
            f"{task.model}, one run, {len(dataset.dev):,} rows of dev; labels are compared on {len(test):,} texts of test, "
            "whose own labels are not read",
            (
                Goal("of the labels agree", _agreement(plain, default), 99.5, unit=" %"),
                Goal("accuracy lost", accuracy[FP32] - accuracy[DEFAULT], 0.1, at_most=True, unit=" points"),
            ),
        )
    ]


def _agreement(labels: list[str], others: list[str]) -> float:
    """Percent of the rows."""
    return 100 * sum(one == other for one, other in zip(labels, others, strict=True)) / len(others)
