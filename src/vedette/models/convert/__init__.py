"""Turns the weights of other frameworks into ONNX graphs, the same bytes at each run."""
