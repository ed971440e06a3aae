"""Plots are read back from their SVG, where text stays text."""

import xml.etree.ElementTree as ET

from cct_text.report import plots
from cct_text.report.plots import POINT, DrawnGap, Group, plot_comparison
from cct_text.report.run_plots import confusion_matrix

GROUPS = [Group("glove-frozen", [0.91, 0.92], 0.915, 0.90, 0.93), Group("learned", [0.88], 0.88, None, None)]
GAPS = [DrawnGap("glove-frozen − learned", 0.035, 0.01, 0.06, True)]


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


def test_what_lies_beyond_0_and_100_percent_is_cut_off(tmp_path):
    groups = [Group("wild", [0.4, 0.7], 0.55, -1.356, 2.456), Group("tame", [0.5, 0.6], 0.55, 0.4, 0.7)]
    svg, _ = plot_comparison(tmp_path / "plot", "title", groups, [])
    words = words_of(svg)
    assert {"0", "100"} <= words
    assert not words & {"−20", "−50", "120", "150"}


def test_the_majority_class_is_told_and_leaves_the_others_their_room(tmp_path):
    groups = [*GROUPS, Group("majority", [0.188], 0.188, None, None)]
    gaps = [*GAPS, DrawnGap("glove-frozen − majority", 0.727, 0.65, 0.80, True)]
    svg, _ = plot_comparison(tmp_path / "with", "title", groups, gaps)
    words = words_of(svg)
    assert "not drawn, to leave room for the others: majority, 18.8 %" in words
    assert not words & {"majority", "glove-frozen − majority"}
    assert "glove-frozen − learned" in words


def test_the_majority_class_is_drawn_where_nothing_else_is_compared(tmp_path):
    groups = [GROUPS[0], Group("majority", [0.188], 0.188, None, None)]
    svg, _ = plot_comparison(
        tmp_path / "plot", "title", groups, [DrawnGap("glove-frozen − majority", 0.727, 0.65, 0.8, True)]
    )
    assert {"majority", "glove-frozen − majority"} <= words_of(svg)


def test_no_word_reaches_over_the_edge_of_the_picture(tmp_path, monkeypatch):
    long = "embeddings=glove-frozen, pooling=seqpool, positions=sine, x=1"
    groups = [Group(f"{place}{long}", [0.9, 0.91], 0.905, 0.8, 1.0) for place in range(2)]
    figures = []
    monkeypatch.setattr(plots, "save", lambda figure, path: figures.append(figure) or [])
    plot_comparison(tmp_path / "a", "title", GROUPS, GAPS)
    plot_comparison(tmp_path / "b", "title", groups, [DrawnGap(f"{long} − {long}", 0.1, 0.0, 0.2, True)])
    for figure in figures:
        figure.draw_without_rendering()
        for axes in figure.axes:
            box = axes.get_tightbbox()
            assert box.x0 >= 0
            assert box.x1 <= figure.bbox.width
            assert axes.bbox.width > 150


def test_letters_that_no_font_here_has_are_kept_for_the_reader_s_without_a_word(recwarn):
    drawn = confusion_matrix([[1, 0, 0], [0, 1, 0], [0, 0, 1]], ["好的", "\x1b[2J", "\U000f0000"])
    assert "好的" in drawn
    assert not any(letter in drawn for letter in ("\x1b", "Glyph"))
    ET.fromstring(drawn)
    assert not recwarn.list
