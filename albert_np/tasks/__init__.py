"""Fine-tuning: labelled data, what to compute on it, what counts as easy, and the training itself.

Read ``datasets/`` (rows of a task, features of a row), ``metrics/``, ``baselines/`` (without a
neural network), ``finetuning/`` (its ``recipes/``: one file a task), then ``search/``.
"""
