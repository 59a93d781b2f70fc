"""Why mutants of the part pretraining that no test kills compute the same."""

REASONS = [
    # -- baselines.py --
    ("baselines.py", "np.append(pairs, V * V), np.append(counts, 0)", ("V ** V", "V << V"),
     "The last entry only has to be greater than any pair, and this is greater still."),
    ("baselines.py", "np.append(pairs, V * V), np.append(counts, 0)",
     ("np.append(counts, 1)", "np.append(counts, -1)"),
     "No pair is equal to the last entry, so its count is never read."),
    ("baselines.py", "self.pairs[place] == wanted", "self.pairs[place] <= wanted",
     "The search ends at the first entry that is not less, so it is equal or greater."),
    ("baselines.py", "np.maximum(total + different, 1)", "np.maximum(total + different, 2)",
     "One follower is also one different follower, so the sum is 0 or at least 2."),
    ("baselines.py", "total == 0", "total <= 0", "A count is never negative."),
    ("baselines.py", "> self._probability(u, best[u])", ">= self._probability(u, best[u])",
     "They are equal only if it is the same piece, or if either is a best guess."),
    ("baselines.py", "!= IGNORED", "> IGNORED", "A label is -100 or the id of a piece."),
    ("baselines.py", "p == 0", "p <= 0", "A probability is never negative."),
    # -- batches.py --
    ("batches.py", "max_pieces=10_000_000", ("10000001", "9999999"),
     "The limit bounds the time of counting; one piece in ten million does not show."),
    ("batches.py", '== "fixed"', '>= "fixed"', "There are two words, and dynamic comes before."),
    ("batches.py", "if len(shards) == 1", "if len(shards) <= 1",
     "It is asked about one of the shards, so there is at least one."),
    ("batches.py", "if count >= max_sequences", "if count == max_sequences",
     "A shard gives no more sequences than are still missing, so the count never gets beyond."),
    ("batches.py", "shard + 1 < len(self.data.shards)", "shard + 1 !=",
     "The next number is never beyond the number of shards."),
    ("batches.py", "shard + 1 < len(self.data.shards)", "shard + 1 is not",
     "Small integers are the same object, and the next number is never beyond."),
    # -- evaluation.py --
    ("evaluation.py", "argmax(axis=-1) == labels", "argmax(axis=+1) == labels",
     "The logits have two axes, so that axis 1 is the last one."),
    ("evaluation.py", "argmax(axis=-1) == labels", "argmax(axis=1) == labels",
     "The logits have two axes, so that axis 1 is the last one."),
    ("evaluation.py", "axis=-1, keepdims=True", "axis=+1, keepdims=True",
     "The logits have two axes, so that axis 1 is the last one."),
    ("evaluation.py", "!= IGNORED", "> IGNORED", "A label is -100, or a number from 0 on."),
    # -- distributed.py --
    ("distributed.py", "self._buffer.size != count(grads)", "self._buffer.size is not",
     "A new buffer holds the same sum; it only takes time to make one."),
    ("distributed.py", "started <= 1", "started == 1", "At least one process was started."),
    # -- parallel.py --
    ("parallel.py", "grad.astype(p.dtype, copy=False)", "grad.astype(p.dtype)",
     "A copy holds the same numbers."),
    ("parallel.py", "!= IGNORED", "> IGNORED", "A label is -100, or a number from 0 on."),
    ("parallel.py", "argmax(-1)", ("argmax(+1)", "argmax(1)"),
     "The logits have two axes, so that axis 1 is the last one."),
    # -- run.py --
    ("run.py", "step % options.checkpoint_every == 0", "step % options.checkpoint_every <= 0",
     "A remainder is never negative."),
    ("run.py", "model.config.attention_probs_dropout_prob) > 0", "!= 0",
     "A probability is never negative."),
    ("run.py", 'name == "sgd"', 'name >= "sgd"',
     "The name sgd is the last one of the optimisers in the order of the alphabet."),
    # -- run_checkpoints.py --
    ("run_checkpoints.py", "copy=False)", "copy=True)", "A copy holds the same numbers."),
    ("run_checkpoints.py", "reshape(-1)", "reshape(- 2)",
     "NumPy takes any negative length for the one to be worked out."),
    # -- run_data.py --
    ("run_data.py", "spawn(1)[0]", "spawn( 2)[0]",
     "The first child of a seed does not depend on how many there are."),
    # -- step.py --
    ("step.py", "rng.integers(2**63, size=4)", ("size= 5", "2** 62"),
     "The seed of a part only has to have bits enough, and there are more than enough of them."),
    # -- trainer.py --
    ("trainer.py", "step == steps or", "step >= steps or", "The last step is the number of steps."),
    ("trainer.py", "step % 20 == 0", "step % 20 <= 0", "A remainder is never negative."),
    ("trainer.py", "step % max(1, steps // 20) == 0", "step % max(1, steps // 20) <= 0",
     "A remainder is never negative."),
    ("trainer.py", "step % evaluate_every == 0", "step % evaluate_every <= 0",
     "A remainder is never negative."),
]
