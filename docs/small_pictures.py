"""Make the small pictures of tutorials/README.md from those that the tutorials have drawn.

    python tutorials/04_attention.py && python docs/small_pictures.py

Takes each picture that the index names from tutorials/output/, where the last run left it. Those
that are not there stay as they were.
"""

import re
from pathlib import Path

from PIL import Image

TUTORIALS = Path(__file__).resolve().parent.parent / "tutorials"
WIDTH, COLOURS = 420, 128          # pixels; few colours make small files


def main():
    index = (TUTORIALS / "README.md").read_text(encoding="utf-8")
    for name in re.findall(r"\]\(pictures/(\w+)\.png\)", index):
        drawn, small = TUTORIALS / "output" / f"{name}.png", TUTORIALS / "pictures" / f"{name}.png"
        if not drawn.exists():
            print(f"{name}: not drawn yet")
            continue
        small.parent.mkdir(exist_ok=True)
        picture = Image.open(drawn).convert("RGB")
        size = WIDTH, round(picture.height * WIDTH / picture.width)
        picture.resize(size, Image.Resampling.LANCZOS).quantize(COLOURS).save(small, optimize=True)
        print(f"{name}: {small.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
