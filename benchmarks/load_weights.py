"""How long it takes to load weights of the size of albert-base-v2, beside safetensors itself.

    python benchmarks/load_weights.py

Both sides read the same file in turn, from the disk's cache; the medians are compared.
"""

import argparse
import statistics
import tempfile
import time

from safetensors.numpy import load_file

from albert_np import AlbertConfig, AlbertForPreTraining


def seconds(function):
    """Of one call, on the clock."""
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", default="albert-base-v2", help="a published configuration")
    parser.add_argument("--repeat", type=int, default=9)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        AlbertForPreTraining(AlbertConfig.from_name(arguments.name)).save_pretrained(folder)
        sides = {
            "safetensors reads the file": lambda: load_file(f"{folder}/model.safetensors"),
            "from_pretrained": lambda: AlbertForPreTraining.from_pretrained(folder),
            "from_pretrained, memory_map": lambda: AlbertForPreTraining.from_pretrained(
                folder, memory_map=True),
        }
        for side in sides.values():
            side()
        taken = {name: [] for name in sides}
        for _ in range(arguments.repeat):
            for name, side in sides.items():
                taken[name].append(seconds(side))
    for name, times in taken.items():
        print(f"{name:30} {statistics.median(times):7.3f} s   "
              f"({min(times):.3f} to {max(times):.3f})")


if __name__ == "__main__":
    main()
