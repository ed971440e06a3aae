"""Plots are read back from their SVG, where text stays text."""

import xml.etree.ElementTree as ET

from cct_text.report.plots import POINT, Gap, Group, plot_comparison

GROUPS = [Group("glove-frozen", [0.91, 0.92], 0.915, 0.90, 0.93), Group("learned", [0.88], 0.88, None, None)]
GAPS = [Gap("glove-frozen − learned", 0.035, 0.01, 0.06, True)]


def words_of(path):
    return {"".join(element.itertext()).strip() for element in ET.parse(path).iter() if element.tag.endswith("text")}


def test_names_title_and_axes_stand_in_the_plot(tmp_path):
    svg, png = plot_comparison(tmp_path / "comparison", "trec, 500 test rows, 2 seeds", GROUPS, GAPS)
    words = words_of(svg)
    assert {"glove-frozen", "learned", "glove-frozen − learned", "trec, 500 test rows, 2 seeds"} <= words
    assert png.read_bytes().startswith(b"\x89PNG")


def test_every_seed_is_a_point(tmp_path):
    svg, _ = plot_comparison(tmp_path / "plot", "title", GROUPS, GAPS)
    points = [
        use for use in ET.parse(svg).iter() if use.tag.endswith("use") and f"fill: {POINT}" in use.get("style", "")
    ]
    assert len(points) == 3


def test_the_same_figures_give_the_same_bytes(tmp_path):
    first = [path.read_bytes() for path in plot_comparison(tmp_path / "a", "title", GROUPS, GAPS)]
    assert first == [path.read_bytes() for path in plot_comparison(tmp_path / "b", "title", GROUPS, GAPS)]


def test_names_are_no_mathematics_and_leave_room_for_the_figures(tmp_path):
    groups = [Group("$a_b$", [0.9], 0.9, None, None), Group("x" * 500, [0.8], 0.8, None, None)]
    svg, _ = plot_comparison(tmp_path / "plot", "costs $5 or $6", groups, [])
    words = words_of(svg)
    assert {"$a_b$", "costs $5 or $6", "x" * 59 + "…"} <= words
