"""How exported files are used without cct-text, in Python, as README.md and docs/export.md print it."""

from __future__ import annotations

FOLDER = "exports/questions"
"""Where docs/export.md supposes them."""

ONNX = f'''```python
import json

import numpy as np
import onnxruntime
import tokenizers

folder = "{FOLDER}"
tokenizer = tokenizers.Tokenizer.from_file(f"{{folder}}/tokenizer.json")
session = onnxruntime.InferenceSession(f"{{folder}}/model.onnx", providers=["CPUExecutionProvider"])
labels = json.loads(session.get_modelmeta().custom_metadata_map["labels"])

texts = ["Who wrote the Iliad ?", "Where is the Danube Delta ?"]
ids = np.array([text.ids for text in tokenizer.encode_batch(texts)], np.int64)  # (B, S)
logits, weights = session.run(["logits", "weights"], {{"ids": ids}})  # (B, C), (B, S)
probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
probabilities /= probabilities.sum(axis=1, keepdims=True)
for text, row in zip(texts, probabilities, strict=True):
    print(f"{{labels[row.argmax()]}}\\t{{row.max():.3f}}\\t{{text}}")
```
'''

TORCH = f'''```python
import json

import tokenizers
import torch

folder = "{FOLDER}"
run = json.load(open(f"{{folder}}/export.json", encoding="utf-8"))
tokenizer = tokenizers.Tokenizer.from_file(f"{{folder}}/tokenizer.json")
program = torch.export.load(f"{{folder}}/program.pt2").module()

texts = ["Who wrote the Iliad ?", "Where is the Danube Delta ?"]
ids = torch.tensor([text.ids for text in tokenizer.encode_batch(texts)])  # (B, S)
logits = program(ids[:, : run["config"]["text"]["max_words"]])  # (B, C)
for text, row in zip(texts, logits.softmax(dim=1), strict=True):
    print(f"{{run['labels'][row.argmax()]}}\\t{{row.max():.3f}}\\t{{text}}")
```
'''


_OF_LABEL_SETS = (
    (
        'labels = json.loads(session.get_modelmeta().custom_metadata_map["labels"])',
        "about = session.get_modelmeta().custom_metadata_map\n"
        'labels, thresholds = json.loads(about["labels"]), json.loads(about["thresholds"])',
    ),
    (
        "probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))\n"
        "probabilities /= probabilities.sum(axis=1, keepdims=True)",
        "probabilities = 1 / (1 + np.exp(-logits))",
    ),
    ("logits.softmax(dim=1)", "logits.sigmoid()"),
    (
        '    print(f"{labels[row.argmax()]}\\t{row.max():.3f}\\t{text}")',
        "    said = [label for label, p, least in zip(labels, row, thresholds, strict=True) if p >= least]\n"
        '    print(f"{said}\\t{text}")',
    ),
    (
        "    print(f\"{run['labels'][row.argmax()]}\\t{row.max():.3f}\\t{text}\")",
        "    decisions = zip(run['labels'], row, run['thresholds'], strict=True)\n"
        '    print(f"{[label for label, p, least in decisions if p >= least]}\\t{text}")',
    ),
)
"""What of a snippet is otherwise where a text may have several labels."""


def usage(snippet: str, file: str, *, several: bool = False) -> str:
    """A snippet as README.md has it: run in the exported folder itself, on a file that is there.

    Args:
        snippet: ONNX or TORCH.
        file: name of the file.
        several: whether a text may have several labels, or none.
    """
    for one, other in _OF_LABEL_SETS if several else ():
        snippet = snippet.replace(one, other)
    return snippet.replace(f'"{FOLDER}"', '"."').replace("model.onnx", file)
