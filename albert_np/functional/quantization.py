"""Eight-bit numbers: a weight as an integer times the scale of its column.

A float32 takes four bytes. An int8 takes one byte, and all numbers of a column can have the same
scale. So a matrix becomes a quarter as large. Each weight is rounded to a multiple of its scale,
and changes by at most half of the scale. *Symmetric* means that 0 stays 0 and that w and -w get
opposite integers: the integers run from -Q to Q, with Q = 127 for 8 bits. The value -128 is not
used.

Read ``quantization_scale``, ``quantize`` and ``dequantize`` (what is stored), then
``int8_matmul`` and ``quantized_linear`` (how integers are multiplied), then ``fake_quantize``
(how a model is trained for quantised weights).
"""

import numpy as np

# How many products an int32 can always add up: a product of two int8 is at most 127 * 127.
MOST_PRODUCTS = (2**31 - 1) // (127 * 127)


def largest_integer(bits):
    r"""Compute Q, the largest integer of a symmetric code: the integers run from -Q to Q.

    .. math::
       :label: QUANT.1

       Q = 2^{\text{bits} - 1} - 1

    Parameters
    ----------
    bits : int
        From 2 to 8. Fewer than 8 bits are stored in an int8 too.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        bits is not a whole number from 2 to 8.

    Examples
    --------
    >>> largest_integer(8), largest_integer(2)             # 2 bits: -1, 0 and 1
    (127, 1)
    """
    if isinstance(bits, bool) or not isinstance(bits, (int, np.integer)) or not 2 <= bits <= 8:
        raise ValueError(f"bits is {bits!r}; it must be a whole number from 2 to 8")
    Q = 2**(int(bits) - 1) - 1                                         # (QUANT.1)
    return Q


def quantization_scale(w, axis=0, bits=8):
    r"""Compute the scales: the largest absolute value of each column (or row) becomes Q.

    .. math::
       :label: QUANT.2

       s_j = \frac{1}{Q} \max_i |w_{ij}|

    In a weight W (in, out) each output has its own column and its own scale. So one large weight
    makes the steps of its own column coarse, but not the steps of the other columns. The scales of
    an activation (..., H) are computed anew in each forward pass (*dynamic* quantisation):
    ``axis=-1`` gives a scale to each row, and ``axis=None`` gives one scale to the whole array. A
    column or row of zeros gets the scale 1, and stays 0.

    Parameters
    ----------
    w : array
    axis : int or None
        Numbers along this axis have the same scale. 0: one scale for each column of a weight. -1:
        one scale for each row of an activation or of a table. None: one scale for all numbers.
    bits : int
        From 2 to 8.

    Returns
    -------
    scale : array like w, of length 1 along that axis

    Raises
    ------
    ValueError
        An entry is NaN or infinite, or bits is not a whole number from 2 to 8.

    Examples
    --------
    In the first column the largest absolute value is 254 = 127 * 2. The second column is zero:

    >>> w = np.array([[-254.0, 0.0], [3.0, 0.0]])
    >>> quantization_scale(w).tolist()
    [[2.0, 1.0]]
    >>> quantization_scale(w, axis=-1, bits=3).round(6).tolist()      # Q = 3: 254/3 and 3/3
    [[84.666667], [1.0]]
    """
    Q = largest_integer(bits)
    if not np.isfinite(w).all():
        raise ValueError("an entry is NaN or infinite; only finite numbers can be quantised")
    largest = np.abs(w).max(axis=axis, keepdims=True, initial=0)       # (1, out) for axis 0
    scale = largest / Q                                                # (QUANT.2)
    return np.where(scale == 0, np.ones_like(scale), scale)


def quantize(w, scale, bits=8):
    r"""Compute the nearest integer code of each number.

    .. math::
       :label: QUANT.3

       q_{ij} = \min\!\big(Q, \max(-Q,\ \operatorname{round}(w_{ij} / s_j))\big)

    With the scales of (QUANT.2) no ratio is beyond Q, so nothing is cut off. But if a scale was
    computed from other numbers, it can be too small. Then numbers above Q s become Q s, and numbers
    below -Q s become -Q s. A ratio half-way between two integers goes to the even one.

    Parameters
    ----------
    w : array
    scale : array
        It broadcasts against w. From :func:`quantization_scale`.
    bits : int
        From 2 to 8.

    Returns
    -------
    q : int8 array like w

    Raises
    ------
    ValueError
        An entry of w is NaN or infinite, a scale is not positive and finite, or bits is no whole
        number from 2 to 8.

    Examples
    --------
    With the scale 2, the ratio 2.9 becomes 3, and the ratio -150 becomes -127:

    >>> w, scale = np.array([[5.8, 0.6], [-300.0, -1.0]]), np.array([[2.0, 0.5]])
    >>> q = quantize(w, scale)
    >>> q.tolist(), str(q.dtype)
    ([[3, 1], [-127, -2]], 'int8')
    """
    Q = largest_integer(bits)
    if not np.isfinite(w).all():
        raise ValueError("an entry is NaN or infinite; only finite numbers can be quantised")
    if not (np.isfinite(scale) & (np.asarray(scale) > 0)).all():
        raise ValueError("a scale is not positive and finite")
    q = np.clip(np.rint(w / scale), -Q, Q).astype(np.int8)             # (QUANT.3)
    return q


def dequantize(q, scale):
    r"""Compute the numbers from their integer codes: multiply each integer by its scale.

    .. math::
       :label: QUANT.4

       \hat w_{ij} = s_j\, q_{ij}

    How far is this from w? A ratio w/s lies between two integers, and the nearest one is at most
    1/2 away. If nothing is cut off,

    .. math::

       |\hat w_{ij} - w_{ij}| = s_j\, \big| \operatorname{round}(w_{ij}/s_j) - w_{ij}/s_j \big|
       \le \tfrac12\, s_j = \frac{1}{2Q} \max_i |w_{ij}|

    So with 8 bits, no weight changes by more than 1/254 of the largest absolute value in its
    column.

    Parameters
    ----------
    q : int8 array
    scale : array
        As in :func:`quantize`.

    Returns
    -------
    w : array like q, of the dtype of the scale

    Examples
    --------
    The weights were 5.8 and -0.6, and the scale is 2. The errors are 0.2 and 0.6, below 2/2:

    >>> q, scale = np.array([3, 0], np.int8), np.array([2.0])
    >>> dequantize(q, scale).tolist()
    [6.0, 0.0]
    """
    w = scale * q                                                      # (QUANT.4)
    return w


def int8_matmul(x_q, x_scale, w_q, w_scale):
    r"""Multiply two quantised matrices: add up integers, and scale each sum once.

    Row i of the left matrix has the scale :math:`s^x_i`. Column j of the right matrix has the scale
    :math:`s^w_j`. Neither depends on the index k of the sum, so both can be taken out of it:

    .. math::
       :label: QUANT.5

       y_{ij} = \sum_k (s^x_i q^x_{ik})\, (s^w_j q^w_{kj})
              = s^x_i\, s^w_j \sum_k q^x_{ik}\, q^w_{kj}

    The sum of integers is exact. Each product is at most 127 * 127, so an int32 holds every sum of
    up to 133,144 products. If a scale depended on k, it could not be taken out of the sum. This is
    why a weight has a scale for each *output*.

    NumPy has no fast product of int8. It multiplies matrices of floats with the fast library BLAS,
    but matrices of integers in a plain loop. So this function is slower than a product of float32,
    and it shows the arithmetic only.

    Parameters
    ----------
    x_q : int8 array (N, K)
    x_scale : array (N, 1) or (1, 1)
    w_q : int8 array (K, M)
    w_scale : array (1, M) or (1, 1)

    Returns
    -------
    y : array (N, M)

    Raises
    ------
    ValueError
        The matrices do not fit, are not int8, or K is so large that an int32 could overflow.

    Examples
    --------
    The sums are 127 * 2 + 3 * (-1) = 251 and 0 * 2 + 4 * (-1) = -4. In int8, 251 would overflow:

    >>> x_q, x_scale = np.array([[127, 3], [0, 4]], np.int8), np.array([[0.5], [10.0]])
    >>> w_q, w_scale = np.array([[2], [-1]], np.int8), np.array([[4.0]])
    >>> int8_matmul(x_q, x_scale, w_q, w_scale).tolist()
    [[502.0], [-160.0]]
    """
    if x_q.dtype != np.int8 or w_q.dtype != np.int8:
        raise ValueError(f"the matrices are {x_q.dtype} and {w_q.dtype}; both must be int8")
    if x_q.ndim != 2 or w_q.ndim != 2 or x_q.shape[1] != w_q.shape[0]:
        raise ValueError(f"the matrices have shapes {x_q.shape} and {w_q.shape}; they must be "
                         f"(N, K) and (K, M)")
    if x_q.shape[1] > MOST_PRODUCTS:
        raise ValueError(f"K is {x_q.shape[1]}; an int32 holds sums of at most {MOST_PRODUCTS:,} "
                         f"products")
    total = x_q.astype(np.int32) @ w_q.astype(np.int32)                # (N, M), exact
    y = x_scale * w_scale * total.astype(w_scale.dtype)                # (QUANT.5)
    return y


def quantized_linear(x, w_q, w_scale, b):
    r"""Compute a linear map in integers: quantise each row of x, and use an 8-bit weight.

    .. math::
       :label: QUANT.6

       y = \hat x\, \hat W + b

    Here :math:`\hat x` is x with a scale for each row (*dynamic* quantisation), and
    :math:`\hat W` is the weight that was quantised before.

    Parameters
    ----------
    x : array (..., in)
    w_q : int8 array (in, out)
    w_scale : array (1, out)
    b : array (out,)

    Returns
    -------
    y : array (..., out)

    Examples
    --------
    The row is (127, 5.3), so its scale is 1, and 5.3 becomes 5. The weight is 2 * (1, 3):
    y = 2 * (127 + 15) + 100. Without the quantisation of x it would be 385.8:

    >>> x, b = np.array([127.0, 5.3]), np.array([100.0])
    >>> w_q, w_scale = np.array([[1], [3]], np.int8), np.array([[2.0]])
    >>> quantized_linear(x, w_q, w_scale, b).tolist()
    [384.0]
    """
    rows = x.reshape(-1, x.shape[-1])                                  # (N, in)
    x_scale = quantization_scale(rows, axis=-1)                        # (N, 1)
    product = int8_matmul(quantize(rows, x_scale), x_scale, w_q, w_scale)
    y = product.reshape(*x.shape[:-1], w_q.shape[1]) + b               # (QUANT.6)
    return y


def fake_quantize_forward(x, scale, bits=8, rounded=True):
    r"""Quantise each number and dequantise it again; the result is in floating point.

    With this function a model is trained for its quantised weights (*quantisation-aware*
    training): the forward pass uses the numbers that will be stored.

    .. math::
       :label: QUANT.7

       u = \min\!\big(Q + \tfrac12, \max(-Q - \tfrac12,\ x / s)\big), \qquad
       y = s \cdot \operatorname{round}(u)

    Here a ratio of :math:`\pm(Q + 1/2)` is rounded towards 0, to :math:`\pm Q`. So (QUANT.3) and
    (QUANT.4) give the same result.

    Parameters
    ----------
    x : array
    scale : array
        It broadcasts against x. It is a constant here, also if it was computed from x.
    bits : int
        From 2 to 8.
    rounded : bool
        False leaves out the rounding, so that y = s u. This is the *clipped identity*, the
        function that the backward pass differentiates.

    Returns
    -------
    y : array like x
    cache : what the backward pass needs

    Raises
    ------
    ValueError
        bits is not a whole number from 2 to 8.

    References
    ----------
    Jacob et al. 2018 (quantisation-aware training).

    Examples
    --------
    With 3 bits Q = 3. The scale is 2, so 2.6/2 = 1.3 is rounded to 1, and 6.5/2 = 3.25 to 3. The
    ratio 9/2 = 4.5 is cut off at 3.5 and becomes 3:

    >>> x, scale = np.array([2.6, 6.5, 9.0]), np.array([2.0])
    >>> y, cache = fake_quantize_forward(x, scale, bits=3)
    >>> y.tolist()
    [2.0, 6.0, 6.0]
    >>> fake_quantize_forward(x, scale, bits=3, rounded=False)[0].tolist()
    [2.6, 6.5, 7.0]
    """
    Q = largest_integer(bits)
    u = x / scale
    inside = np.abs(u.real) <= Q + 0.5
    u = np.where(inside, u, (Q + 0.5) * np.sign(u.real))
    if rounded:
        u = np.clip(np.rint(u), -Q, Q)
    y = scale * u                                                      # (QUANT.7)
    return y, inside


def fake_quantize_backward(dy, cache):
    r"""Compute the straight-through gradient: dy if the number is not cut off, otherwise 0.

    The true derivative of (QUANT.7) is of no use. A rounded number stays the same if x changes a
    little, and then it jumps. So the derivative is 0 almost everywhere, and no weight would ever
    move. The straight-through gradient is the derivative of another function, the clipped identity
    c = s u. The two functions are never far from each other: round(u) is at most 1/2 away from u,
    so :math:`|y - c| \le s/2`. For the clipped identity

    .. math::

       c = \begin{cases} x & |x/s| \le Q + \tfrac12 \\ \pm s\,(Q + \tfrac12) & \text{otherwise}
           \end{cases}

    the derivative is 1 or 0:

    .. math::
       :label: QUANT.8

       dx = dy \cdot \begin{cases} 1 & |x/s| \le Q + \tfrac12 \\ 0 & \text{otherwise} \end{cases}

    This is not the gradient of :func:`fake_quantize_forward`, so finite differences of that
    function cannot confirm it. The gradient check uses finite differences of the clipped identity
    (``rounded=False``). It shows that (QUANT.8) is the gradient of the clipped identity. Whether
    training with this gradient helps is a question for an experiment. The scale gets no gradient,
    though a change of the largest weight changes the scale.

    Parameters
    ----------
    dy : array like y
    cache : from :func:`fake_quantize_forward`

    Returns
    -------
    dx : array like x

    References
    ----------
    Bengio, Leonard and Courville 2013. Jacob et al. 2018 describe the range in which the gradient
    is 0.

    Examples
    --------
    With 3 bits and the scale 2, the number 2.6 is inside of the range, 6.9 is just inside (Q +
    1/2 = 3.5, and 6.9/2 = 3.45), and 9 is outside. The example uses the clipped identity, which
    does not round. Rounding would give the same cache:

    >>> x, scale, dy = np.array([2.6, 6.9, 9.0]), np.array([2.0]), np.array([10.0, 20.0, 30.0])
    >>> y, cache = fake_quantize_forward(x, scale, bits=3, rounded=False)
    >>> y.tolist()
    [2.6, 6.9, 7.0]
    >>> fake_quantize_backward(dy, cache).tolist()
    [10.0, 20.0, 0.0]
    """
    inside = cache
    # forward: y = s * round(u), taken as y = s * u with u = x / s cut off at Q + 1/2
    dx = dy * inside                                                   # (QUANT.8)
    return dx
