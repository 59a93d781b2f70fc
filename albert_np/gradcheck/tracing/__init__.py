"""Every line of a function with the numbers it makes, from running the function's example.

Read ``function_lines`` (what a source text says about each statement), ``line_trace`` (what the
statements make while they run), ``examples`` (which example runs, with which numbers),
``compare_traces`` (which numbers a planted fault changes), ``example_check`` (the gradient check at
the numbers of an example) and ``trace_page`` (a trace as text).
"""

from .compare_traces import Difference, differences, differences_of_fault
from .examples import Statement, Trace, trace_equation, trace_function
from .line_trace import Call, Row, Value, Visit
from .trace_page import show_trace

__all__ = ["Call", "Difference", "Row", "Statement", "Trace", "Value", "Visit", "differences",
           "differences_of_fault", "show_trace", "trace_equation", "trace_function"]
