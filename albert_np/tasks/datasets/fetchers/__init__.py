"""Data sets to try ALBERT on, each a function that returns rows.

Read one, such as ``sms_spam``, and :mod:`albert_np.tasks.datasets.fetching`; the others are alike.
"""

from .copa import fetch_copa
from .english_chinese import fetch_english_chinese
from .mctest import fetch_mctest
from .polarity import fetch_polarity
from .sms_spam import fetch_sms_spam
from .squad_slice import fetch_squad_slice
from .stsb import fetch_stsb
from .wikitext2 import fetch_wikitext2
from .wnut17 import fetch_wnut17
from .xquad import fetch_xquad

__all__ = [
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
]
