"""Each rule refuses what it is there to refuse, naming layer, operator and reason."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tflite

from tests.flatbuffer_builder import ModelBuilder
from tests.host_runner import HOST, compile_model
from toolchain.compile import compile_graph
from toolchain.compile.compile_graph import operator_rules
from toolchain.convert.read_tflite import read_graph
from toolchain.errors import ConfigError, ModelError, UnsupportedError

VALID = tflite.Padding.VALID


class Case:
    """A sound layer whose parts a test changes before it is built; `layer` is its output's name."""

    def __init__(self, operator: str, **options: object) -> None:
        self.b = ModelBuilder()
        self.operator, self.options = operator, options
        self.source = self.b.tensor((1, 4, 4, 2), "INT8", 0.5, -1)
        self.extra: list[int] = []
        self.output = self.b.tensor((1, 4, 4, 2), "INT8", 0.5, -1, name="layer")

    def build(self) -> bytes:
        self.b.operator(self.operator, [self.source, *self.extra], [self.output], **self.options)
        inputs = [] if self.b.tensors[self.source].data is not None else [self.source]
        inputs += [i for i in self.extra if i >= 0 and self.b.tensors[i].data is None]
        return self.b.build(list(dict.fromkeys(inputs)) or [self.spare()], [self.output])

    def spare(self) -> int:
        return self.b.tensor((1,), "INT8", 0.5, 0)


def conv() -> Case:
    case = Case("CONV_2D", StrideH=1, StrideW=1, DilationHFactor=1, DilationWFactor=1)
    case.extra = [
        case.b.tensor((2, 3, 3, 2), "INT8", [0.1, 0.2], 0, data=np.ones((2, 3, 3, 2))),
        case.b.tensor((2,), "INT32", [0.05, 0.1], 0, data=np.ones(2)),
    ]
    return case


def depthwise() -> Case:
    case = Case(
        "DEPTHWISE_CONV_2D", StrideH=1, StrideW=1, DilationHFactor=1, DilationWFactor=1, DepthMultiplier=1
    )
    case.extra = [
        case.b.tensor((1, 3, 3, 2), "INT8", [0.1, 0.2], 0, axis=3, data=np.ones((1, 3, 3, 2))),
        case.b.tensor((2,), "INT32", [0.05, 0.1], 0, data=np.ones(2)),
    ]
    return case


def dense() -> Case:
    case = Case("FULLY_CONNECTED")
    case.b.tensors[case.output].shape = (1, 3)
    case.extra = [
        case.b.tensor((3, 32), "INT8", 0.1, 0, data=np.ones((3, 32))),
        case.b.tensor((3,), "INT32", 0.05, 0, data=np.ones(3)),
    ]
    return case


def pool() -> Case:
    return Case("MAX_POOL_2D", StrideH=1, StrideW=1, FilterHeight=2, FilterWidth=2)


def with_constant(operator: str, values: list[int], shape: tuple[int, ...], output: tuple[int, ...]) -> Case:
    case = Case(operator)
    case.extra = [case.b.tensor(shape, "INT32", data=np.array(values))]
    case.b.tensors[case.output].shape = output
    return case


def mean() -> Case:
    return with_constant("MEAN", [1, 2], (2,), (1, 2))


def pad() -> Case:
    return with_constant("PAD", [0, 0, 1, 1, 1, 1, 0, 0], (4, 2), (1, 6, 6, 2))


def add() -> Case:
    case = Case("ADD")
    case.extra = [case.b.tensor((1, 4, 4, 2), "INT8", 0.25, 0)]
    return case


def softmax() -> Case:
    case = Case("SOFTMAX", Beta=1.0)
    case.b.tensors[case.output].scales, case.b.tensors[case.output].zero_points = [1 / 256], [-128]
    return case


def logistic() -> Case:
    case = Case("LOGISTIC")
    case.b.tensors[case.output].scales, case.b.tensors[case.output].zero_points = [1 / 256], [-128]
    return case


def simple(operator: str) -> Callable[[], Case]:
    return lambda: Case(operator)


def set_tensor(which: str, **fields: object) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        number = {"source": case.source, "output": case.output, "first": 0, "weights": 2, "bias": 3}[which]
        for key, value in fields.items():
            setattr(case.b.tensors[number], key, value)

    return change


def set_option(**options: object) -> Callable[[Case], None]:
    return lambda case: case.options.update(options)


def constant_source(case: Case) -> None:
    case.b.tensors[case.source].data = np.zeros(case.b.tensors[case.source].shape)


def drop_extras(case: Case) -> None:
    case.extra = []


def transposed_output(case: Case) -> None:
    case.b.tensors[case.output].shape = (3, 1)
    del case.extra[1]


def one_more(case: Case) -> None:
    case.extra += [case.b.tensor((1,), "INT8", 0.5, 0)] * 2


CASES: list[tuple[Callable[[], Case], Callable[[Case], None], str]] = [
    (conv, drop_extras, "it has 1 inputs"),
    (conv, set_tensor("source", dtype="INT16"), "is INT16, not INT8"),
    (conv, set_tensor("source", scales=(), zero_points=()), "is not quantised"),
    (conv, set_tensor("source", scales=[0.5, 0.5], zero_points=[0, 0], axis=3), "quantised per channel"),
    (conv, set_tensor("output", zero_points=[200]), "the zero point 200"),
    (conv, set_tensor("source", shape=(1, 0, 4, 2)), "has 0 values"),
    (conv, constant_source, "is a constant"),
    (conv, set_tensor("source", shape=(4, 4, 2)), "has 3 axes, not 4"),
    (conv, set_option(FusedActivationFunction=tflite.ActivationFunctionType.TANH), "activation TANH"),
    (conv, set_tensor("weights", dtype="UINT8"), "no int8 constant"),
    (conv, set_tensor("weights", zero_points=[0, 3]), "zero point that is not 0"),
    (conv, set_tensor("weights", scales=(), zero_points=()), "weights 't2' are not quantised"),
    (conv, set_tensor("bias", dtype="INT16"), "no int32 constant"),
    (conv, set_tensor("bias", shape=(1,), data=np.ones(1), scales=[0.1], zero_points=[0]), "1 values for 2"),
    (conv, set_tensor("weights", shape=(2, 18), data=np.ones(36)), "2 axes, not 4"),
    (conv, set_tensor("weights", shape=(2, 2, 3, 3), data=np.ones(36)), "no multiple of the filter's 3"),
    (
        conv,
        set_tensor("weights", shape=(3, 3, 3, 1), data=np.ones(27), scales=[0.1], zero_points=[0]),
        "3 output channels do not divide into 2 groups",
    ),
    (
        conv,
        set_tensor("weights", shape=(2, 3, 3, 2), axis=3),
        "quantised along axis 3",
    ),
    (conv, set_option(StrideH=0), "stride_h is 0"),
    (conv, set_option(DilationWFactor=5000), "dilation_w_factor is 5000"),
    (conv, set_option(StrideW=2), r"output has the shape \(1, 4, 4, 2\), where \(1, 4, 2, 2\) follows"),
    (conv, set_tensor("output", scales=[1e-30]), "factor of 2"),
    (conv, set_tensor("bias", data=np.array([2**31 - 1, 0])), "accumulator can exceed 32 bits"),
    (depthwise, set_option(DepthMultiplier=2), r"where \(1, height, width, 4\) follows"),
    (
        depthwise,
        set_tensor("weights", axis=0, shape=(2, 3, 3, 1), data=np.ones(18)),
        "its filter has the shape",
    ),
    (depthwise, lambda case: case.extra.__setitem__(1, -1), "listed as absent"),
    (depthwise, set_option(Padding=VALID), r"where \(1, 2, 2, 2\) follows"),
    (depthwise, set_tensor("output", scales=[1e-30]), "factor of 2"),
    (depthwise, set_tensor("bias", data=np.array([2**31 - 1, 0])), "accumulator can exceed 32 bits"),
    (dense, set_option(WeightsFormat=1), "format SHUFFLED4x16INT8"),
    (dense, set_tensor("weights", shape=(3, 32, 1), data=np.ones(96)), "3 axes, not 2"),
    (dense, transposed_output, r"has the shape \(3, 1\), where 3 outputs follow"),
    (dense, set_tensor("weights", shape=(3, 31), data=np.ones(93)), "do not divide into rows of 31"),
    (
        dense,
        set_tensor("weights", shape=(3, 32), axis=1, scales=[0.1] * 32, zero_points=[0] * 32),
        "quantised along axis 1",
    ),
    (dense, set_tensor("bias", scales=[0.5]), "scale of its bias"),
    (dense, set_tensor("bias", scales=(), zero_points=()), "bias 't3' is not quantised"),
    (dense, set_tensor("output", scales=[1e-30]), "factor of 2"),
    (dense, set_tensor("bias", data=np.array([-(2**31), 0, 0])), "accumulator can exceed 32 bits"),
    (pool, set_tensor("output", scales=[0.25]), "differ in scale or zero point"),
    (pool, set_option(FilterWidth=0), "filter_width is 0"),
    (pool, set_option(Padding=VALID), r"where \(1, 3, 3, 2\) follows"),
    (mean, lambda case: case.extra.__setitem__(0, case.source), "axes are no int32 constant"),
    (mean, set_tensor("weights", data=np.array([1, 4])), r"axis 4 lies outside \(1, 4, 4, 2\)"),
    (mean, set_tensor("output", shape=(1, 4)), r"where \(1, 2\) follows"),
    (mean, set_tensor("output", scales=[1e-30]), r"differ by 2\*\*30"),
    (add, set_tensor("weights", shape=(1, 4, 3, 2)), "do not broadcast"),
    (add, set_tensor("output", shape=(1, 4, 4, 1)), r"where \(1, 4, 4, 2\) follows"),
    (add, set_tensor("output", scales=[1e-9]), "scale is too fine"),
    (pad, set_tensor("weights", data=np.array([0, 0, -1, 1, 1, 1, 0, 0])), "negative padding"),
    (pad, set_tensor("weights", shape=(3, 2), data=np.zeros(6)), "6 values for 4 axes"),
    (pad, set_tensor("output", shape=(1, 6, 5, 2)), r"where \(1, 6, 6, 2\) follows"),
    (softmax, set_tensor("output", scales=[0.5]), "not 1/256 and -128"),
    (softmax, set_tensor("output", shape=(1, 4, 2, 4)), "its input has the shape"),
    (softmax, set_tensor("source", scales=[1e-9]), "beta times its input's scale"),
    (logistic, set_tensor("output", zero_points=[0]), "zero point 0, not -128"),
    (logistic, set_tensor("source", scales=[1e-10]), "its input has the scale"),
    (simple("RELU"), set_tensor("output", scales=[1e-30]), r"differ by 2\*\*30"),
    (simple("RELU6"), set_tensor("output", shape=(1, 4)), "32 values and its output 4"),
    (simple("QUANTIZE"), set_tensor("output", scales=[1e-30]), r"differ by 2\*\*30"),
    (simple("QUANTIZE"), set_tensor("source", dtype="UINT8"), "a uint8 zero point"),
    (simple("QUANTIZE"), set_tensor("source", dtype="INT16", zero_points=[3]), "the zero point 3"),
    (simple("QUANTIZE"), set_tensor("output", dtype="INT16", zero_points=[3]), "the zero point 3"),
    (simple("DEQUANTIZE"), one_more, "it has 3 inputs"),
    (simple("DEQUANTIZE"), lambda _: None, "no float32 output of the model"),
    (simple("SQUEEZE"), set_tensor("output", shape=(1, 4)), "32 values and its output 4"),
    (simple("COS"), lambda _: None, "the operator is not supported"),
]


@pytest.mark.parametrize(
    "make",
    [conv, depthwise, dense, pool, mean, add, pad, softmax, logistic]
    + [simple(n) for n in ("RELU", "RELU6", "QUANTIZE", "SQUEEZE")],
)
def test_the_layers_below_are_sound_before_they_are_changed(make: Callable[[], Case]) -> None:
    assert compile_model(make().build()).layers


@pytest.mark.parametrize(("make", "change", "message"), CASES)
def test_a_layer_that_breaks_a_rule_is_refused(
    make: Callable[[], Case], change: Callable[[Case], None], message: str
) -> None:
    case = make()
    change(case)
    with pytest.raises(UnsupportedError, match=message) as caught:
        compile_model(case.build())
    assert "layer 'layer'" in caught.value.problem
    assert case.operator in caught.value.problem


def test_long_softmax_rows_are_refused() -> None:
    case = softmax()
    case.b.tensors[case.source].shape = case.b.tensors[case.output].shape = (1, 512)
    with pytest.raises(UnsupportedError, match="512 values"):
        compile_model(case.build())


def test_all_refusals_are_counted_and_the_first_few_named() -> None:
    builder = ModelBuilder()
    last = first = builder.tensor((1, 4), "INT8", 0.5, 0)
    for number in range(5):
        made = builder.tensor((1, 4), "INT8", 0.5, 0, name=f"layer {number}")
        builder.operator("COS", [last], [made])
        last = made
    with pytest.raises(UnsupportedError, match=r"5 reasons.*'layer 0'.*'layer 2'.*and 2 more"):
        compile_model(builder.build([first], [last]))


def test_an_operator_without_its_options_is_a_model_error() -> None:
    case = conv()
    case.options = {"StrideH": 1}
    with pytest.raises(ModelError):
        compile_model(case.build())


def test_prefix_and_goal_are_checked() -> None:
    graph = read_graph(conv().build(), "x")
    for prefix in ("", "9a", "A", "a-b", "chipcast", "a" * 60):
        with pytest.raises(ConfigError, match="prefix"):
            compile_graph(graph, HOST, prefix=prefix)
    with pytest.raises(ConfigError, match="optimise_for"):
        compile_graph(graph, HOST, prefix="a", optimise_for="beauty")


def test_every_rule_says_in_words_what_it_demands() -> None:
    for name, rules in operator_rules():
        assert rules, name
        assert all(rule.endswith(".") for rule in rules), name
