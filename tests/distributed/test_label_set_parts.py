"""Ray's workers write all labels of a text as lists."""

from cct_text.distributed.prediction import predict_files
from cct_text.inference.classifier import TextClassifier


def test_parts_hold_lists_of_labels(ray_here, tagged_run, many, parts, tmp_path):
    texts = many(300)
    (tmp_path / "new.txt").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    predict_files(tagged_run, [str(tmp_path / "new.txt")], str(tmp_path / "out"), precision="fp32", section_bytes=4000)
    found = parts(tmp_path / "out")
    wanted = TextClassifier.load(tagged_run, precision="fp32").predict_sets(texts)
    assert list(map(tuple, found["label"].to_pylist())) == wanted
    assert [len(row) for row in found["probability"].to_pylist()] == [len(row) for row in wanted]
