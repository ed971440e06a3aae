"""What docs/tuning.md says is searched is what is searched."""

from pathlib import Path

from cct_text.studies.search_space import DEFAULT
from cct_text.studies.tuning_plan import METRICS

PAGE = (Path(__file__).parents[2] / "docs" / "tuning.md").read_text(encoding="utf-8")


def test_the_page_names_all_that_is_searched_by_default_and_every_metric():
    for text in (*DEFAULT, *METRICS):
        assert f"`{text}`" in PAGE
