"""A small pen for ONNX graphs: names every value, stores matrices as float16 and computes in float32."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Both are years old on purpose: any onnxruntime in use reads them.
OPSET = 17
IR_VERSION = 8


class GraphPen:
    def __init__(self, name: str):
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._initialisers: dict[str, onnx.TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._widened: dict[str, str] = {}

    def input(self, name: str, dtype: int, shape: list) -> str:
        self._inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def output(self, value: str, name: str, shape: list) -> None:
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def constant(self, name: str, value: np.ndarray) -> str:
        self._initialisers[name] = numpy_helper.from_array(np.array(value, order="C"), name)
        return name

    def matrix(self, name: str, value: np.ndarray) -> str:
        """Half the bytes on disk; the runtime folds the cast away when it loads the file."""
        if name not in self._widened:
            stored = self.constant(f"{name}.half", value.astype(np.float16))
            self._widened[name] = self.op("Cast", stored, to=TensorProto.FLOAT)
        return self._widened[name]

    def op(self, kind: str, *inputs: str, **attributes) -> str:
        out = f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    def ints(self, *values: int) -> str:
        name = "ints_" + "_".join(str(value) for value in values)
        return self.constant(name, np.array(values, dtype=np.int64))

    def scalar(self, value: float) -> str:
        return self.constant(f"scalar_{value!r}", np.float32(value))

    def linear(self, value: str, name: str, weight: np.ndarray, bias: np.ndarray | None) -> str:
        """`weight` is [out, in], as torch keeps it."""
        product = self.op("MatMul", value, self.matrix(f"{name}.weight", weight.T))
        return product if bias is None else self.op("Add", product, self.constant(f"{name}.bias", bias.astype(np.float32)))

    def layer_norm(self, value: str, name: str, weight: np.ndarray, bias: np.ndarray, epsilon: float) -> str:
        scale = self.constant(f"{name}.weight", weight.astype(np.float32))
        shift = self.constant(f"{name}.bias", bias.astype(np.float32))
        return self.op("LayerNormalization", value, scale, shift, axis=-1, epsilon=epsilon)

    def gelu(self, value: str) -> str:
        inner = self.op("Erf", self.op("Mul", value, self.scalar(2**-0.5)))
        return self.op("Mul", self.op("Mul", value, self.scalar(0.5)), self.op("Add", inner, self.scalar(1.0)))

    def split_heads(self, value: str, heads: int, width: int) -> str:
        """[batch, sequence, heads * width] → [batch, heads, sequence, width]"""
        return self.op("Transpose", self.op("Reshape", value, self.ints(0, -1, heads, width)), perm=[0, 2, 1, 3])

    def attend(self, query: str, key: str, value: str, heads: int, width: int, mask: str | None) -> str:
        keys = self.op("Transpose", self.split_heads(key, heads, width), perm=[0, 1, 3, 2])
        scores = self.op("Mul", self.op("MatMul", self.split_heads(query, heads, width), keys), self.scalar(width**-0.5))
        weights = self.op("Softmax", scores if mask is None else self.op("Add", scores, mask), axis=-1)
        mixed = self.op("MatMul", weights, self.split_heads(value, heads, width))
        return self.op("Reshape", self.op("Transpose", mixed, perm=[0, 2, 1, 3]), self.ints(0, -1, heads * width))

    def model(self) -> onnx.ModelProto:
        graph = helper.make_graph(
            self._nodes, self._name, self._inputs, self._outputs, list(self._initialisers.values())
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="fusewire-training", ir_version=IR_VERSION
        )
        onnx.checker.check_model(model, full_check=True)
        return model
