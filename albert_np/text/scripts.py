"""Scripts that put no space between two words: Chinese and Japanese."""

import re

# For use inside of [ ] in a regular expression.
CHARACTERS = ("\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
              "\U00020000-\U0003ffff")                     # Chinese characters and kana
WIDE = CHARACTERS + "\u3001-\u3003\u3008-\u301f\uff01-\uff9f"      # and their punctuation

_CHARACTER, _LETTER = re.compile(f"[{CHARACTERS}]"), re.compile(r"[^\W\d_]")


def is_chinese(texts):
    """Whether most letters of some texts are Chinese characters or kana.

    Parameters
    ----------
    texts : iterable of str

    Returns
    -------
    bool

    Examples
    --------
    >>> is_chinese(["我用 NumPy 训练模型。"]), is_chinese(["Beijing (北京)"]), is_chinese(["1998"])
    (True, False, False)
    """
    texts = list(texts)
    characters = sum(len(_CHARACTER.findall(text)) for text in texts if not text.isascii())
    return characters > 0 and 2 * characters > sum(len(_LETTER.findall(text)) for text in texts)
