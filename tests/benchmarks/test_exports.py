"""The table of docs/export.md is that of the kept measurement."""

from benchmarks import exports


def test_the_page_has_the_figures_of_the_result_file():
    assert exports.page() == exports.PAGE.read_text(encoding="utf-8")
