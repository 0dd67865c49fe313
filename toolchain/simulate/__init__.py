"""What runs a model or a firmware without a board: TensorFlow Lite Micro here, and the simulators."""
