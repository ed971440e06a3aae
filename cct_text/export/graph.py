"""An ONNX graph, node by node: a thin layer over `onnx.helper` that names values and keeps each constant once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cct_text.errors import UsageError

if TYPE_CHECKING:
    import onnx

OPSET = 20
"""The first with Gelu; ONNX Runtime runs it since 1.17."""
IR_VERSION = 9
"""Version of the file's format that came with this opset."""
LARGEST = 2**31 - 2**20
"""Bytes of all weights at most: a protobuf message, which an ONNX file is, ends at 2 GiB."""
END = np.iinfo(np.int64).max
"""End of a slice that goes to the end."""


class Graph:
    """A graph under construction. Values are known by their names, which the methods take and return."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._bytes = 0

    def input(self, name: str, dtype: type[np.generic], shape: Sequence[str | int]) -> str:
        """A value that whoever runs the graph gives; sizes that may vary are names."""
        self._inputs.append(_value(name, dtype, shape))
        return name

    def output(self, name: str, dtype: type[np.generic], shape: Sequence[str | int] | None) -> None:
        """Give out a value; a shape of None is left open."""
        self._outputs.append(_value(name, dtype, shape))

    def op(self, operator: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:  # noqa: ANN401 - as ONNX has them
        """A node with one output; the name of its value."""
        (value,) = self.ops(operator, *inputs, names=[name or f"{operator}_{len(self._nodes)}"], **attributes)
        return value

    def ops(self, operator: str, *inputs: str, names: Sequence[str], **attributes: Any) -> list[str]:  # noqa: ANN401
        """A node with several outputs of these names."""
        from onnx import helper

        self._nodes.append(helper.make_node(operator, inputs, names, name=names[0], **attributes))
        return list(names)

    def weight(self, name: str, array: np.ndarray) -> str:
        """A constant of the network.

        Raises:
            UsageError: if all of them together are more than a file can hold.
        """
        from onnx import numpy_helper

        self._bytes += array.nbytes
        if self._bytes > LARGEST:
            raise UsageError(
                f"{name} {array.shape} makes the weights larger than the 2 GB of an ONNX file; "
                "export with --precision int8, or train with fewer words (--set min_count=N)"
            )
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def ints(self, *values: int) -> str:
        """A constant (N,) int64."""
        return self._constant(np.array(values, np.int64))

    def integer(self, value: int) -> str:
        """A constant () int64."""
        return self._constant(np.array(value, np.int64))

    def number(self, value: float) -> str:
        """A constant () float32."""
        return self._constant(np.array(value, np.float32))

    def size(self, value: str, axis: int) -> str:
        """The size of an axis, (1,) int64."""
        return self.op("Shape", value, start=axis, end=axis + 1)

    def range(self, size: str) -> str:
        """0, 1, ... before `size`, which is (1,) int64."""
        return self.op("Range", self.integer(0), self.op("Squeeze", size, self.ints(0)), self.integer(1))

    def slice(self, value: str, axis: int, start: str, end: str, step: int = 1) -> str:
        """Every `step`-th of an axis from `start` to before `end`, (1,) int64 both."""
        return self.op("Slice", value, start, end, self.ints(axis), self.ints(step))

    def cast(self, value: str, dtype: type[np.generic]) -> str:
        """A value in another type."""
        return self.op("Cast", value, to=_element_type(dtype))

    def model(self, description: str, metadata: Mapping[str, str]) -> onnx.ModelProto:
        """The finished model.

        Args:
            description: what it is and does, for people who look into the file.
            metadata: names and values for programs that do.
        """
        from onnx import helper

        constants = list(self._constants.values())
        graph = helper.make_graph(
            self._nodes, "cct-text", self._inputs, self._outputs, constants, doc_string=description
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="cct-text")
        helper.set_model_props(model, dict(metadata))
        return model

    def _constant(self, array: np.ndarray) -> str:
        from onnx import numpy_helper

        # Equal ones have one name, so that each is in the file once; 1.0 and 1 differ, as Python writes them.
        name = f"{array.tolist()}".replace(" ", "")
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(array, name)
        return name


def _value(name: str, dtype: type[np.generic], shape: Sequence[str | int] | None) -> onnx.ValueInfoProto:
    from onnx import helper

    return helper.make_tensor_value_info(name, _element_type(dtype), shape)


def _element_type(dtype: type[np.generic]) -> int:
    from onnx import helper

    number: int = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return number
