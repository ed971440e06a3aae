"""`cct-text pooling` and what it prints."""

import json


def test_four_poolings_of_minilm_at_80_columns_and_json_is_one_object(cct_text, tmp_path):
    options = ("--max-pieces", 16, "--seeds", 1, "--epochs", 1, "--set", "train_rows=60", "--out", tmp_path / "study")
    outcome = cct_text("pooling", "questions", *options)
    assert outcome.code == 0, outcome.err
    names = [line.split()[0] for line in outcome.out.splitlines() if line[:1].isalpha()]
    assert [name for name in names if name in ("class-token", "mean", "max", "seqpool")][:4] == [
        "class-token",
        "mean",
        "max",
        "seqpool",
    ]
    assert max(map(len, outcome.out.splitlines()[:-1])) <= 80
    again = cct_text("pooling", "questions", *options, "--json")
    assert json.loads(again.out) == json.loads((tmp_path / "study" / "comparison.json").read_text())


def test_an_encoder_that_is_not_there_is_told(cct_text, tmp_path):
    outcome = cct_text("pooling", "questions", "--encoder", tmp_path / "nothing")
    assert outcome.code == 3
    assert "config.json" in outcome.err
