import json

SMALL = ("--embeddings", "learned", "--epochs", "1", "--set", "width=16", "--set", "embedding_dim=16")


def test_a_table_and_what_can_be_said_at_80_columns(cct_text, tmp_path):
    arguments = ("curve", "questions", "--rows", "60,all", "--seeds", "1", "--baseline", "majority", *SMALL)
    outcome = cct_text(*arguments, "--out", tmp_path / "study")
    assert outcome.code == 0, outcome.err
    head, first, second = outcome.out.splitlines()[:3]
    assert head.split() == ["rows", "of", "train", "cct-2/2", "majority"]
    assert (first.split()[0], second.split()[0]) == ("60", "420")
    assert "cct-2/2 and majority: " in outcome.out
    assert max(map(len, outcome.out.splitlines()[:-1])) <= 80
    again = cct_text(*arguments, "--out", tmp_path / "study", "--json")
    assert json.loads(again.out) == json.loads((tmp_path / "study" / "curve.json").read_text())
