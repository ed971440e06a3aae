"""What the schema says is what the server does: schemathesis makes requests from it, good and bad, and looks at the answers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.running_server import get

CONFIG = Path(__file__).with_name("schemathesis.toml")


def test_every_answer_to_requests_good_and_bad_is_as_the_schema_says(url, tmp_path):
    command = [Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIG, "run", f"{url}/openapi.json"]
    options = ["--max-examples", "30", "--seed", "1", "--no-color", "--generation-database", "none"]
    run = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    assert "5 selected / 5 total" in run.stdout


def test_the_schema_tells_the_limits_of_the_server_and_the_labels_of_the_model(url, classifier):
    schema = get(url, "/openapi.json").json()
    query = schema["components"]["schemas"]["Query"]["properties"]
    told = {name: next(one for one in field["anyOf"] if one["type"] != "null") for name, field in query.items()}
    assert told["text"]["maxLength"] == told["texts"]["items"]["maxLength"] == 100_000
    assert told["texts"]["maxItems"] == 20_000
    assert told["top_k"]["maximum"] == len(classifier.labels)
