"""What a conversion process has loaded, and how: the stage that it has reached, and ONNX Runtime."""
