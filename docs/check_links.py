"""Check that every link inside built pages leads somewhere, and that nothing comes from the net.

    python docs/check_links.py docs/_build/html
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """What a page points to, what can be pointed to in it, and what a browser would load."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors, self.loaded = [], set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.anchors |= {attributes[name] for name in ("id", "name") if attributes.get(name)}
        if attributes.get("href") and tag == "a":
            self.links.append(attributes["href"])
        for name in ("src", "href"):
            if attributes.get(name) and tag in ("script", "link", "img", "iframe", "source"):
                self.loaded.append(attributes[name])


def broken_links(folder):
    """Sentences about all that is wrong.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    (list of str, int, int)
        The sentences, how many pages, and how many links inside the pages there are.
    """
    pages = {path.resolve(): Page(path) for path in sorted(folder.rglob("*.html"))}
    wrong, count = [], 0
    for path, page in pages.items():
        for link in page.loaded + page.links:
            address = urlsplit(link)
            if address.scheme or address.netloc:
                if link in page.loaded and address.scheme != "data":
                    wrong.append(f"{path.name} loads {link} from the net")
                continue
            count += 1
            target = ((path.parent / unquote(address.path)).resolve() if address.path
                      else path)
            if not target.exists():
                wrong.append(f"{path.name} points to {link}, which is not there")
            elif (address.fragment and target in pages
                  and unquote(address.fragment) not in pages[target].anchors):
                wrong.append(f"{path.name} points to {link}, where there is no such place")
    return wrong, len(pages), count


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) == 2 else None
    if folder is None or not folder.is_dir():
        print("Name the folder of built pages.", file=sys.stderr)
        return 2
    wrong, pages, links = broken_links(folder)
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    print(f"{pages} pages, {links} links inside, {len(wrong)} broken")
    return 1 if wrong or not pages else 0


if __name__ == "__main__":
    sys.exit(main())
