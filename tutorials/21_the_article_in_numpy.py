"""
一篇讲 ALBERT 训练的文章，用 NumPy 走一遍
=========================================

网上有不少中文文章这样介绍 ALBERT：背景，参数共享，“跨层连接”，两个损失，微调，一段调库的代码，
五种应用，最后是展望和常见问题。本教程照这个顺序走一遍：每个公式对到一行 NumPy 代码，
每段代码旁边是这里的写法，每种应用给出一条命令。这类文章里有几处常见的错误，
这里逐一指出，并用断言说明。读完之后，你知道 ALBERT 省的是什么，不省的是什么。

先读 ``04_attention.py``、``05_factorized_embeddings.py``、``06_one_layer_twelve_times.py``。
论文：Lan et al. 2020。运行：``python tutorials/21_the_article_in_numpy.py``，
图保存在 ``tutorials/output/``。术语查 ``docs/zh/glossary.md``。
"""

# %%
# 从公式到代码
# ------------
# 先给一张总表。左边是文章里的公式，右边依次是本项目的公式标号、计算它的那一行、细讲它的教程。
# 行号不是手写的，是从源代码里的标号读出来的。
# 命令 ``albert-np equation ENC.3`` 打印一个公式的推导、代码和核对结果。

import time
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

from albert_np import (AdamW, AlbertConfig, AlbertForPreTraining, AlbertForSequenceClassification,
                       AlbertTokenizer)
from albert_np.commands.finetune import finetune_parser
from albert_np.course.lecture import output_folder, quick, short_run_adamw, show, source_of
from albert_np.files.threads import one_thread_each
from albert_np.functional import layer_norm_forward
from albert_np.gradcheck.equations import find_equations
from albert_np.inference import parameter_table
from albert_np.inference.sizes import as_bert, format_table
from albert_np.layers import encoder_backward, encoder_forward, encoder_layer_forward
from albert_np.optim import clip_by_global_norm
from albert_np.parameters import cast, count, flatten, tree_map
from albert_np.plotting.figures import BLUE, GREY, ORANGE, running_mean
from albert_np.plotting.lettering import chinese_or_english
from albert_np.pretraining import PretrainingData, evaluate, top_guesses, train
from albert_np.text import DataOptions, train_tokenizer

FORMULAS = (
    ("3.1", "h^(l+1) = f(h^(l); W^(l)),  W^(l) = W", "ENC.1", "06"),
    ("3.1", "dW = dW^(0) + ... + dW^(L-1)", "ENC.3", "06"),
    ("3.2", "h^(l+1) = h^(l) + f(h^(l); W)", "ENC.2", "06"),
    ("3.2", "LayerNorm(x + Attention(x))", "BLK.1", "06"),
    ("3.2", "LayerNorm(a + FFN(a))", "BLK.3", "06"),
    ("3.3", "L_MLM: logits", "MLM.2", "05"),
    ("3.3", "L_MLM: cross-entropy", "CE.1", "07"),
    ("3.3", "L_SOP: logits", "SOP.1", "00"),
    ("3.3", "L = L_MLM + lambda L_SOP", "PRE.1", "08"),
    ("3.3", "fine-tuning: classes", "CLS.1", "11"),
    ("5", "questions: start, end", "SPAN.1", "13"),
    ("5", "similarity: squared error", "MSE.1", "14"),
    ("5", "translation: mask", "PLM.1", "15"))

equations = {equation.label: equation for equation in find_equations()}
for section, formula, label, tutorial in FORMULAS:
    line = equations[label].lines[0]
    print(f"{section:4} {formula:39} {label:7} {line.file}:{line.line}  [{tutorial}]")

# %%
# 1–2 背景：从 BERT 到 ALBERT
# ---------------------------
# BERT 是 Transformer 编码器，参数很多。ALBERT（A Lite BERT）保持同样的深度和宽度，
# 把参数减到约九分之一。字母：词表有 V 个子词，词嵌入 E 维，隐藏状态 H 维，前馈网络 F 维，
# A 个头，L 层。

base = AlbertConfig.from_name("albert-base-v2")
print()
print(format_table(parameter_table(base), base))

# %%
# **第一处错误。** 文章把“跨层连接”当作 ALBERT 的第二项技术。论文里节省参数的两项技术是：
#
# - 因式分解词嵌入（factorised embedding）：一张 V×H 的大表，
#   换成 V×E 的小表和 E×H 的矩阵（教程 05）；
# - 跨层参数共享（cross-layer parameter sharing）：L 层共用一套参数（教程 06）。
#
# 第三项改动是用句序预测取代下一句预测，与参数个数无关。残差连接一个参数也不省。
# 下面把两项技术分开，各省多少一看便知：


def parameters(config):
    return sum(config.parameter_counts().values())


bert = as_bert(base)
four = {"BERT": bert,
        "factorised": replace(base, sharing="none"),
        "shared": replace(bert, sharing="all"),
        "ALBERT": base}
millions = {name: parameters(config) / 1e6 for name, config in four.items()}
for name, number in millions.items():
    print(f"{name:12}{number:8.1f} M")
V, E, H = base.vocab_size, base.embedding_size, base.hidden_size
print(f"V H = {V * H:,}    V E + E H + H = {V * E + E * H + H:,}")
residual = replace(base, cross_layer_residual=True)
assert parameters(residual) == parameters(base)                  # 残差不改变参数个数
assert parameters(base) == 11_813_810 and parameters(bert) == 109_705_010
assert millions["ALBERT"] < min(millions["factorised"], millions["shared"])

# %%
# 3.1 参数共享
# ------------
# 公式 (ENC.1) 中，共享就是对每个 l 都取 :math:`W^{(l)} = W`。代码里它是一张下标表：
# 第几层用第几个存储块。ALBERT 全是 0，BERT 是 0 到 11。

for name in ("ALBERT", "BERT"):
    print(f"{name:8}", [attention for attention, _ in four[name].schedule])

# %%
# **第二处错误。** 文章说 ALBERT 让“嵌入层和 Transformer 层”共享参数。
# 词嵌入表不参加任何共享：它不在层里，每个模型只有一张，BERT 也是一张。
# 共享的是编码器的 L 层，包括每层的注意力块和前馈块。看一看参数树就清楚：

tiny = AlbertConfig(vocab_size=60, embedding_size=16, hidden_size=32, num_hidden_layers=12,
                    num_attention_heads=4, intermediate_size=64, max_position_embeddings=24,
                    initializer_range=0.1)
model = AlbertForPreTraining(tiny, seed=0)
unshared = AlbertForPreTraining(replace(tiny, sharing="none"), seed=0)
for each in (model, unshared):
    blocks = each.params["encoder"]
    print(f"sharing={each.config.sharing:5} attention blocks {len(blocks['attention']):2}, "
          f"feed-forward blocks {len(blocks['feed_forward']):2}, word tables 1, "
          f"{count(each.params):,} parameters")
assert len(model.params["encoder"]["attention"]) == 1
assert len(unshared.params["encoder"]["attention"]) == 12
assert (model.params["embeddings"]["word"].shape == unshared.params["embeddings"]["word"].shape
        == (60, 16))

# %%
# （词嵌入表确实用了两次：输入端查表，输出端算 logits (MLM.2)。这叫权重绑定，BERT 也有，
# 与跨层共享无关。）
#
# 一个参数用 L 次，它的梯度是 L 个深度的梯度之和 (ENC.3)。这是链式法则的要求，
# 也是共享唯一影响反向传播的地方：

print()
print(source_of(encoder_backward, "ENC.3", lines_around=1))

rng = np.random.default_rng(0)
ids = rng.integers(5, 60, (4, 24))
labels = np.where(rng.random(ids.shape) < 0.15, ids, -100)
labels[:, 1] = ids[:, 1]                                         # 每个序列至少遮住一个
batch = {"input_ids": np.where(labels == -100, ids, 4), "labels": labels,
         "sentence_order_label": np.array([0, 1, 0, 1])}

model.params = cast(model.params, np.float64)                    # 比较末位数字
output, cache = model.forward(**batch)
by_depth = []
grads = model.backward(cache, contributions=by_depth)            # 每个深度一棵梯度树
whole = grads["encoder"]["attention"][0]["self_attention"]["W_v"]
parts = [tree["attention"]["self_attention"]["W_v"] for tree in by_depth]
print(f"\n12 parts, sum against the gradient: {np.abs(sum(parts) - whole).max():.1e}; "
      f"one part against it: {np.abs(parts[0] - whole).max():.1e}")
assert np.allclose(sum(parts), whole, rtol=1e-12) and not np.allclose(parts[0], whole)

# %%
# **第三处错误：共享之后推理更快。** 不会。共享减少的是参数，不是计算：
# 层还是要一层一层地算。把共享的那一层复制 12 份，放进不共享的模型，
# 两个模型做同样的运算，输出逐位相同；时间也差不多。

copies = AlbertForPreTraining(replace(tiny, sharing="none"), seed=None)
copies.params = {**model.params, "encoder": {
    kind: [tree_map(np.copy, stored[0]) for _ in range(12)]
    for kind, stored in model.params["encoder"].items()}}
again, _ = copies.forward(**batch)
assert np.array_equal(again.prediction_logits, output.prediction_logits)
assert len(copies.config.schedule) == len(model.config.schedule) == 12

pair = (model, copies)
seconds = []
with one_thread_each():
    for _ in range(5 if quick() else 31):                        # 轮流计时，取中位数
        for each in pair:
            begun = time.perf_counter()
            each.forward(ids)
            seconds.append(time.perf_counter() - begun)
shared_time, copied_time = np.median(np.reshape(seconds, (-1, 2)), axis=0)
print(f"time of a forward pass, shared / not shared: {shared_time / copied_time:.2f}; "
      f"parameters: {count(model.params) / count(copies.params):.2f}")

# %%
# 时间只打印，不断言：它随机器而变。真正变小的是模型文件、优化器的状态，
# 以及多机训练时要传送的梯度。训练时每层的缓存一份也不能少（教程 17）。
#
# 3.2 “跨层连接”
# --------------
# 文章写 :math:`h^{(l+1)} = h^{(l)} + f(h^{(l)}; W)`，并说这是 ALBERT 的设计。
#
# **第四处错误。** ALBERT 的编码器是 (ENC.1)，层与层之间没有这个加号。
# 它的残差连接在 f 的内部，一条绕过注意力 (BLK.1)，一条绕过前馈网络 (BLK.3)，
# 来自 Transformer（Vaswani et al. 2017），BERT 也有。论文没有把它列为贡献。
# 先看 h 是不是加出来的：

layer = {kind: stored[0] for kind, stored in model.params["encoder"].items()}
states = output.hidden_states                                    # L + 1 个 (B, T, H)
(f_of_h, _), _ = encoder_layer_forward(layer, states[0], states[0], None, model.config)
assert np.array_equal(states[1], f_of_h)                         # ALBERT: f(h)
assert not np.allclose(states[1], states[0] + f_of_h)            # 不是 h + f(h)

# %%
# 再看残差在哪里。把注意力和前馈网络的输出矩阵都清零，一层里就只剩残差和层归一化：
# 输入照样传了过去。

silent = tree_map(np.copy, layer)
silent["attention"]["self_attention"]["W_o"][:] = 0
silent["feed_forward"]["feed_forward"]["W_2"][:] = 0
(through, _), _ = encoder_layer_forward(silent, states[0], states[0], None, model.config)
once, twice = (silent[kind]["layer_norm"] for kind in ("attention", "feed_forward"))
expected, _ = layer_norm_forward(states[0], once["gamma"], once["beta"])
expected, _ = layer_norm_forward(expected, twice["gamma"], twice["beta"])
assert np.allclose(through, expected)

# %%
# 文章的公式在这里是一个选项 ``cross_layer_residual`` (ENC.2)，可以拿来比较。
# 它会改变梯度怎样流过各层 (ENC.4)，教程 06 画了图。已发布的权重都不是这样训练的。

linked = AlbertForPreTraining(replace(tiny, cross_layer_residual=True), seed=None)
linked.params = model.params
with_link = linked.forward(**batch)[0].hidden_states
assert np.array_equal(with_link[1], states[0] + f_of_h) and not base.cross_layer_residual
print()
print(source_of(encoder_forward, "ENC.1", "ENC.2"))

# %%
# 3.3 两个损失
# ------------
# 预训练有两个任务。掩码语言模型：遮住 15% 的子词，从两边的上下文猜出来。
# 句序预测：两个相邻的句段，判断有没有被调换（标签 0 是原来的顺序，1 是调换过的）。总损失是
#
# .. math::
#
#    \text{loss} = \text{loss}_{\text{MLM}} + \lambda\, \text{loss}_{\text{SOP}}
#
# 即 (PRE.1)。两项都是平均交叉熵 (CE.1)。关于 λ 要说清楚：论文和官方代码里没有 λ，
# 两项直接相加，等于 λ = 1。这里的小模型用 0.15，因为句序很快就能学会，
# 权重太大会妨碍猜词（``docs/pretraining.md`` 有测量，英文）。
#
# 还没训练的模型只能瞎猜。它的两个损失应当接近 ln V 和 ln 2，
# 这是检查代码的第一步：

print(f"\nL_MLM {output.mlm_loss:.2f}, ln V = {np.log(60):.2f};  "
      f"L_SOP {output.sop_loss:.2f}, ln 2 = {np.log(2):.2f}")
assert abs(output.mlm_loss - np.log(60)) < 1 and abs(output.sop_loss - np.log(2)) < 0.5

# %%
# 总损失对 λ 是线性的，所以梯度也是：λ = 0.5 的梯度，是 λ = 0 和 λ = 1 的梯度的平均。


def gradient(sop_weight):
    """损失，和所有参数的梯度排成的一个向量。"""
    weighted = AlbertForPreTraining(replace(tiny, sop_weight=sop_weight), seed=None)
    weighted.params = model.params
    result, cache = weighted.forward(**batch)
    assert np.isclose(result.loss, result.mlm_loss + sop_weight * result.sop_loss)
    tree = flatten(weighted.backward(cache))
    return np.concatenate([tree[name].ravel() for name in sorted(tree)])


words_only, half, both = map(gradient, (0.0, 0.5, 1.0))
assert np.allclose(half, (words_only + both) / 2, rtol=1e-10, atol=1e-14)

# %%
# **微调。** 去掉这两个输出头，在 [CLS] 位置的向量上加一个新的分类头 (CLS.1)，
# 损失仍是交叉熵 (CE.1)。编码器的参数也一起更新，只是学习率小得多。第 4 节就这样做。
#
# 在中文上预训练一个小模型
# ------------------------
# 文本由一部小语法写成：早上、中午、晚上各一句，所以句序可以学会，词也可以从上下文猜到。
# 真实文本只要换成 ``read_corpus("novel.txt", "lines")``。


def write_story(rng):
    """三句话，按时间排列，同一个人。"""
    who = rng.choice(["小猫", "小狗", "老师", "妹妹"])
    does = {"早上": ["吃了一碗面", "喝了一杯茶"], "中午": ["走到河边", "坐在树下"],
            "晚上": ["看月亮", "读了一本书"]}
    return [f"{when}{who}{rng.choice(deeds)}。" for when, deeds in does.items()]


rng = np.random.default_rng(0)
stories = [write_story(rng) for _ in range(400)]
folder = output_folder() / "21-article"
folder.mkdir(parents=True, exist_ok=True)
train_tokenizer([sentence for story in stories[:360] for sentence in story], 60,
                folder / "spiece.model")
tokenizer = AlbertTokenizer(folder / "spiece.model")
print("\n" + " ".join(tokenizer.tokenize("早上小猫吃了一碗面。")))

data = PretrainingData.from_text(stories[:360], stories[360:], tokenizer,
                                 DataOptions(max_seq_length=36, ngram=1), batch_size=24, seed=0)
config = AlbertConfig(vocab_size=tokenizer.vocab_size, embedding_size=32, hidden_size=32,
                      num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
                      max_position_embeddings=40, initializer_range=0.1, sop_weight=0.5)
albert = AlbertForPreTraining(config, seed=0)
steps = 250 if quick() else 1200
metrics = []
with one_thread_each():
    train(albert, short_run_adamw(albert.params, 4e-3, steps), data.training_batches(), steps,
          metrics=metrics, progress=False)
scores = evaluate(albert, data.held_out)
print(f"held-out: L_MLM {scores['mlm_loss']:.2f} (ln V = {np.log(config.vocab_size):.2f}), "
      f"L_SOP {scores['sop_loss']:.2f}, sentence order {scores['sop_accuracy']:.0%} right")
assert scores["mlm_loss"] < np.log(config.vocab_size) - 1
hidden = "晚上小狗[MASK]月亮。"
(_, _, best), = top_guesses(albert, tokenizer, tokenizer(hidden)["input_ids"][None])
print(hidden, ", ".join(f"{piece} {share:.0%}" for piece, share in best))
albert.save_pretrained(folder, tokenizer)

chinese, english = (
    {"left": "两项技术各省多少", "count": "参数量（百万）", "BERT": "BERT",
     "factorised": "只做因式分解", "shared": "只做共享", "ALBERT": "ALBERT", "right": "两个损失",
     "step": "步", "loss": "损失", "mlm": "掩码语言模型", "sop": "句序预测"},
    {"left": "What each technique saves", "count": "parameters (millions)", "BERT": "BERT",
     "factorised": "factorised only", "shared": "shared only", "ALBERT": "ALBERT",
     "right": "Both losses", "step": "step", "loss": "loss", "mlm": "masked words",
     "sop": "sentence order"})
said, fonts = chinese_or_english(chinese, english)
if said is english:
    print("没有找到中文字体，图里的文字用英文。可安装 Noto Sans CJK。")
with plt.rc_context({"font.family": fonts}):
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
    bars = left.bar([said[name] for name in millions], list(millions.values()), 0.6,
                    color=[GREY, ORANGE, ORANGE, BLUE])
    left.bar_label(bars, [f"{number:.0f}" for number in millions.values()], fontsize=13)
    left.set_ylim(0, 125)
    left.set_ylabel(said["count"], fontsize=14)
    left.set_title(said["left"], fontsize=15)
    rows = [row for row in metrics if row["split"] == "train"]
    for name, colour, chance in (("mlm", BLUE, config.vocab_size), ("sop", ORANGE, 2)):
        kept = [row for row in rows if row[f"{name}_loss"] is not None]
        right.plot([row["step"] for row in kept],
                   running_mean([row[f"{name}_loss"] for row in kept]), color=colour,
                   linewidth=2, linestyle="-" if name == "mlm" else "--", label=said[name])
        right.axhline(np.log(chance), color=colour, linestyle=":", linewidth=1.2)
        right.annotate("ln V" if name == "mlm" else "ln 2", (0.98, np.log(chance)), (0, 4),
                       xycoords=("axes fraction", "data"), textcoords="offset points",
                       ha="right", fontsize=12, color=colour)
    right.set_xlabel(said["step"], fontsize=14)
    right.set_ylabel(said["loss"], fontsize=14)
    right.set_ylim(0, 1.12 * np.log(config.vocab_size))
    right.set_title(said["right"], fontsize=15)
    right.legend(fontsize=13, loc="center right")
    for axes in (left, right):
        axes.tick_params(labelsize=12)
        axes.grid(axis="y", alpha=0.25)
        axes.set_axisbelow(True)
    show(figure, "21_two_techniques")

# %%
# 4 代码：从安装到预测
# --------------------
# 文章的代码用 Hugging Face 的 transformers，分七段。下面每段先写它的常见写法，
# 再写这里的写法。``docs/coming-from-transformers.md`` 有完整的对照（英文），两边都由测试运行。
#
# **安装。** 那边：``pip install transformers torch``。这里，在项目的顶层目录：
# ``pip install '.[hub,tasks]'``。已有权重文件夹时，两个附加项都不需要。
#
# **导入。** 那边从 ``transformers`` 导入分词器和模型，从 ``torch.optim`` 导入优化器；
# 这里都从 ``albert_np`` 导入，见本文件开头。
#
# **加载。** 那边：
#
# ::
#
#     tokenizer = AlbertTokenizer.from_pretrained("albert-base-v2")
#     model = AlbertForSequenceClassification.from_pretrained("albert-base-v2", num_labels=2)
#
# 这里写法相同，名字要写全：``albert/albert-base-v2``。注意它是英文模型，
# 它的词表没有汉字，中文会变成 ``<unk>``。所以下面用刚才预训练的模型：

tokenizer = AlbertTokenizer.from_pretrained(folder)
classifier = AlbertForSequenceClassification.from_pretrained(folder, num_labels=2)
print("\n", classifier.load_report, sep="")                       # 输出头是新的，还没训练

# %%
# **准备数据。** 那边：``tokenizer(texts, padding=True, truncation=True, return_tensors="pt")``。
# 这里总是返回 NumPy 数组。任务：一句话说的是不是中午的事？句首的时间词去掉了，
# 只能从动作判断。

sentences = [(sentence[2:], int(sentence.startswith("中午")))
             for story in stories for sentence in story]
training, testing = sentences[:900], sentences[900:]


def prepare(rows):
    """模型的输入和标签。"""
    inputs = tokenizer([text for text, _ in rows], padding=True, truncation=True)
    return inputs, np.array([label for _, label in rows])


# %%
# **训练。** 那边是 ``loss.backward()``、``optimizer.step()``、``optimizer.zero_grad()``。
# 这里没有自动微分：``forward`` 返回输出和缓存，``backward`` 拿缓存算出梯度树。
# 每次都是新的梯度，不必清零。

optimizer = AdamW(classifier.params, lr=2e-3)
rng = np.random.default_rng(0)
for step in range(40 if quick() else 120):
    rows = [training[i] for i in rng.integers(0, len(training), 16)]
    inputs, targets = prepare(rows)
    result, cache = classifier.forward(**inputs, labels=targets, rng=rng)    # rng：打开 dropout
    grads = classifier.backward(cache)
    clip_by_global_norm(grads, 1.0)
    optimizer.step(classifier.params, grads)

# %%
# **评估。** 那边先 ``model.eval()``。这里不传 ``rng`` 就没有 dropout。
# 分数旁边要有基线：总答“不是”能对多少？

inputs, targets = prepare(testing)
result, _ = classifier.forward(**inputs)
accuracy = (result.logits.argmax(axis=-1) == targets).mean()
print(f"accuracy {accuracy:.2f}, always 'no' {1 - targets.mean():.2f}")
assert accuracy > 1 - targets.mean()

# %%
# **预测。**

new = ["小猫坐在树下。", "老师读了一本书。"]
result, _ = classifier.forward(**tokenizer(new, padding=True))
print(list(zip(new, result.logits.argmax(axis=-1).tolist())))

# %%
# 5 五种应用
# ----------
# 每种应用一条命令。RUN 是 ``albert-np pretrain`` 的输出文件夹；数据换成自己的文件，
# 格式见 ``docs/zh/chinese.md``。命令会在测试集上报告分数、置信区间，和不用神经网络的基线。
# 用模型时：``albert-np predict RUN/...``。

APPLICATIONS = (
    ("文本分类", "CLS.1", "classification --model RUN --data reviews.csv"),
    ("命名实体识别", "CLS.1", "entities --model RUN --data names.conll"),
    ("问答", "SPAN.1", "questions --model RUN --data questions.json"),
    ("句子相似度", "MSE.1", "similarity --model RUN --data pairs.csv"),
    ("机器翻译", "PLM.1", "translation --data english-chinese"))
for name, label, command in APPLICATIONS:
    finetune_parser().parse_args(command.split())                # 写错的命令在这里停下
    print(f"{name}  ({label})  albert-np finetune {command}")

# %%
# 几句实话：
#
# - **分类和实体**：小模型加少量预训练，常常不如 TF-IDF 加线性模型。命令会把两者并排打印，
#   先看基线再下结论。
# - **问答**：抽取式的：答案必须是原文中的一段，模型只预测起点和终点 (SPAN.1)。
#   它不会写出原文没有的话。
# - **相似度**：未经微调的句向量只能粗看，微调之后再用它排序。
# - **翻译**：ALBERT 只有编码器，本来不生成文本。用一张掩码 (PLM.1) 可以让它逐词写出译文
#   （教程 15）。测得的 BLEU 是 34.7，而查最相似的训练句就有 33.5。
#   要做翻译，应当用编码器–解码器模型。
#
# 6–7 展望
# --------
# 文章的展望有四项，每一项都有已知的事实：
#
# - **压缩。** 共享只压缩参数。要更快，得减少层数或宽度：蒸馏、剪枝、量化。
#   量化在 NumPy 里只省存储，不省时间，因为它没有八位整数的快速矩阵乘法。
# - **其他模态。** 编码器只看见 (B, T, H) 的数组，不管它来自词还是图像块。
#   把词嵌入表换成图像块的线性映射，其余各层不用改。ALBERT 论文没有做这件事。
# - **从无标注文本学习。** 掩码语言模型本身就是，它的标签是文本自己。
#   微调仍要标注；标注少时先看基线能做到多少。
# - **可解释性和可靠性。** 注意力权重不是解释，它只说明数值从哪里流过来。
#   教程 20 比较了注意力展开、积分梯度和逐层猜测。模型给出的概率可不可信，要看校准。
#
# 8 常见问题
# ----------
# **选 base 还是 large？** 先用 base。large 的参数不到 base 的两倍，计算却是三倍多：
# 层数加倍，每层的矩阵也更大。内存不够时加 ``--accumulation-steps``，
# 预训练还可以加 ``--recompute``。
#
# **网格搜索还是随机搜索？** 随机搜索。通常只有少数几个超参数要紧，
# 网格把大半次数花在它们的重复取值上。学习率最要紧，按对数刻度取值
# （教程 18，``albert-np search``）。
# 几次运行之间的差别要与换随机种子的差别比较。

large = AlbertConfig.from_name("albert-large-v2")


def operations(config, tokens=128):
    """一次前向传播里矩阵乘法的运算次数。"""
    H, F = config.hidden_size, config.intermediate_size
    layer = 8 * tokens * H * H + 4 * tokens * tokens * H + 4 * tokens * H * F
    return len(config.schedule) * layer


more = parameters(large) / parameters(base), operations(large) / operations(base)
print(f"\nlarge / base: parameters {more[0]:.1f}, operations {more[1]:.1f}")
assert more[0] < 2 < 3 < more[1]

# %%
# **训练时损失停住不降？** 多半停在一元模型的熵上：模型只学会了词频，还没用上注意力。
# 再等一等，或者减小学习率、加长预热（教程 07、10）。
#
# **微调时所有样本得到同一个标签？** 先看预训练的模型：如果它对所有句子给出几乎相同的句向量
# （``albert-np embed``），它在预训练时就学坏了，要用较小的学习率或较长的预热重新训练。
# 否则，已发布的大模型多半是学习率太大，用 1e-5 到 5e-5，先预热；
# 上面这样的小模型多半是学习率太小，或者轮数太少，用 1e-3，多训练几轮。
#
# **中文该用什么模型？** 英文的 ``albert-base-v2`` 不认识汉字。用中文权重，
# 或者像上面那样在自己的文本上预训练。
#
# 练习
# ----
# 1. 论文表 4 还有“只共享注意力”和“只共享前馈网络”。用 ``sharing`` 算出 base 的参数个数，
#    与论文的 64M 和 38M 比较。
# 2. 在 ``gradient`` 里加一个 λ = 2，先写出它与 ``words_only``、``both`` 的关系，再验证。
# 3. 把 ``cross_layer_residual`` 打开，重新预训练。损失变好了吗？换三个随机种子再下结论。
# 4. 找一篇介绍 ALBERT 的文章，用本教程的断言检查它的说法。
