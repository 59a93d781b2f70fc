"""Labelled data: readers of the usual formats, and data sets to try ALBERT on.

Read ``rows`` (what every reader returns), then one reader: ``table``, ``json_lines``, ``conll``,
``squad``, ``token_spans``, ``copa``, ``mctest``, ``parallel`` or ``wikitext``. ``columns`` decides
what each column of a file holds, ``numbers`` what a number is, ``words`` what a word is.
``splits`` divides a data set, ``fetching`` finds or downloads a file, ``fetchers/`` knows data sets
by name, ``features/`` turns rows into arrays.
"""

from ...files.text_lines import read_lines
from .columns import Columns, choose_columns
from .conll import read_conll, read_tagged_json, tags_of
from .copa import read_copa
from .fetchers import (fetch_copa, fetch_english_chinese, fetch_mctest, fetch_polarity,
                       fetch_sms_spam, fetch_squad_slice, fetch_stsb, fetch_wikitext2, fetch_wnut17,
                       fetch_xquad)
from .fetching import Source, find_file
from .json_lines import read_json_lines
from .mctest import read_mctest
from .parallel import read_parallel
from .rows import Answer, Choice, Classification, Pair, Question, Splits, Tagged
from .splits import split_by_key, text_key
from .squad import read_squad
from .table import iterate_table, read_table
from .token_spans import read_token_spans
from .wikitext import read_wikitext

__all__ = [
    "Answer",
    "Choice",
    "Classification",
    "Columns",
    "Pair",
    "Question",
    "Source",
    "Splits",
    "Tagged",
    "choose_columns",
    "fetch_copa",
    "fetch_english_chinese",
    "fetch_mctest",
    "fetch_polarity",
    "fetch_sms_spam",
    "fetch_squad_slice",
    "fetch_stsb",
    "fetch_wikitext2",
    "fetch_wnut17",
    "fetch_xquad",
    "find_file",
    "iterate_table",
    "read_conll",
    "read_copa",
    "read_json_lines",
    "read_lines",
    "read_mctest",
    "read_parallel",
    "read_squad",
    "read_table",
    "read_tagged_json",
    "read_token_spans",
    "read_wikitext",
    "split_by_key",
    "tags_of",
    "text_key",
]
