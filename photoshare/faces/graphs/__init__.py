"""Build the ONNX graphs of all networks from model files in installed packages."""
