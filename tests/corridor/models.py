"""Small models and data for tests of the corridor, made without TensorFlow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tflite

from tests.flatbuffer_builder import ModelBuilder

CLASSES = 3
SAME = tflite.Padding.SAME


def int8_classifier(*, filters: int = 4, seed: int = 1) -> bytes:
    """6x6x1 → CONV_2D → RESHAPE → FULLY_CONNECTED → SOFTMAX, int8."""
    rng = np.random.default_rng(seed)
    builder = ModelBuilder()
    image = builder.tensor((1, 6, 6, 1), "INT8", 0.05, 3)
    weights = builder.tensor(
        (filters, 3, 3, 1), "INT8", 0.02, 0, data=rng.integers(-127, 128, (filters, 3, 3, 1))
    )
    bias = builder.tensor((filters,), "INT32", 0.001, 0, data=rng.integers(-500, 500, filters))
    features = builder.tensor((1, 6, 6, filters), "INT8", 0.08, -128)
    builder.operator(
        "CONV_2D",
        [image, weights, bias],
        [features],
        Padding=SAME,
        StrideH=1,
        StrideW=1,
        DilationHFactor=1,
        DilationWFactor=1,
        FusedActivationFunction=tflite.ActivationFunctionType.RELU,
    )
    total = 36 * filters
    flat = builder.tensor((1, total), "INT8", 0.08, -128)
    shape = builder.tensor((2,), "INT32", data=np.array([1, total], np.int32))
    builder.operator("RESHAPE", [features, shape], [flat], NewShape=[1, total])
    dense = builder.tensor((CLASSES, total), "INT8", 0.01, 0, data=rng.integers(-127, 128, (CLASSES, total)))
    scores = builder.tensor((1, CLASSES), "INT8", 0.2, 0)
    builder.operator(
        "FULLY_CONNECTED",
        [flat, dense, -1],
        [scores],
        FusedActivationFunction=tflite.ActivationFunctionType.NONE,
    )
    shares = builder.tensor((1, CLASSES), "INT8", 1 / 256, -128)
    builder.operator("SOFTMAX", [scores], [shares], Beta=1.0)
    return builder.build([image], [shares])


def float_classifier() -> bytes:
    """One FULLY_CONNECTED in float."""
    rng = np.random.default_rng(1)
    builder = ModelBuilder()
    given = builder.tensor((1, 4), "FLOAT32")
    weights = builder.tensor((CLASSES, 4), "FLOAT32", data=rng.normal(size=(CLASSES, 4)).astype(np.float32))
    scores = builder.tensor((1, CLASSES), "FLOAT32")
    builder.operator(
        "FULLY_CONNECTED",
        [given, weights, -1],
        [scores],
        FusedActivationFunction=tflite.ActivationFunctionType.NONE,
    )
    return builder.build([given], [scores])


def hybrid_classifier() -> bytes:
    """Dynamic-range quantisation: float activations, int8 weights."""
    rng = np.random.default_rng(1)
    builder = ModelBuilder()
    given = builder.tensor((1, 4), "FLOAT32")
    weights = builder.tensor((CLASSES, 4), "INT8", 0.02, 0, data=rng.integers(-127, 128, (CLASSES, 4)))
    scores = builder.tensor((1, CLASSES), "FLOAT32")
    builder.operator(
        "FULLY_CONNECTED",
        [given, weights, -1],
        [scores],
        FusedActivationFunction=tflite.ActivationFunctionType.NONE,
    )
    return builder.build([given], [scores])


def unsupported_model() -> bytes:
    """An operator that nobody compiles."""
    builder = ModelBuilder()
    given = builder.tensor((1, 4), "INT8", 0.1, 0)
    result = builder.tensor((1, 4), "INT8", 0.1, 0)
    builder.operator("COS", [given], [result])
    return builder.build([given], [result])


def write_data(
    path: Path, *, samples: int = 12, shape: tuple[int, ...] = (6, 6, 1), classes: int = CLASSES
) -> Path:
    """Random float samples with labels of all classes."""
    rng = np.random.default_rng(2)
    labels = np.arange(samples) % classes
    np.savez(path, x=rng.normal(size=(samples, *shape)).astype(np.float32), y=labels)
    return path
