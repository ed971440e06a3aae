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


def usage(snippet: str, file: str) -> str:
    """A snippet as README.md has it: run in the exported folder itself, on a file that is there."""
    return snippet.replace(f'"{FOLDER}"', '"."').replace("model.onnx", file)
