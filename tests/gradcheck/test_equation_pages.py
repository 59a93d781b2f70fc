"""A page for each equation: its derivation, its lines of code, its check; and the list of all."""

import re

import pytest

from albert_np.commands.cli import main
from albert_np.gradcheck.equation_pages import list_equations, show_equation
from albert_np.gradcheck.equations import find_equations


def test_show_equation_measures_the_checks():
    text = show_equation("LN.5")
    assert text.startswith("LN.5: layer_norm_backward, albert_np/functional/layer_norm.py, line ")
    assert "The quotient rule gives" in text
    assert "dx -= x_hat * row_mean(dx_hat, x_hat)" in text
    number = next(e for e in find_equations() if e.label == "LN.5").lines[0].line
    assert f"albert_np/functional/layer_norm.py:{number}\n" in text
    rows = [row for row in text.splitlines() if re.match(r"layer_norm.*\d\.\de-\d\d", row)]
    assert len(rows) == 2
    for row in rows:
        exact, centred = map(float, row.split()[-2:])
        assert exact < 1e-13 and centred < 1e-7


@pytest.mark.parametrize("label", ["ln.5", "(LN.5)", " LN.5 "])
def test_show_equation_is_lenient_about_the_spelling(label):
    assert show_equation(label, measure=False).startswith("LN.5: ")


def test_show_equation_without_gradient_check_names_the_tests():
    assert show_equation("LAMB.1").endswith("Checked by\n----------\ntests/optim/test_optim.py")


def test_show_equation_says_what_proves_a_forward_equation():
    assert "The backward pass that differentiates" in show_equation("LN.1", measure=False)
    assert "The backward pass that differentiates" not in show_equation("LN.5", measure=False)


@pytest.mark.parametrize("label, hint", [
    ("LN.7", "did you mean LN.1, LN.2, LN.3, LN.4, LN.6 or LN.5?"),
    ("LNN.5", "LN.5"),
    ("quaternion", "--list shows all labels")])
def test_unknown_label_is_refused_with_a_hint(label, hint):
    with pytest.raises(ValueError) as caught:
        show_equation(label)
    assert str(caught.value).startswith(f"there is no equation {label!r}; ")
    assert hint in str(caught.value)


def test_a_page_in_chinese(capsys):
    assert main(["equation", "ATT.2", "--language", "zh", "--no-measure"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("ATT.2：attention_forward，albert_np/layers/attention.py 第 ")
    assert "\n推导\n----\n对每个序列、每个头" in text and "Softmax runs over" not in text
    assert "# (ATT.2)" in text and "\n核对\n----\n对这个公式求导" in text
    assert not re.search("[A-Z][a-z]+ [a-z]+ [a-z]+", text.replace("# Softmax", ""))
    text = show_equation("LN.5", language="zh", derivation="略")
    rows = re.findall(r"^layer_norm.*\d\.\de-\d\d +\d\.\de-\d\d$", text, re.MULTILINE)
    assert len(rows) == 2 and "\n略\n" in text and "最大相对误差" in text


@pytest.mark.parametrize("command, sentence", [
    ("ERF.1 --language zh", "there is no note in 中文 on ERF.1, only on equations of ATT, BLK, CE, "
                            "DO, EMB, ENC, FE, FF, GELU, LAY, LIN, LN, MLM, POOL, ROW, SM, SOP; "
                            "without --language it is shown in English"),
    ("LN.9 --language zh", "there is no equation 'LN.9'; did you mean LN.1"),
    ("LN.5 --language fr", "--language is 'fr'; it must be one of en, zh")])
def test_a_note_that_there_is_not(command, sentence, capsys):
    assert main(["equation", *command.split()]) == 2
    told = capsys.readouterr().err
    assert sentence in told and told.count("\n") == 1


def test_list_has_a_line_for_each_equation():
    rows = list_equations().splitlines()
    assert [row.split()[0] for row in rows] == [e.label for e in find_equations()]
    assert any(re.match(r"LN\.5 +functional/layer_norm\.py:\d+ +layer_norm_backward", row)
               for row in rows)
