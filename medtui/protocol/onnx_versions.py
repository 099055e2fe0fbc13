"""Operator sets and IR versions of ONNX files, and the oldest onnxruntime that loads them."""

_RUNTIMES_OF_OPSET = {18: (1, 15), 19: (1, 16), 20: (1, 17), 21: (1, 18)}
_RUNTIMES_OF_IR = {8: (1, 15), 9: (1, 15), 10: (1, 18)}
"""Oldest onnxruntime that loaded a ResNet-18 and a MobileNet v3; 1.14 was not tried."""

IR_OF_OPSET = {18: 8, 19: 9, 20: 10, 21: 10}
"""Operator sets that can be written, each with the IR version of its time."""


def minimum_runtime(opset: int, ir_version: int) -> str:
    """Return the oldest version of onnxruntime that loads such a file."""
    major, minor = max(_RUNTIMES_OF_OPSET[opset], _RUNTIMES_OF_IR[ir_version])
    return f"{major}.{minor}"


def next_opset(opset: int) -> int:
    """Return the operator set after one; the oldest follows the newest."""
    opsets = list(IR_OF_OPSET)
    return opsets[(opsets.index(opset) + 1) % len(opsets)]
