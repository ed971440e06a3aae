"""A run for places where this library is not: ONNX Runtime, torch.export, a browser."""
