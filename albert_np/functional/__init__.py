"""The functions that ALBERT consists of, each backward pass below its forward pass.

Every ``*_forward`` returns ``(y, cache)``. Every ``*_backward(dy, cache)`` returns the gradients of
the arrays that the forward pass takes, in the same order. Read ``linear`` (the first backward
pass), ``embedding``, ``softmax``, ``cross_entropy`` and ``layer_norm``. Then read ``erf``,
``gelu``, ``activations`` and ``dropout``, and the losses of tasks: ``mean_squared_error`` and
``binary_cross_entropy``. ``distillation`` is the loss of a student with a teacher.
``quantization`` makes 8-bit integers of weights. ``consistency`` compares two passes that should
agree. ``temperature`` and ``word_flips`` ask how far a trained model can be trusted. ``sums`` has
fast sums. ``trees`` has the functions on trees of parameters.

All functions run in float32, float64 and complex128. If an input is infinite or NaN, the result is
a limit (1 for the tanh of infinity), infinity or NaN. There is no warning. In float16 intermediate
results overflow, so the models refuse float16.
"""

from .activations import ACTIVATIONS, relu_backward, relu_forward, tanh_backward, tanh_forward
from .binary_cross_entropy import binary_cross_entropy_backward, binary_cross_entropy_forward
from .consistency import consistency_backward, consistency_forward, ramp_up
from .cross_entropy import IGNORED, cross_entropy_backward, cross_entropy_forward
from .distillation import distillation_backward, distillation_forward
from .dropout import dropout_backward, dropout_forward
from .embedding import (embedding_backward, embedding_forward, rows_at_backward,
                        rows_at_forward)
from .erf import erf
from .gelu import gelu_backward, gelu_forward, gelu_new_backward, gelu_new_forward
from .layer_norm import layer_norm_backward, layer_norm_forward
from .linear import linear_backward, linear_forward
from .mean_squared_error import mean_squared_error_backward, mean_squared_error_forward
from .quantization import (dequantize, fake_quantize_backward, fake_quantize_forward, int8_matmul,
                           quantization_scale, quantize, quantized_linear)
from .softmax import (masked_softmax_backward, masked_softmax_forward, softmax_backward,
                      softmax_forward)
from .temperature import (fit_temperature, temperature_scaling_backward,
                          temperature_scaling_forward)
from .word_flips import flip_estimates

__all__ = [
    "ACTIVATIONS", "IGNORED", "binary_cross_entropy_backward", "binary_cross_entropy_forward",
    "consistency_backward", "consistency_forward", "cross_entropy_backward",
    "cross_entropy_forward", "dequantize", "distillation_backward", "distillation_forward",
    "dropout_backward", "dropout_forward", "embedding_backward", "embedding_forward", "erf",
    "fake_quantize_backward", "fake_quantize_forward", "fit_temperature", "flip_estimates",
    "gelu_backward", "gelu_forward", "gelu_new_backward", "gelu_new_forward", "int8_matmul",
    "layer_norm_backward", "layer_norm_forward", "linear_backward", "linear_forward",
    "masked_softmax_backward", "masked_softmax_forward", "mean_squared_error_backward",
    "mean_squared_error_forward", "quantization_scale", "quantize", "quantized_linear", "ramp_up",
    "relu_backward", "relu_forward", "rows_at_backward", "rows_at_forward", "softmax_backward",
    "softmax_forward", "tanh_backward", "tanh_forward", "temperature_scaling_backward",
    "temperature_scaling_forward",
]
