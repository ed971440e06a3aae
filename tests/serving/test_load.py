"""Many clients at once, and clients that behave badly: over real connections."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from cct_text.inference.classifier import TextClassifier
from cct_text.serving.app import create_app
from cct_text.serving.limits import Limits
from tests.support.rough_clients import ROUGH, asked_alone, rests, storm
from tests.support.running_server import ask, connection, eventually, get, head, metric, running, status_of

CLIENTS, EACH = 64, 4


@pytest.fixture
def serve(classifier):
    """Starts a server with some limits; gives its URL."""
    with ExitStack() as stack:

        def start(**values):
            limits = Limits(**values)
            return stack.enter_context(running(create_app(classifier, limits=limits), limits=limits))

        yield start


def test_answers_are_the_same_alone_and_under_load_and_every_request_is_counted(serve, texts):
    url = serve()

    def client(number):
        """A client's requests, each of other texts than its neighbours'."""
        answers = {}
        for turn in range(EACH):
            first = (number * EACH + turn) % (len(texts) - 3)
            wanted = texts[first : first + 1 + number % 3]
            answers[tuple(wanted)] = ask(url, "/predict", {"texts": wanted}).json()["predictions"]
        return answers

    alone = {}
    for text in texts:
        (alone[text],) = ask(url, "/predict", {"text": text}).json()["predictions"]
    with ThreadPoolExecutor(CLIENTS) as pool:
        found = list(pool.map(client, range(CLIENTS)))
    asked = [
        (text, said)
        for answers in found
        for some, all_said in answers.items()
        for text, said in zip(some, all_said, strict=True)
    ]
    assert len(asked) >= CLIENTS * EACH
    assert [text for text, said in asked if said != alone[text]] == []  # to the last digit

    assert metric(url, "cct_text_requests_total", path="/predict", status="200") == len(texts) + CLIENTS * EACH
    assert metric(url, "cct_text_request_seconds_count", path="/predict") == len(texts) + CLIENTS * EACH
    assert metric(url, "cct_text_texts_total") == metric(url, "cct_text_batch_texts_sum") == len(texts) + len(asked)
    # Together they took far fewer calls than requests.
    assert metric(url, "cct_text_batch_texts_count") < len(texts) + CLIENTS * EACH / 2
    assert metric(url, "cct_text_queue_requests") == 0


def test_what_exceeds_the_queue_is_told_to_come_again_and_the_rest_is_answered(serve, texts):
    url = serve(queue=4)
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda _: ask(url, "/predict", {"texts": texts}), range(CLIENTS)))
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 503}
    for answer in answers:
        if answer.status_code == 503:
            assert answer.headers["Retry-After"] == "1"
            assert answer.json() == {"error": "busy: 4 requests wait already; try again in a second"}
    for status in (200, 503):
        assert metric(url, "cct_text_requests_total", path="/predict", status=str(status)) == statuses.count(status)
    assert metric(url, "cct_text_texts_total") == statuses.count(200) * len(texts)


def test_requests_under_way_are_bounded_while_who_only_reads_is_let_in(serve):
    url = serve(requests=1)
    with connection(url, head(url, Content_Length=100) + b'{"text":'):
        eventually(lambda: ask(url, "/predict", {"text": "a"}).status_code == 503)
        refused = ask(url, "/predict", {"text": "a"})
        assert refused.json()["error"] == "busy: 1 requests are under way; try again in a second"
        assert get(url, "/health").status_code == 200
    # Its place is free again when it has gone.
    eventually(lambda: ask(url, "/predict", {"text": "a"}).status_code == 200)


def test_all_bodies_together_are_bounded(serve):
    url = serve(body_bytes=1000)
    with ExitStack() as stack:
        for _ in range(8):
            stack.enter_context(connection(url, head(url, Content_Length=1000) + b" " * 999))
        eventually(lambda: ask(url, "/predict", {"text": "a"}).status_code == 503)
        assert "too many large requests" in ask(url, "/predict", {"text": "a"}).text
    eventually(lambda: ask(url, "/predict", {"text": "a"}).status_code == 200)


def test_a_slow_client_is_told_and_holds_nobody_up(serve):
    url = serve(seconds=0.6)
    start = time.monotonic()
    with connection(url, head(url, Content_Length=100)) as slow:
        for _ in range(3):
            slow.sendall(b" ")
            assert ask(url, "/predict", {"text": "a"}).status_code == 200
        assert status_of(slow) == 408
    assert 0.5 < time.monotonic() - start < 10
    assert metric(url, "cct_text_requests_total", path="/predict", status="408") == 1


def test_what_takes_too_long_is_given_up(serve, texts):
    url = serve(seconds=0.2)
    refused = ask(url, "/predict", {"texts": texts * 150})
    assert (refused.status_code, refused.json()["error"]) == (
        503,
        "not done within 0.2 s; send fewer texts, or try again",
    )
    assert ask(url, "/predict", {"text": "a"}).status_code == 200


@pytest.mark.parametrize("sent", [b'{"text": "half', b'{"texts": ["whole"]}'])
def test_a_client_that_goes_away_does_no_harm_and_is_not_answered(serve, sent):
    url = serve(batch_wait=0.3)  # so long its request waits
    length = len(sent) + (sent == b'{"text": "half') * 10
    for _ in range(5):
        with connection(url, head(url, Content_Length=length) + sent):
            time.sleep(0.02)
    eventually(lambda: metric(url, "cct_text_requests_total", path="/predict", status="499") == 5)
    assert metric(url, "cct_text_queue_requests") == 0
    assert ask(url, "/predict", {"text": "a"}).status_code == 200
    assert metric(url, "cct_text_texts_total") == 1


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 20_000, 400),
    ],
)
def test_what_is_no_http_is_refused(url, sent, status):
    with connection(url, sent) as made:
        assert status_of(made) == status
    assert get(url, "/health").status_code == 200


def test_another_request_may_follow_on_a_connection_whose_body_was_too_large(serve):
    url = serve(body_bytes=1000)
    body = json.dumps({"text": "x" * 200_000}).encode()
    good = b'{"text": "a"}'
    with connection(url, head(url, Content_Length=len(body)) + body) as made:
        assert status_of(made) == 413
        made.sendall(head(url, Content_Length=len(good)) + good)
        assert status_of(made) == 200


def test_a_server_of_this_machine_alone_is_not_called_by_a_foreign_name(classifier):
    app = create_app(classifier, allowed_hosts=["localhost", "127.0.0.1", "[::1]", "Models.example"])
    with running(app) as url:
        for name, status in (
            ("evil.example", 421),
            ("127.0.0.1.evil.example", 421),
            ("", 421),
            ("models.example:80", 200),
        ):
            assert get(url, "/health", headers={"Host": name}).status_code == status
        assert get(url, "/health", headers={"Host": "[::1]:8000"}).status_code == 200
        assert get(url, "/health").status_code == 200
        assert "not called 'evil.example'" in get(url, "/health", headers={"Host": "evil.example"}).json()["error"]


def test_a_request_under_way_is_answered_before_the_server_ends(classifier, texts):
    with running(create_app(classifier)) as url, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, url, "/predict", {"texts": texts * 10})
        eventually(lambda: metric(url, "cct_text_texts_total") > 0)
    assert answer.result().status_code == 200


class Failing(TextClassifier):
    """Fails at one text."""

    def predict_logits(self, texts):
        if "fail" in texts:
            raise RuntimeError("of the classifier")
        return super().predict_logits(texts)


def test_an_error_of_the_server_is_told_as_one_and_the_next_request_is_answered(classifier, caplog):
    with running(create_app(Failing(classifier.model))) as url:
        failed = ask(url, "/predict", {"text": "fail"})
        assert (failed.status_code, failed.json()) == (500, {"error": "an error of the server; its log tells more"})
        assert "of the classifier" in caplog.text
        assert ask(url, "/predict", {"text": "a"}).status_code == 200
        assert metric(url, "cct_text_requests_total", path="/predict", status="500") == 1


def test_among_rough_clients_every_good_one_gets_the_answer_that_it_gets_alone(serve, texts):
    """The short form of the soak `rough-clients`."""
    url = serve(queue=16, seconds=0.5)
    seen = storm(url, asked_alone(url, texts[:40]), requests=320, clients=32, rough=12, seconds=0.5)
    assert seen["requests"] == 320
    assert [kind for kind in ROUGH if not seen[kind]] == []
    assert seen["longest queue"] <= 16
    eventually(lambda: rests(url))
