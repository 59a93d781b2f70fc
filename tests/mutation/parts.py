"""The parts of the package that are mutated, and their files."""

PARTS = {
    "functional": ["functional/*.py"],
    "layers": ["layers/**/*.py"],
    "models": ["models/*.py", "config.py"],
    "optim": ["optim/*.py"],
    "parameters": ["parameters/*.py", "model_files/bert_names.py"],
    "text": ["text/masking.py", "text/segments.py", "text/batches.py"],
    "pretraining": ["pretraining/trainer.py", "pretraining/step.py", "pretraining/parallel.py",
                    "pretraining/batches.py", "pretraining/evaluation.py",
                    "pretraining/baselines.py", "pretraining/distributed.py",
                    "pretraining/stopping.py", "pretraining/state.py", "pretraining/run.py",
                    "pretraining/run_checkpoints.py", "pretraining/run_data.py"],
    "finetuning": ["tasks/finetuning/**/*.py"],
    "metrics": ["tasks/metrics/*.py", "tasks/baselines/*.py"],
    "inference": ["inference/**/*.py"],
}


def files_of(part, root):
    """The files of a part, as paths from the root of the repository."""
    found = {path for pattern in PARTS[part] for path in (root / "albert_np").glob(pattern)}
    return sorted(str(path.relative_to(root)) for path in found)
