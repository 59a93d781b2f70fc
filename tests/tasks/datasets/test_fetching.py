"""Files of data sets: found in a folder, in the cache, or on a server of our own."""

import gzip
import hashlib
import http.server
import threading

import pytest

from albert_np.tasks import datasets
from albert_np.tasks.datasets import Source, fetching, find_file

TEXT = b"ham\tHello.\nspam\tWin!\n"
FILE = Source("set/data.txt", "owner/repository/data.txt", len(TEXT),
              hashlib.sha256(TEXT).hexdigest(), also=("set/old-name.txt",))


@pytest.fixture(autouse=True)
def no_folder(monkeypatch, tmp_path):
    """No folder of data, and a cache of its own."""
    monkeypatch.delenv("ALBERT_NP_DATA", raising=False)
    for name in ("XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "cache"))
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")


@pytest.fixture
def server(monkeypatch):
    """A server on this machine in the place of the real one; `content` maps paths to bytes."""
    pytest.importorskip("pooch")

    class Server(http.server.BaseHTTPRequestHandler):
        content, asked = {}, []

        def do_GET(self):
            self.asked.append(self.path)
            data = self.content.get(self.path)
            self.send_response(200 if data is not None else 404)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        thread = threading.Thread(target=running.serve_forever, args=[0.01])
        thread.start()
        monkeypatch.setattr(fetching, "RAW", f"http://127.0.0.1:{running.server_port}")
        yield Server
        running.shutdown()
        thread.join()


def test_a_file_is_downloaded_once(server, tmp_path):
    server.content["/owner/repository/data.txt"] = TEXT
    path = find_file(FILE)
    assert path.read_bytes() == TEXT and tmp_path / "cache" in path.parents
    assert find_file(FILE) == path
    assert server.asked == ["/owner/repository/data.txt"]
    path.write_bytes(b"spoilt")                          # a damaged cache is downloaded anew
    assert find_file(FILE).read_bytes() == TEXT
    assert len(server.asked) == 2


def test_another_file_than_expected_is_not_kept(server, tmp_path):
    server.content["/owner/repository/data.txt"] = b"something else"
    with pytest.raises(ValueError, match=f"What http://.*/owner/repository/data.txt sends is not "
                                         f"the file .* must be {FILE.sha256}; nothing was kept"):
        find_file(FILE)
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]


def test_a_file_that_is_not_there(server):
    with pytest.raises(FileNotFoundError, match=r"set/data.txt cannot be downloaded \(the server "
                       r"answers 404 .*\); get http://.*/data.txt in another way, put it into a "
                       r"folder of yours, as FOLDER/set/data.txt, and set ALBERT_NP_DATA=FOLDER"):
        find_file(FILE)


def test_no_network(server, monkeypatch):
    monkeypatch.setattr(fetching, "RAW", "http://127.0.0.1:9")           # nobody listens there
    with pytest.raises(FileNotFoundError, match=r"cannot be downloaded \(ConnectionError.*as "
                                                r"FOLDER/set/data.txt"):
        find_file(FILE)


def test_a_file_without_a_known_hash_is_downloaded_once_too(server):
    server.content["/owner/x.xml"] = b"<c/>"
    assert find_file(Source("set/x.xml", "owner/x.xml")) == find_file(
        Source("set/x.xml", "owner/x.xml"))
    assert server.asked == ["/owner/x.xml"]


@pytest.mark.parametrize("name", ["set/data.txt", "set/data.txt.gz", "set/old-name.txt.gz"])
@pytest.mark.parametrize("by_variable", [True, False])
def test_a_folder_comes_first(name, by_variable, server, tmp_path, monkeypatch):
    path = tmp_path / "folder" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(TEXT) if name.endswith(".gz") else TEXT)
    if by_variable:
        monkeypatch.setenv("ALBERT_NP_DATA", str(tmp_path / "folder"))
        assert find_file(FILE) == path
    else:
        assert find_file(FILE, tmp_path / "folder") == path
    assert server.asked == []


def test_the_variable_falls_back_on_the_net_a_folder_that_was_given_does_not(
        server, tmp_path, monkeypatch):
    server.content["/owner/repository/data.txt"] = TEXT
    monkeypatch.setenv("ALBERT_NP_DATA", str(tmp_path))
    assert find_file(FILE).read_bytes() == TEXT
    with pytest.raises(FileNotFoundError, match=r"There is no file .*set/data.txt \(nor with .gz "
                                                r"after its name\); get it from http://"):
        find_file(FILE, tmp_path)


def test_a_wrong_file_or_no_folder(tmp_path, monkeypatch):
    path = tmp_path / "set" / "data.txt"
    path.parent.mkdir()
    path.write_bytes(TEXT + b"\n")
    with pytest.raises(ValueError, match=f"data.txt is not the file this data set is made of: it "
                       f"has 22 bytes and the SHA-256 .*, which must be 21 and {FILE.sha256[:12]}"):
        find_file(FILE, tmp_path)
    (tmp_path / "set" / "data.txt.gz").write_bytes(gzip.compress(TEXT)[:-5])
    path.unlink()
    with pytest.raises(ValueError, match="data.txt.gz is damaged gzip"):
        find_file(FILE, tmp_path)
    with pytest.raises(FileNotFoundError, match="There is no folder .*nowhere; it is to hold set"):
        find_file(FILE, tmp_path / "nowhere")
    monkeypatch.setenv("ALBERT_NP_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="ALBERT_NP_DATA names .*nowhere, which is no f"):
        find_file(FILE)


def test_without_pooch(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pooch", None)
    with pytest.raises(ValueError, match="needs pooch; install it with pip install "
                                         "pooch, or put the file"):
        find_file(FILE)


def test_mctest_has_no_address():
    with pytest.raises(FileNotFoundError, match="mctest/mc160.train.tsv cannot be downloaded: put "
                       "it into a folder of yours, as FOLDER/mctest/mc160.train.tsv, and set A"):
        datasets.fetch_mctest()


def test_arguments_that_make_no_sense():
    with pytest.raises(ValueError, match="language must be en or zh, not 'de'"):
        datasets.fetch_xquad("de")
    with pytest.raises(ValueError, match="part must be valid or test, not 'train'"):
        datasets.fetch_wikitext2("train")
    with pytest.raises(ValueError, match="stories may hold mc160 and mc500, not 'mc1'"):
        datasets.fetch_mctest(stories=("mc1",))
