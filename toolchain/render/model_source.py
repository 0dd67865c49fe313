"""A compiled Program as C: one source file, one header.  Everything in them was decided by the compiler."""

from __future__ import annotations

import re
from collections.abc import Mapping

import jinja2
import numpy as np

from toolchain.paths import firmware_templates
from toolchain.vocabulary.program import (
    Address,
    BufferRef,
    Constant,
    ConstantRef,
    Interpreted,
    KernelCall,
    ParameterValue,
    Program,
    StateBuffer,
    StateRef,
    TensorPort,
)

_LINE = 104


def render_model(program: Program) -> dict[str, str]:
    """The files `<prefix>_model.c` (or `.cc`) and `<prefix>_model.h`, by name.

    The source includes the headers of the kernels it calls (`program.kernels`) by their plain names.  Of a
    program that is interpreted, the source is C++ and includes `model_data.h`, the model file as a C array.
    """
    interpreted = program.interpreted
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(firmware_templates() / ("model_tflm" if interpreted else "model")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    context = _context(program) | (_interpreted_context(interpreted) if interpreted else {})
    return {
        f"{program.prefix}_model.{suffix}": environment.get_template(f"model.{suffix}.j2").render(context)
        for suffix in ("cc" if interpreted else "c", "h")
    }


def _interpreted_context(interpreted: Interpreted) -> dict[str, object]:
    return {
        "registrations": interpreted.registrations,
        "resource_variables": interpreted.resource_variables,
        "layer_outputs": interpreted.outputs,
    }


def _context(program: Program) -> dict[str, object]:
    return {
        "prefix": program.prefix,
        "macro": program.prefix.upper(),
        "name": _string(program.model_name),
        "title": _comment(program.model_name),
        "sha256": program.model_sha256,
        "kernels": program.kernels,
        "arena_bytes": program.arena_bytes,
        "arena": _arrays(program),
        "regions": program.regions,
        "layer_outputs": _layer_outputs(program),
        "input_bytes": sum(port.bytes for port in program.inputs),
        "output_bytes": sum(port.bytes for port in program.outputs),
        "constants": [_constant(program.prefix, constant) for constant in program.constants],
        "layers": [
            {
                "index": layer.index,
                "comment": _comment(f"{layer.index} {layer.operator} {layer.name} {layer.comment}".strip()),
                "calls": [
                    _call(program.prefix, f"{program.prefix}_layer_{layer.index}_{number}", call)
                    for number, call in enumerate(layer.calls)
                ],
            }
            for layer in program.layers
        ],
        "inputs": _ports(program.prefix, program.inputs),
        "outputs": _ports(program.prefix, program.outputs),
        "state_bytes": len(program.initial_state),
        "state_words": len(program.initial_state) // 2,
        "variables": [_variable(program.prefix, variable) for variable in program.state],
    }


def _arrays(program: Program) -> list[dict[str, str]]:
    """The arena as C arrays: one, or one in each of the memories it is spread over, which the linker script
    knows by the section's name."""
    size = f"{program.prefix.upper()}_ARENA_BYTES"
    if not program.regions:
        return [{"symbol": f"{program.prefix}_arena", "size": size, "placed": "", "name": ""}]
    return [
        {
            "symbol": f"{program.prefix}_arena_{region.name}",
            "size": str(region.bytes),
            "placed": f'__attribute__((section(".bss.arena_{region.name}"))) ',
            "name": region.name,
        }
        for region in program.regions
    ]


def _layer_outputs(program: Program) -> list[dict[str, object]]:
    """Where in the arena each layer's outputs stand; one that stands elsewhere is left out."""
    buffers = {buffer.tensor: buffer for buffer in program.arena if buffer.tensor is not None}
    return [
        {
            "layer": layer.index,
            "offset": buffers[tensor].offset,
            "place": _address(
                program.prefix, BufferRef(buffers[tensor].offset, "int8_t", buffers[tensor].region)
            ),
            "bytes": buffers[tensor].bytes,
            "name": _comment(buffers[tensor].name),
        }
        for layer in program.layers
        for tensor in layer.output_tensors
        if tensor in buffers
    ]


def _ports(prefix: str, ports: tuple[TensorPort, ...]) -> list[dict[str, object]]:
    """Each port with where it starts in the caller's bytes."""
    starts = [sum(port.bytes for port in ports[:number]) for number in range(len(ports))]
    return [
        {
            "name": _comment(port.name),
            "place": _address(prefix, BufferRef(port.offset, region=port.region)),
            "bytes": port.bytes,
            "start": start,
        }
        for port, start in zip(ports, starts, strict=True)
    ]


def _variable(prefix: str, variable: StateBuffer) -> dict[str, str]:
    """How a reset gives a variable its initial values."""
    place = _address(prefix, StateRef(variable.offset))
    if isinstance(variable.initial, ConstantRef):
        text = f"memcpy({place}, {_address(prefix, variable.initial)}, {variable.bytes});"
    else:
        text = f"memset({place}, {variable.initial}, {variable.bytes});"
    return {"text": text, "name": _comment(variable.name)}


def _constant(prefix: str, constant: Constant) -> dict[str, object]:
    number = _float if constant.values.dtype.kind == "f" else _integer
    return {
        "symbol": f"{prefix}_{constant.symbol}",
        "c_type": constant.c_type,
        "length": len(constant.values),
        "comment": _comment(constant.comment),
        "values": _values([number(value) for value in constant.values.tolist()]),
    }


def _call(prefix: str, name: str, call: KernelCall) -> dict[str, object]:
    addresses = [_address(prefix, a) if not isinstance(a, int) else _integer(a) for a in call.arguments]
    arguments = ([f"&{name}"] if call.parameter_type else []) + addresses
    return {
        "name": name,
        "type": call.parameter_type,
        "parameters": {key: _parameter(prefix, value) for key, value in call.parameters.items()},
        "text": f"{call.function}({', '.join(arguments)});",
    }


def _parameter(prefix: str, value: ParameterValue) -> str:
    if value is None:
        return "0"
    if isinstance(value, ConstantRef):
        return _address(prefix, value)
    if isinstance(value, tuple):
        return "{" + ", ".join(_integer(item) for item in value) + "}"
    return _float(value) if isinstance(value, float) else _integer(value)


def _address(prefix: str, address: Address) -> str:
    if isinstance(address, ConstantRef):
        return f"{prefix}_{address.symbol}"
    if isinstance(address, StateRef):
        place = f"{prefix}_state.bytes + {address.offset}"
    else:
        array = f"{prefix}_arena_{address.region}" if address.region else f"{prefix}_arena"
        place = f"{array} + {address.offset}"
    return place if address.c_type == "int8_t" else f"({address.c_type} *)(void *)({place})"


def _integer(value: int) -> str:
    """A literal; the smallest 32-bit integer has none of its own type in C."""
    return "(-2147483647 - 1)" if value == -(2**31) else str(int(value))


def _float(value: float) -> str:
    """A hexadecimal literal of the nearest float: exact."""
    return f"{float(np.float32(value)).hex()}f"


def _values(items: list[str]) -> str:
    """Comma-separated, in lines of bounded length; by hand, since textwrap takes seconds on large models."""
    lines: list[str] = []
    start = width = 0
    for number, item in enumerate(items):
        if width + len(item) + 2 > _LINE:
            lines.append("    " + ", ".join(items[start:number]) + ",")
            start, width = number, 0
        width += len(item) + 2
    return "\n".join([*lines, "    " + ", ".join(items[start:])])


def _comment(text: str) -> str:
    """`text` as it may stand in a C comment, whatever the model file calls its tensors."""
    return re.sub(r"[^A-Za-z0-9_.:;,/\[\]()=+<>| -]", "_", text)[:100]


def _string(text: str) -> str:
    """A C string literal: what is not plain ASCII as octal escapes of its UTF-8 bytes."""
    plain: Mapping[int, str] = {c: chr(c) for c in range(32, 127) if chr(c) not in '"\\?'}
    return '"' + "".join(plain.get(byte, f"\\{byte:03o}") for byte in text.encode()) + '"'
