"""The page says what the figures say."""

import json

import pytest

from benchmarks import performance
from benchmarks.measurement import Goal, Measurement, Work
from benchmarks.performance import figures, page, replaced

CONDITIONS = {
    "processor": "A Processor",
    "instructions": ["avx2"],
    "cores": 2,
    "threads": 2,
    "date": "2026-01-01",
    "commit": "abc1234",
    "load": 0.5,
    "prediction": "NumPy kernels in fp32",
    "versions": {"python": "3.11", "torch": "2.13"},
}
PRODUCTS = {"fp32, 1 thread": [60.0], "fp32, 2 threads": [90.0, 100.0], "bf16, 2 threads": [400.0]}


def part(*measurements):
    """As it is read from JSON."""
    result = {"conditions": CONDITIONS, "measurements": [measurement.to_dict() for measurement in measurements]}
    return json.loads(json.dumps(result))


@pytest.fixture
def results():
    return {
        "machine": part(
            Measurement("matrix products", "Gflop/s", PRODUCTS, ""),
            Measurement("memory", "GB/s", {"2 threads": [9.0, 10.0]}, ""),
        ),
        "training-trec": part(
            Measurement(
                "training, trec",
                "rows/s",
                {"cct-text": [7000.0, 8000.0, 9000.0], "reference": [1000.0, 900.0, 1100.0]},
                "batches of 64",
                (Goal("the reference", 8.0, 8.0), Goal("something", 2.0, 1.0, at_most=True, unit=" s")),
                Work({"convolution": 1e6, "mlp": 4e6}, 1000.0),
                share=0.3,
                precisions={"cct-text": "bf16", "reference": "fp32"},
            )
        ),
        "vectors": part(Measurement("vectors", "s", {"cct-text": [0.1]}, "a file", (), Work({}, 100e6))),
    }


def test_a_figure_is_the_median_with_the_lowest_and_the_highest(results):
    assert "| training, trec | cct-text | 8,000 rows/s | 7,000 to 9,000 |" in page(results)
    assert "|  | reference | 1,000 rows/s | 900 to 1,100 |" in page(results)


def test_a_goal_is_met_or_missed(results):
    assert "8x the reference (8x: met); 2 s something (at most 1 s: missed)" in page(results)


def test_the_limit_is_the_slower_of_products_and_memory_at_the_best_measured_rates(results):
    # 5 Mflop at 100 Gflop/s: 20,000 rows/s; at 400: 80,000. The memory's 10 GB/s would allow 10 million.
    row = "| training, trec, row | 5 Mflop | 20% | 1 kB | 20,000 rows/s | 80,000 rows/s | cct-text | 40 % | 10 % |"
    assert row in page(results)
    assert "|  |  |  |  |  |  | reference | 5 % | 1.2 % |" in page(results)
    # 100 MB at 10 GB/s: 0.01 s, of which 0.1 s are ten times as many.
    assert "| vectors, all | 0 flop |  | 100 MB | 0.01 s | 0.01 s | cct-text | 10 % | 10 % |" in page(results)


def test_the_share_of_the_rate_stands_beside_its_goal(results):
    told = "cct-text: 10 % of the bf16 rate (30 %: missed); reference: 5 % of the fp32 rate (30 %: missed)"
    assert told in figures(results, ["training-trec"])


def test_the_share_of_the_rate_is_of_products_also_where_memory_is_the_limit(results):
    results["training-trec"]["measurements"][0]["work"]["bytes"] = 1e6
    # 1 MB at 10 GB/s: 10,000 rows/s at most, of which 8,000 are 80 %; of the products' rate they are what they were.
    assert "| 1 MB | 10,000 rows/s | 10,000 rows/s | cct-text | 80 % | 80 % |" in page(results)
    assert "cct-text: 10 % of the bf16 rate (30 %: missed)" in page(results)


def test_without_the_machine_there_are_figures_but_no_limits(results):
    del results["machine"]
    assert "8,000 rows/s" in page(results)
    assert "limit" not in page(results).lower()


def test_conditions_stand_once_where_all_parts_share_them(results):
    assert (
        page(results).count(
            "A Processor, 2 cores (avx2), 2 threads; prediction with NumPy kernels in fp32; python 3.11, torch 2.13."
        )
        == 1
    )
    results["vectors"]["conditions"] = {**CONDITIONS, "processor": "Another"}
    assert "- machine, training-trec: A Processor" in page(results)
    assert "- vectors: Another" in page(results)


def test_a_part_that_was_measured_alone_replaces_its_own_figures_only(results):
    new = {"training-trec": part(Measurement("anew", "s", {"cct-text": [1.0]}, ""))}
    after = replaced(results, new)
    assert list(after) == list(results)
    assert after["training-trec"] == new["training-trec"]
    assert after["vectors"] == results["vectors"]


def test_it_is_told_when_what_was_measured_and_whether_the_machine_was_idle(results):
    results["vectors"]["conditions"] = {**CONDITIONS, "date": "2026-01-02", "load": 1.25}
    told = "Measured on 2026-01-01, 2026-01-02 at abc1234; the load of the machine before a part was 1.2 at most."
    assert told in page(results)


def test_the_page_is_what_the_kept_figures_say():
    assert performance.PAGE.read_text(encoding="utf-8") == page(performance.load())
