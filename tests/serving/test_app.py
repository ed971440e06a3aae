"""What the server answers, and how it says no."""

import gzip
import io
import json
import re
import time

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cct_text.inference.stream import predict_file
from cct_text.serving.app import create_app
from cct_text.serving.limits import Limits
from tests.support.hostile_bytes import Seed, hostile_bytes
from tests.support.running_server import ask, get, metric, running
from tests.support.user_files import FORMATS


def expected(classifier, texts, top_k=None):
    """What is said of texts, as the server should say it."""
    answers = []
    for row in classifier.predict_proba(texts).astype(float).round(6).tolist():
        ranked = sorted(zip(classifier.labels, row, strict=True), key=lambda one: -one[1])
        answers.append({"label": ranked[0][0], "probabilities": dict(ranked[:top_k])})
    return answers


def same(found, wanted):
    """Whether answers are alike: another process met its words in another order, which moves a last bit."""
    assert [one["label"] for one in found] == [one["label"] for one in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert list(one["probabilities"]) == list(other["probabilities"])
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=2e-6)
    return True


def test_one_text_and_many_are_answered_as_the_classifier_answers(url, classifier, texts):
    one = ask(url, "/predict", {"text": texts[0]})
    assert (one.status_code, one.headers["Content-Type"]) == (200, "application/json")
    assert same(one.json()["predictions"], expected(classifier, texts[:1]))
    many = ask(url, "/predict", {"texts": texts, "top_k": 2}).json()["predictions"]
    assert same(many, expected(classifier, texts, 2))
    assert ask(url, "/predict", {"texts": []}).json() == {"predictions": []}


@pytest.mark.parametrize(
    "text", ["", " ", "\n\t", "Who \ud800 wrote ?", "🎉" * 50, "\x00", "x" * 100_000, "<script>alert(1)</script>"]
)
def test_any_text_is_answered(url, classifier, text):
    # Not by `requests`, whose JSON cannot hold half of a surrogate pair.
    response = ask(url, "/predict", data=json.dumps({"text": text}), headers={"Content-Type": "application/json"})
    assert response.status_code == 200
    assert same(response.json()["predictions"], expected(classifier, [text]))


def test_an_explanation_has_every_word_where_it_stands_and_what_it_counted(url, classifier, texts):
    found = ask(url, "/explain", {"texts": texts[:5]}).json()["predictions"]
    assert same(found, expected(classifier, texts[:5]))
    for text, one in zip(texts, found, strict=False):
        assert one["words"] == [word._asdict() for word in classifier.explain(text)]
        assert [text[word["start"] : word["end"]].lower() for word in one["words"]] == [
            word["word"] for word in one["words"]
        ]


def test_offsets_count_code_points(url):
    (found,) = ask(url, "/explain", {"text": "🎉 Oslo"}).json()["predictions"]
    assert [(word["word"], word["start"], word["end"]) for word in found["words"]] == [("🎉", 0, 1), ("oslo", 2, 6)]


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("form", ["text", "csv", "tsv", "jsonl"])
def test_a_file_is_read_as_predict_reads_it(url, classifier, texts, form, zipped):
    rows = [("HUM", text) for text in [*texts[:20], 'with "quotes", and\ta tab', "ünïcödé 🎉"]]
    if form != "text":
        rows.append(("LOC", "two\nlines"))
    body = FORMATS[form](rows)
    output = io.BytesIO()
    predict_file(classifier, [io.BytesIO(body)], output, format="auto" if form == "text" else form)
    name = f"new.{'txt' if form == 'text' else form}{'.gz' if zipped else ''}"
    found = ask(url, f"/file?name={name}", data=gzip.compress(body) if zipped else body)
    assert found.status_code == 200, found.text
    answer = found.json()
    assert [one["label"] for one in answer["predictions"]] == [
        line.split(b"\t")[0].decode() for line in output.getvalue().splitlines()
    ]
    assert answer["texts"] == [text for _, text in rows]
    assert answer["text_columns"] == ([] if form == "text" else ["text"])
    assert answer["columns"] == ([] if form == "text" else ["label", "text"])
    assert [len(one["probabilities"]) for one in answer["predictions"]] == [1] * len(rows)


def test_labels_in_fasttexts_way_are_told_by_the_file_that_is_sent_and_by_no_file_of_the_server(
    url, texts, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "new").write_text("__label__a b", encoding="utf-8")
    body = f"__label__HUM {texts[0]}\n".encode()
    for name, kind in (("new", "auto"), ("new.txt", "auto"), ("new.csv", "fasttext")):
        assert ask(url, f"/file?name={name}&format={kind}", data=body).json()["texts"] == [texts[0]]
    refused = ask(url, "/file?name=new", data=texts[0].encode())
    assert refused.status_code == 422
    assert "cannot tell the format" in refused.json()["error"]


def test_a_whole_number_may_be_written_with_a_point_as_json_has_one_kind_of_number(url):
    (found,) = ask(url, "/predict", {"text": "Who ?", "top_k": 2.0}).json()["predictions"]
    assert len(found["probabilities"]) == 2
    assert ask(url, "/predict", {"text": "Who ?", "top_k": 2.5}).status_code == 422


def test_a_file_may_have_several_text_columns_and_bytes_that_are_not_utf8(url, classifier):
    body = b"id,title,body\n1,Who wrote,the Iliad ?\n2,caf\xe9,Where ?\n"
    answer = ask(url, "/file?name=a.csv&text_column=title&text_column=body&top_k=6", data=body).json()
    assert answer["texts"] == ["Who wrote the Iliad ?", "caf\ufffd Where ?"]
    assert (answer["text_columns"], answer["replaced"]) == (["title", "body"], 1)
    assert same(answer["predictions"], expected(classifier, answer["texts"]))


@pytest.mark.parametrize("query", ["name=a.csv", "name=a.csv&text_column=c"])
def test_where_the_text_column_cannot_be_told_the_columns_are(url, query):
    refused = ask(url, f"/file?{query}", data=b"a,b\n1,2\n")
    assert (refused.status_code, refused.json()["columns"]) == (422, ["a", "b"])
    assert "text_column" in refused.json()["error"]


@pytest.mark.parametrize(
    ("query", "body", "status", "words"),
    [
        ("name=a.csv", b'text\n"never closed\n', 422, "a.csv:2: a quote that opens"),
        ("name=a.csv", b"", 422, "a.csv: empty file"),
        ("name=a.csv", b"text;label\n", 422, "save it with commas"),
        ("name=a.csv", b"text,text\na,b\n", 422, "two columns named 'text'"),
        ("name=a.jsonl", b'{"text": "a"}\n{"text"\n', 422, "a.jsonl:2: not JSON"),
        ("name=a.txt&text_column=text", b"a\n", 422, "a text file has no columns"),
        ("name=a.docx", b"a\n", 422, "a.docx: cannot tell the format from the name; known endings are .txt"),
        ("name=a.parquet", b"PAR1", 422, "read by `cct-text predict` only"),
        ("name=../../etc/a.parquet", b"", 422, "a.parquet: Parquet"),
        ("name=a.csv&format=parquet", b"", 422, "format: "),
        ("name=a.csv.gz", b"text\na\n", 422, "a.csv.gz: not a readable gzip file"),
        ("name=a.csv&top_k=7", b"text\na\n", 422, "top_k: 7; the model has 6 labels"),
        ("name=a.csv&top_k=0", b"text\na\n", 422, "top_k: "),
        ("", b"text\na\n", 422, "name: field required"),
        ("name=a.csv&text_colum=text", b"text\na\n", 422, "no such parameter: text_colum; known are name, text_column"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_line(url, query, body, status, words):
    refused = ask(url, f"/file?{query}", data=body)
    assert (refused.status_code, words in refused.json()["error"]) == (status, True), refused.text


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("path", "options", "status", "words"),
    [
        ("/predict", {"data": b'{"text": "a', "headers": JSON}, 400, "the body is not JSON: Unterminated string"),
        ("/predict", {"data": b'{"text": "caf\xe9"}', "headers": JSON}, 400, "cannot be read as JSON: not in UTF-8"),
        ("/predict", {"data": b"[" * 100_000, "headers": JSON}, 400, "nested too deeply"),
        ("/predict", {"data": b"text=a"}, 415, "Content-Type: application/json"),
        ("/predict", {"data": b"", "headers": JSON}, 422, "no JSON object; saw nothing"),
        ("/predict", {"data": b"[]", "headers": JSON}, 422, "no JSON object; saw []"),
        ("/predict", {"json": {}}, 422, "give either `text`, a string, or `texts`"),
        ("/predict", {"json": {"text": "a", "texts": ["b"]}}, 422, "give either"),
        ("/predict", {"json": {"text": ["a"]}}, 422, "text: should be a valid string; saw ['a']"),
        ("/predict", {"json": {"texts": "a"}}, 422, "texts: should be a valid list; saw 'a'"),
        (
            "/predict",
            {"json": {"texts": ["a", 5, None]}},
            422,
            "texts[1]: should be a valid string; saw 5",
        ),
        ("/predict", {"json": {"text": "a", "topk": 1}}, 422, "no such field: topk; known are text, texts, top_k"),
        ("/predict", {"data": b'{"text": "a", "\\ud800": 1}', "headers": JSON}, 422, "no such field: \ud800; known"),
        ("/predict", {"data": b'{"text": ' + b"9" * 5000 + b"}", "headers": JSON}, 400, "a huge number"),
        ("/predict", {"json": {"text": ["a"] * 100_000}}, 422, "text: should be a valid string; saw ['a', 'a', 'a', "),
        ("/predict", {"json": {"text": "a", "top_k": 0}}, 422, "top_k: "),
        ("/predict", {"json": {"text": "a", "top_k": 7}}, 422, "the model has 6 labels"),
        ("/predict", {"json": {"text": "a", "top_k": True}}, 422, "top_k: "),
        ("/predict", {"json": {"text": "x" * 100_001}}, 413, "text 0: 100,001 characters; at most 100,000"),
        ("/explain", {"json": {"texts": ["a"] * 101}}, 413, "101 texts; at most 100 in one request"),
        ("/predict", {"method": "GET"}, 405, "GET /predict: method not allowed"),
        ("/nowhere", {"json": {}}, 404, "POST /nowhere: not found; /docs"),
        ("/static/../app.py", {"method": "GET"}, 404, "not found"),
        ("/static/%2e%2e/app.py", {"method": "GET"}, 404, "not found"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_one_shape_with_a_reason(url, path, options, status, words):
    refused = ask(url, path, **options)
    assert (refused.status_code, list(refused.json())) == (status, ["error"]), refused.text
    assert words in refused.json()["error"]
    assert len(refused.json()["error"]) < 200
    assert "default-src 'none'" in refused.headers["Content-Security-Policy"]


def test_a_file_within_a_form_is_refused_for_its_boundaries_would_be_rows(url):
    refused = requests.post(f"{url}/file?name=new.txt", files={"file": ("new.txt", b"Who ?\n")}, timeout=30)
    assert refused.status_code == 415
    assert refused.json()["error"].startswith(
        "the body is a form; send the file as the body itself: `curl --data-binary"
    )
    headers = {"Content-Type": "Multipart/Form-Data; boundary=x"}  # types are the same in any case
    assert requests.post(f"{url}/file?name=new.txt", headers=headers, data=b"--x", timeout=30).status_code == 415


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["text", "texts", "top_k", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


BODIES = [
    Seed(json.dumps(body).encode())
    for body in ({"texts": ["Who wrote Hamlet ?", "Where is Oslo ?"], "top_k": 2}, {"text": "Who ?", "top_k": 1})
]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANY_JSON.map(json.dumps).map(str.encode) | st.binary(max_size=60) | hostile_bytes(BODIES))
def test_no_body_at_all_makes_the_server_fail(url, body):
    for path in ("/predict", "/explain", "/file?name=a.jsonl", "/file?name=a.csv"):
        response = ask(url, path, data=body, headers=JSON)
        assert response.status_code in (200, 400, 413, 422), response.text
        assert response.status_code == 200 or isinstance(response.json()["error"], str)


@pytest.mark.parametrize(
    "body",
    [
        b'{"texts": [' + b"5," * 4_000_000 + b"5]}",
        b'{"texts": [5' + b',""' * 19_000 + b"]}",
        b'{"text": [' + b"5," * 4_000_000 + b"5]}",
        b"[" + b"5," * 4_000_000 + b"5]",
        b"{" + b",".join(b'"%d":1' % number for number in range(500_000)) + b"}",
    ],
    ids=["items", "one fault", "no text", "list", "names"],
)
def test_millions_of_faults_are_refused_at_the_first(url, body):
    start = time.monotonic()
    refused = ask(url, "/predict", data=body, headers=JSON)
    assert refused.status_code in (413, 422)
    assert len(refused.text) < 500
    assert time.monotonic() - start < 20  # collecting all faults takes minutes


def test_a_file_of_very_many_columns_is_refused_in_few_words(url):
    refused = ask(url, "/file?name=a.csv", data=b",".join(b"c%d" % number for number in range(100_000)) + b"\n")
    assert refused.status_code == 422
    assert "no text column among 'c0', 'c1'" in refused.json()["error"]
    assert len(refused.text) < 1000


@pytest.fixture(scope="module")
def narrow(classifier):
    """A server that takes little."""
    limits = Limits(body_bytes=2000, texts=5, characters=100)
    with running(create_app(classifier, limits=limits)) as url:
        yield url


def test_limits_on_rows_characters_and_unpacked_size(narrow):
    refused = ask(narrow, "/file?name=a.csv", data=b"text\n" + b"a\n" * 6)
    assert (refused.status_code, "more than 5 rows" in refused.text) == (413, True)
    refused = ask(narrow, "/file?name=a.csv", data=b"text\na\n" + b"x" * 101 + b"\n")
    assert (refused.status_code, "a.csv:3: 101 characters; at most 100" in refused.text) == (413, True)
    refused = ask(narrow, "/file?name=a.txt.gz", data=gzip.compress(b"a" * 1_000_000))
    assert (refused.status_code, "when unpacked" in refused.text) == (413, True)
    refused = ask(narrow, "/predict", {"texts": ["a"] * 6})
    assert (refused.status_code, "6 texts; at most 5" in refused.text) == (413, True)


def test_too_large_a_body_is_refused_whether_its_size_is_told_or_not(narrow):
    body = json.dumps({"text": "x" * 300_000}).encode()
    for data in (body, iter([body])):
        refused = ask(narrow, "/predict", data=data, headers=JSON)
        assert (refused.status_code, "more than 0.00191 MB" in refused.text) == (413, True)


def test_health_tells_what_is_served(url, classifier):
    found = get(url, "/health").json()
    assert found["ready"] is True
    assert (found["model"], found["dataset"], found["precision"]) == ("cct-2/2", "questions", "fp32")
    assert found["labels"] == list(classifier.labels)
    assert found["limits"]["texts"] == Limits().texts


def test_requests_are_counted_by_path_and_status(classifier):
    with running(create_app(classifier)) as url:
        for body in ({"text": "a"}, {"texts": ["a", "b"]}, {}):
            ask(url, "/predict", body)
        get(url, "/nowhere/1")
        get(url, "/nowhere/2")
        get(url, "/static/page.js")
        requests = {
            (path, status): metric(url, "cct_text_requests_total", path=path, status=status)
            for path, status in (("/predict", "200"), ("/predict", "422"), ("other", "404"), ("/static/", "200"))
        }
        assert list(requests.values()) == [2, 1, 2, 1]
        assert metric(url, "cct_text_texts_total") == 3
        assert metric(url, "cct_text_batch_texts_count") == 2
        assert metric(url, "cct_text_request_seconds_count", path="/predict") == 3
        assert metric(url, "cct_text_queue_requests") == 0


def test_pages_name_nothing_from_elsewhere_and_answers_are_not_stored(url):
    pages = {path: get(url, path) for path in ("/", "/docs", "/openapi.json", "/static/page.js", "/static/style.css")}
    for path, page in pages.items():
        assert page.status_code == 200
        links = re.findall(r"""(?:src|href|url|import|from)\s*[=(]?\s*["']([^"']+)""", page.text)
        assert [link for link in links if "//" in link] == []
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        policy = page.headers["Content-Security-Policy"]
        assert re.findall(r"https?:|unsafe|\*", policy) == []
        assert page.headers["Cache-Control"] == ("no-cache" if path.startswith("/static") else "no-store")
    assert "<script>" not in pages["/"].text
    assert " style=" not in pages["/"].text + pages["/docs"].text


def test_the_documentation_names_every_operation_and_every_field_of_the_schema(url):
    page, schema = get(url, "/docs").text, get(url, "/openapi.json").json()
    assert set(schema["paths"]) == {"/predict", "/explain", "/file", "/health", "/metrics"}
    for path in schema["paths"]:
        assert f" {path}</h2>" in page
    for found in schema["components"]["schemas"].values():
        assert all(f"<code>{name}</code>" in page for name in found["properties"])


def test_names_of_a_data_set_and_labels_are_escaped_and_folders_are_not_told(classifier):
    import dataclasses

    from cct_text.inference.classifier import TextClassifier

    model = classifier.model
    labels = ("<b>&'", '"', *model.labels[2:])
    config = model.config.with_values({"dataset": "/secret/folder/<i>mine.csv"})
    with running(create_app(TextClassifier(dataclasses.replace(model, labels=labels, config=config)))) as url:
        page = get(url, "/").text
        assert "&lt;b&gt;&amp;&#39;" in page
        assert "&lt;i&gt;mine.csv" in page
        assert get(url, "/health").json()["dataset"] == "<i>mine.csv"
        assert "secret" not in page + get(url, "/health").text
