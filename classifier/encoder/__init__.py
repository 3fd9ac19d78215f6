"""The sentence encoder: MiniLM-L6 as an ONNX graph of our own making, run without torch."""
