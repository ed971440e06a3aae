"""The plot of a learning curve is read back from its SVG."""

import xml.etree.ElementTree as ET

from cct_text.report.curve_plot import COLORS, LineOfPoints, PointOfLine, plot_curve

LINES = [
    LineOfPoints("cct-2/2", False, [PointOfLine(100, 0.6, 0.55, 0.65), PointOfLine(4907, 0.93, 0.92, 0.94)]),
    LineOfPoints("tfidf-lr", True, [PointOfLine(100, 0.65, None, None), PointOfLine(4907, 0.88, None, None)]),
]


def test_learners_and_numbers_of_rows_stand_in_the_plot(tmp_path):
    svg, png = plot_curve(tmp_path / "curve", "trec, 500 test rows", LINES)
    words = {"".join(one.itertext()).strip() for one in ET.parse(svg).iter() if one.tag.endswith("text")}
    assert {"cct-2/2", "tfidf-lr", "100", "4,907", "trec, 500 test rows"} <= words
    assert png.read_bytes().startswith(b"\x89PNG")


def test_each_line_has_a_marker_for_each_point_and_one_in_the_legend(tmp_path):
    svg, _ = plot_curve(tmp_path / "curve", "title", LINES)
    for color in COLORS[:2]:
        marks = [one for one in ET.parse(svg).iter() if one.tag.endswith("use") and color in one.get("style", "")]
        assert len(marks) == 2 + 1


def test_the_same_figures_give_the_same_bytes(tmp_path):
    first = [path.read_bytes() for path in plot_curve(tmp_path / "a", "title", LINES)]
    assert first == [path.read_bytes() for path in plot_curve(tmp_path / "b", "title", LINES)]
