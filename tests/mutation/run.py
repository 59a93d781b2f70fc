"""Change one thing of the code at a time, and see whether a test fails.

Usage, from the root of a clone::

    python tests/mutation/run.py functional layers --results mutation-results

First every test runs alone, to learn how long it takes and which lines it runs. Then each mutant is
judged by the tests that run its line, in a forked child of a process that has collected them. What
is done is kept in the folder of results, and a second call goes on from there.
"""

import argparse
import difflib
import fnmatch
import functools
import gc
import hashlib
import json
import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["PYTHONPATH"] = str(ROOT)
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"

import coverage  # noqa: E402
import pytest  # noqa: E402
from children import Children, give_code  # noqa: E402
from fresh import killed_in_a_new_process  # noqa: E402
from mutants import mutants_of, mutated  # noqa: E402
from parts import PARTS, files_of  # noqa: E402

LEFT_OUT = ("parity", "course", "mutation", "__pycache__")      # PyTorch; processes of their own


class Judge:
    """A pytest plugin: takes the collected tests and judges mutants by them."""

    def __init__(self, options):
        self.options = options
        self.failed = False

    def pytest_runtest_logreport(self, report):
        self.failed |= report.failed

    def pytest_runtestloop(self, session):
        self.items = {item.nodeid: item for item in session.items}
        gc.collect()
        gc.freeze()
        self.children = Children(self.options.jobs)
        self.learn()
        for part in self.options.parts:
            self.judge(part)
        return True

    # -- what each test runs -------------------------------------------------------------------

    def learn(self):
        path = self.options.results / "tests.json"
        self.tests = json.loads(path.read_text()) if path.exists() else {}
        self.tests = {name: moved(test, self.options.results) for name, test in self.tests.items()
                      if test["version"] == version(name.split("::")[0])}
        new = [name for name in self.items if name not in self.tests]
        watched = sorted({str(ROOT / file) for part in PARTS for file in files_of(part, ROOT)})
        tasks = ((name, lambda name=name: self.watch(name, watched), 120) for name in new)
        for count, (name, result) in enumerate(self.children.run(tasks), 1):
            result = result or {"passed": False, "seconds": 120, "lines": {}}
            if "lines" not in result:
                sys.exit(f"{name} could not be watched:\n{result['by']}")
            self.tests[name] = result | {
                "version": version(name.split("::")[0]),
                "versions": {file: keep(file, self.options.results) for file in result["lines"]}}
            if count % 50 == 0 or count == len(new):
                print(f"tests: {count} of {len(new)}", flush=True)
                path.write_text(json.dumps(self.tests))
        odd = [name for name, test in self.tests.items() if not test["passed"]]
        print(f"{len(self.tests)} tests; {len(odd)} fail when run alone: left out", flush=True)
        self.by_line = defaultdict(lambda: defaultdict(set))
        for name, test in self.tests.items():
            if name in self.items and test["passed"]:
                for file, lines in test["lines"].items():
                    for line in lines:
                        self.by_line[file][line].add(name)

    def watch(self, name, watched):
        seen = coverage.Coverage(data_file=None, include=watched, config_file=False)
        seen.set_option("run:disable_warnings", ["no-data-collected", "module-not-measured"])
        start = time.perf_counter()
        seen.start()
        passed = self.passes([name])
        seen.stop()
        seconds = time.perf_counter() - start
        data = seen.get_data()
        lines = {str(Path(file).relative_to(ROOT)): sorted(data.lines(file))
                 for file in data.measured_files()}
        return {"passed": passed, "seconds": seconds, "lines": lines}

    def passes(self, names, limited=False):
        """Run tests one after the other; one that takes far too long ends the process."""
        self.failed = False
        for position, name in enumerate(names):
            if limited:
                signal.alarm(5 + int(3 * self.tests[name]["seconds"]))
            item = self.items[name]
            following = self.items[names[position + 1]] if position + 1 < len(names) else None
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                self.killer = name
                return False
        return True

    # -- mutants -------------------------------------------------------------------------------

    def judge(self, part):
        path = self.options.results / f"{part}.jsonl"
        done = {record["id"] for record in records(path)
                if record["version"] == version(record["file"])
                and not (self.options.again and record["outcome"] == "survived")}
        tasks = []
        for file in files_of(part, ROOT):
            source = (ROOT / file).read_text(encoding="utf-8")
            for number, mutant in enumerate(mutants_of(source)):
                if f"{file}:{number}" not in done:
                    tasks.append((f"{file}:{number}", file, source, mutant))
        if self.options.sample:
            tasks = random.Random(0).sample(tasks, min(self.options.sample, len(tasks)))
        self.kills = defaultdict(Counter)
        start, counts = time.monotonic(), Counter()
        with path.open("a", encoding="utf-8") as out:
            for count, (task, result) in enumerate(self.children.run(self.work(tasks)), 1):
                name, file, _, mutant = task
                result = result or {"outcome": "killed", "by": "time or memory"}
                self.kills[file][result.get("by")] += 1
                counts[result["outcome"]] += 1
                if result["outcome"] == "error":
                    sys.exit(f"{name} could not be judged:\n{result['by']}")
                record = {"id": name, "file": file, "version": version(file), "line": mutant.line,
                          "column": mutant.column, "operator": mutant.operator, **result}
                out.write(json.dumps(record) + "\n")
                out.flush()
                if count % 100 == 0 or count == len(tasks):
                    minutes = (time.monotonic() - start) / 60
                    print(f"{part}: {count} of {len(tasks)}, {dict(counts)}, {minutes:.1f} min",
                          flush=True)

    def work(self, tasks):
        for task in tasks:
            _, file, source, mutant = task
            names = self.tests_for(file, mutant)
            expected = sum(self.tests[name]["seconds"] for name in names)
            yield (task, lambda f=file, s=source, m=mutant, n=names: self.verdict(f, s, m, n),
                   30 + 10 * expected)

    def tests_for(self, file, mutant):
        """The tests that run the line, the most promising first, as many as there is time for."""
        lines = self.by_line[file]
        asked = mutant.lines if mutant.inside else lines
        names = set().union(*(lines[line] for line in asked if line in lines))
        folder = str(Path(file).parent).replace("albert_np", "tests", 1)
        if folder == "tests":                                # of config.py
            folder = f"tests/test_{Path(file).name}"
        ordered = sorted(names, key=lambda name: (
            -self.kills[file][name], not name.startswith((folder, file)),
            self.tests[name]["seconds"], name))
        chosen, total = [], 0
        for name in ordered:
            if total + self.tests[name]["seconds"] <= self.options.seconds or not chosen:
                total += self.tests[name]["seconds"]
                chosen.append(name)
        return chosen

    def verdict(self, file, source, mutant, names):
        text, old, new = mutated(source, mutant)
        said = {"old": old, "new": new, "tests": len(names)}
        try:
            compile(text, file, "exec")
        except SyntaxError:
            return said | {"outcome": "invalid"}
        if text == source:
            return said | {"outcome": "invalid"}
        if not names:
            return said | {"outcome": "survived"}
        module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if mutant.inside and give_code(sys.modules[module], text):
            killed = not self.passes(names, limited=True)
            by = self.killer if killed else None
        else:
            killed, by = killed_in_a_new_process(module, source, text, names), "a new process"
        return said | {"outcome": "killed" if killed else "survived", "by": by}


@functools.cache
def version(file):
    """Sixteen digits that change when the file does."""
    path = ROOT / file
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.exists() else "none"


def keep(file, folder):
    """Keep a copy of the file as it is now, and return its version."""
    copy = folder / "sources" / version(file)
    if not copy.exists():
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes((ROOT / file).read_bytes())
    return copy.name


def moved(test, folder):
    """What a test ran, in the lines of today's files; it may have run any line that is new."""
    lines = {}
    for file, seen in test["versions"].items():
        if (ROOT / file).exists():
            lines[file] = test["lines"][file]
            if seen != version(file):
                lines[file] = lines_today(seen, file, tuple(lines[file]), folder)
    return test | {"lines": lines, "versions": {file: keep(file, folder) for file in lines}}


@functools.cache
def lines_today(seen, file, lines, folder):
    """The lines of an earlier version of a file by the numbers that they have now."""
    today = set()
    for kind, start, end, start_now, end_now in moves(folder / "sources" / seen, ROOT / file):
        if kind == "equal":
            today |= {line + start_now - start for line in lines if start < line <= end}
        else:
            today |= set(range(start_now + 1, end_now + 1))
    return sorted(today)


@functools.cache
def moves(before, now):
    """Which blocks of lines of one file are where in the other."""
    before, now = (path.read_text(encoding="utf-8").splitlines() for path in (before, now))
    return difflib.SequenceMatcher(None, before, now, autojunk=False).get_opcodes()


def records(path):
    """What was found of each mutant; a later record of one takes the place of an earlier one."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    found = {}
    for line in lines:
        record = json.loads(line)
        found[record["id"]] = record
    return list(found.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    parser.add_argument("--results", type=Path, default=Path("mutation-results"))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sample", type=int, help="judge so many mutants, drawn at random")
    parser.add_argument("--seconds", type=float, default=20,
                        help="of tests for one mutant at most; those of a slow fixture need more")
    parser.add_argument("--again", action="store_true",
                        help="judge those again that survived, as after new tests")
    parser.add_argument("--tests", default="", help="only tests whose path matches this pattern")
    options = parser.parse_args()
    options.parts = options.parts or list(PARTS)
    options.results.mkdir(parents=True, exist_ok=True)
    options.results = options.results.resolve()
    os.chdir(ROOT)
    folders = [str(path) for path in sorted(Path("tests").iterdir())
               if path.is_dir() and path.name not in LEFT_OUT
               and fnmatch.fnmatch(path.name, options.tests or "*")]
    sys.exit(pytest.main([*folders, "tests/test_config.py", "albert_np", "-s",
                          "-o", "addopts=--strict-markers --doctest-modules",
                          "-m", "slow or not slow", "-p", "no:cacheprovider",
                          "-p", "no:terminal"],
                         plugins=[Judge(options)]))


if __name__ == "__main__":
    main()
