"""What computes a network: ONNX Runtime on CPU or GPU, OpenVINO; one file per engine."""
