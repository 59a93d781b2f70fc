"""What all baselines need: something to learn from."""


def check_train(train):
    """ValueError if there is no training row."""
    if not len(train):
        raise ValueError("There are no training rows to learn from; at least one is needed.")
