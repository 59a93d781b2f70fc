"""One thread for each matrix product, while several of our own threads compute side by side."""

import contextlib


@contextlib.contextmanager
def one_thread_each():
    """Give each matrix product one thread; afterwards it has as many as before.

    NumPy's library for matrix products (BLAS) divides every product among threads of its own. We
    divide the batch among worker threads, and each worker computes its own products. Both at once
    are more threads than cores, and they get in each other's way: on two cores, a training step
    of the default model takes 40 ms, and 20 ms within this context. ::

        with one_thread_each():
            train(model, optimizer, batches, steps, workers=2)

    The number is one of the whole process, so other threads of the process have it too.
    """
    import numpy  # noqa: F401          # a library that is not loaded yet would not be found
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield
