"""What is in this frame? Detectors, and the server that shares one among cameras."""
