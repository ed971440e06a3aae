"""A trained model for other runtimes: ONNX Runtime, torch.export."""
