"""From a float Keras model to a fully-integer .tflite file, and from that file to a Graph."""
