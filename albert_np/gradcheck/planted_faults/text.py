"""Mistakes in masking, segments and batches."""

from .fault import PlantedFault

FAULTS = (
    # ---- text: masking, segments, batches --------------------------------------------------------

    PlantedFault(
        "masking_never_random", "text/masking.py",
        old="np.where(u < 0.8, tokenizer",
        new="np.where(u < 0.9, tokenizer",
        wrong="90 % become [MASK], none a random piece: 80/10/10 mixed up.",
        concept="80/10/10", caught_by="text/test_masking.py::test_hundred_thousand_sequences"),
    PlantedFault(
        "masking_half_random", "text/masking.py",
        old="np.where(u < 0.9, random_ids",
        new="np.where(u < 0.85, random_ids",
        wrong="5 % become a random piece and 15 % stay what they are.",
        concept="80/10/10", caught_by="text/test_masking.py::test_hundred_thousand_sequences"),
    PlantedFault(
        "masking_random_special", "text/masking.py",
        old="tokenizer.ordinary_ids[rng.integers(len(tokenizer.ordinary_ids), size=M)]",
        new="rng.integers(len(tokenizer.is_word_start), size=M)",
        wrong="The random piece may be [CLS], [SEP] or padding.",
        concept="special tokens",
        caught_by="text/test_masking.py::test_hundred_thousand_sequences"),
    PlantedFault(
        "masking_special_tokens", "text/masking.py",
        old="barred[tokenizer.special_ids] = True",
        new="barred[tokenizer.pad_token_id] = True",
        wrong="[CLS] and [SEP] are chosen like words.",
        concept="special tokens", caught_by="text/test_masking.py::test_what_cannot_be_masked"),
    PlantedFault(
        "masking_labels_everywhere", "text/masking.py",
        old="np.where(chosen, input_ids, IGNORED)",
        new="np.where(input_ids >= 0, input_ids, IGNORED)",
        wrong="Every position gets a label, not only the chosen ones.",
        concept="ignored labels", caught_by="text/test_masking.py::test_share_of_all_tokens"),
    PlantedFault(
        "masking_labels_inverted", "text/masking.py",
        old="np.where(chosen, input_ids, IGNORED)",
        new="np.where(chosen, IGNORED, input_ids)",
        wrong="The labels stand where nothing was hidden.",
        concept="ignored labels", caught_by="text/test_masking.py::test_share_of_all_tokens"),
    PlantedFault(
        "masking_labels_after_replacement", "text/masking.py",
        old="np.where(chosen, input_ids, IGNORED)",
        new="np.where(chosen, masked_ids, IGNORED)",
        wrong="The labels are read after the replacement: the answer to [MASK] is [MASK].",
        concept="order of operations",
        caught_by="text/test_masking.py::test_hundred_thousand_sequences"),
    PlantedFault(
        "masking_counts_padding", "text/masking.py",
        old="lengths = (input_ids != tokenizer.pad_token_id).sum(axis=1)",
        new="lengths = np.full(len(input_ids), input_ids.shape[1])",
        wrong="Padding counts for the 15 %, so that short sequences are masked too much.",
        concept="padding", caught_by="text/test_masking.py::test_share_of_all_tokens"),
    PlantedFault(
        "masking_pieces_not_words", "text/masking.py",
        old="begins | barrier if options.do_whole_word_mask else np.ones(len(begins), bool)",
        new="np.ones(len(begins), bool)",
        wrong="Single pieces are masked, and the rest of the word gives them away.",
        concept="whole words",
        caught_by="text/test_masking.py::test_sizes_are_those_of_the_plain_words"),
    PlantedFault(
        "masking_lengths_uniform", "text/masking.py",
        old="p = 1 / np.arange(1, options.ngram + 1)",
        new="p = np.ones(options.ngram)",
        wrong="The lengths of the n-grams are equally likely instead of going with 1/n.",
        concept="n-gram lengths", caught_by="text/test_masking.py::test_lengths_drawn"),
    PlantedFault(
        "masking_ngrams_overlap", "text/masking.py",
        old="overlaps = (self.positions < stop[:, None]) & (self.ends > start[:, None])",
        new="overlaps = (self.positions < stop[:, None]) & (self.ends == stop[:, None])",
        wrong="Only n-grams that end with the chosen one are struck out, so that others may "
              "overlap it.",
        concept="n-gram lengths",
        caught_by="text/test_masking.py::test_ngrams_stay_inside_their_segment_and_apart"),
    PlantedFault(
        "masking_changes_its_input", "text/masking.py",
        old="masked_ids = input_ids.copy()",
        new="masked_ids = input_ids",
        wrong="The original text is overwritten; the next epoch starts from masked text.",
        concept="views and copies",
        caught_by="text/test_masking.py::test_replacement_leaves_its_input_alone"),
    PlantedFault(
        "masking_one_key_for_all_lengths", "text/masking.py",
        old="keys = rng.random((N * B, W))",
        new="keys = np.tile(rng.random((B, W)), (N, 1))",
        wrong="All lengths share the keys of the places: where no long n-gram was chosen, a short "
              "one is chosen too seldom.",
        concept="draws that depend on each other",
        caught_by="text/test_masking.py::test_same_statistics_as_the_plain_version"),
    PlantedFault(
        "permutation_across_rows", "text/masking.py",
        old="order = np.lexsort((rng.random(len(row)), row))",
        new="order = rng.permutation(len(row))",
        wrong="Pieces are permuted among all sequences of the batch.",
        concept="every row for itself",
        caught_by="text/test_masking.py::test_every_order_of_permuted_pieces_is_as_likely"),
    PlantedFault(
        "sentence_order_labels_inverted", "text/segments.py",
        old="IN_ORDER, SWAPPED, RANDOM_NEXT = 0, 1, 1",
        new="IN_ORDER, SWAPPED, RANDOM_NEXT = 1, 0, 0",
        wrong="Swapped pairs are labelled 0 and pairs in order 1.",
        concept="conventions of labels",
        caught_by="text/test_segments.py::test_twenty_thousand_pairs"),
    PlantedFault(
        "sentence_order_label_without_swap", "text/segments.py",
        old="a, b, label = b, a, SWAPPED",
        new="label = SWAPPED",
        wrong="The label says swapped, but nothing was.",
        concept="labels and data belong together",
        caught_by="text/test_segments.py::test_twenty_thousand_pairs"),
    PlantedFault(
        "sentence_order_swap_without_label", "text/segments.py",
        old="a, b, label = b, a, SWAPPED",
        new="a, b = b, a",
        wrong="The segments are swapped, and the label does not say so.",
        concept="labels and data belong together",
        caught_by="text/test_segments.py::test_twenty_thousand_pairs"),
    PlantedFault(
        "sentence_order_rarely_swapped", "text/segments.py",
        old="elif sop and asked and rng.random() < 0.5:",
        new="elif sop and asked and rng.random() < 0.4:",
        wrong="Two pairs in five are swapped instead of one in two.",
        concept="balanced classes",
        caught_by="text/test_segments.py::test_twenty_thousand_pairs"),
    PlantedFault(
        "sentence_order_no_room_for_special", "text/data_options.py",
        old="return self.max_seq_length - 3",
        new="return self.max_seq_length - 2",
        wrong="The pair has three special tokens; there is room for two.",
        concept="off by one",
        caught_by="text/test_segments.py::test_twenty_thousand_pairs"),
    PlantedFault(
        "next_sentence_of_the_same_document", "text/segments.py",
        old="other += other >= d",
        new="other += 0",
        wrong="The random second segment may come from the same document, and is called random.",
        concept="labels and data belong together",
        caught_by="text/test_segments.py::test_next_sentence"),
    PlantedFault(
        "next_sentence_loses_text", "text/segments.py",
        old="stop = middle     ",
        new="pass              ",
        wrong="The sentences whose place a random segment took are never seen.",
        concept="off by one segment",
        caught_by="text/test_segments.py::test_next_sentence"),
    PlantedFault(
        "truncation_from_one_end", "text/segments.py",
        old="a = a + rng.binomial(length_a - keep_a, 0.5)",
        new="a = a + 0",
        wrong="Only the ends of segments are ever cut off.",
        concept="truncation",
        caught_by="text/test_segments.py::test_truncation_takes_from_both_ends"),
    PlantedFault(
        "padding_is_visible", "text/batches.py",
        old="(t < end).astype(np.int8)",
        new="(t < T + 0 * end).astype(np.int8)",
        wrong="The attention mask does not hide the padding.",
        concept="padding", caught_by="text/test_batches.py::test_layout"),
    PlantedFault(
        "segments_split_one_early", "text/batches.py",
        old="(t >= end_a)",
        new="(t >= end_a - 1)",
        wrong="The [SEP] behind the first segment counts as the second segment.",
        concept="off by one", caught_by="text/test_batches.py::test_layout"),
)
