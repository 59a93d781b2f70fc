"""What the tutorials share: output folders, quick runs, short recipes, and the model to look at.

Read ``helpers``, then ``small_model``.
"""
