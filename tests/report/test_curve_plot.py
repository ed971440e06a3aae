"""The plot of a learning curve is read back from its SVG."""

import xml.etree.ElementTree as ET

from cct_text.report import curve_plot
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


def figure_of(lines, folder, monkeypatch):
    figures = []
    monkeypatch.setattr(curve_plot, "save", lambda figure, path: figures.append(figure) or [])
    plot_curve(folder / "curve", "title", lines)
    return figures[0]


def test_what_lies_beyond_0_and_100_percent_is_cut_off(tmp_path, monkeypatch):
    wild = LineOfPoints("wild", False, [PointOfLine(60, 0.5, -1.0, 2.5), PointOfLine(420, 0.9, 0.7, 1.1)])
    (axes,) = figure_of([wild], tmp_path, monkeypatch).axes
    low, high = axes.get_ylim()
    assert (low, high) == (0, 100)
    assert all(0 <= y <= 100 for line in axes.lines for y in line.get_ydata())


def test_no_interval_hides_another_and_each_is_near_its_rows(tmp_path, monkeypatch):
    points = [PointOfLine(rows, 0.6, 0.5, 0.7) for rows in (100, 300)]
    lines = [LineOfPoints(f"learner {place}", False, points) for place in range(10)]
    (axes,) = figure_of(lines, tmp_path, monkeypatch).axes
    places = sorted({x for line in axes.lines for x in line.get_xdata()})
    assert len(places) == 2 * len(lines)
    assert all(min(abs(x / 100 - 1), abs(x / 300 - 1)) < 0.03 for x in places)
