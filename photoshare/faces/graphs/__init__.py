"""The ONNX graphs of all networks, built from the files that packages bring."""
