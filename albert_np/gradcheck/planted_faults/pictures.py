"""Mistakes with patches, and with words and patches in one sequence."""

from .fault import PlantedFault

PATCHES, BOTH = "layers/patch_embeddings.py", "models/words_and_pictures.py"
MASKED = "patch_embeddings, masked patches, dropout"
LOSSES = "words_and_pictures, three losses"

FAULTS = (
    PlantedFault(
        "masked_patches_get_a_gradient", PATCHES,
        old="dprojected = np.where(hidden[:, :, None], 0, ds)",
        new="dprojected = ds",
        wrong="The pixels of masked patches, W and b get a gradient from rows that they did not "
              "influence.",
        concept="the same mask both ways", caught_by=MASKED),
    PlantedFault(
        "mask_vector_of_all_patches", PATCHES,
        old="dmask = ds[hidden].sum(axis=0)",
        new="dmask = ds.sum(axis=(0, 1))",
        wrong="The learnt vector gets the gradient of all patches; only masked ones use it.",
        concept="the same mask both ways", caught_by=MASKED),
    PlantedFault(
        "mask_vector_averaged", PATCHES,
        old="dmask = ds[hidden].sum(axis=0)",
        new="dmask = ds[hidden].mean(axis=0)",
        wrong="The gradients of the masked patches are averaged instead of added up.",
        concept="every row adds its part", caught_by=MASKED),
    PlantedFault(
        "mask_vector_gets_nothing", PATCHES,
        old="dmask = ds[hidden].sum(axis=0)",
        new='dmask = np.zeros_like(params["mask"])',
        wrong="The learnt vector gets no gradient, so it is never learnt.",
        concept="every parameter is checked", caught_by=MASKED),
    PlantedFault(
        "modality_gradient_of_one_patch", PATCHES,
        old="dmodality = ds.sum(axis=(0, 1))",
        new="dmodality = ds.sum(axis=0)[0]",
        wrong="The modality embedding gets the gradient of the first patch alone.",
        concept="sum over all the shared axes", caught_by=MASKED),
    PlantedFault(
        "patch_positions_of_first_sequence", PATCHES,
        old="dposition[:ds.shape[1]] = ds.sum(axis=0)",
        new="dposition[:ds.shape[1]] = ds[0]",
        wrong="The position table gets the gradient of the first picture alone.",
        concept="sum over all the shared axes", caught_by=MASKED),
    PlantedFault(
        "patch_dropout_not_in_backward", PATCHES,
        old="dnormed = dropout_backward(dh, dropout_cache)",
        new="dnormed = dh",
        wrong="The dropout of the patches is forgotten on the way back.",
        concept="the same mask both ways", caught_by=MASKED),
    PlantedFault(
        "patch_gradient_before_layer_norm", PATCHES,
        old="np.where(hidden[:, :, None], 0, ds)",
        new="np.where(hidden[:, :, None], 0, dnormed)",
        wrong="The linear map gets the gradient behind the layer norm instead of the one before "
              "it.",
        concept="chain rule", caught_by=MASKED),
    PlantedFault(
        "patches_not_moved", PATCHES,
        old="x = x.transpose(0, 1, 3, 2, 4, 5) ",
        new="x = x.reshape(x.shape) ",
        wrong="Pixel rows are cut into pieces, but the axes are not exchanged: a patch is a strip.",
        concept="layouts",
        caught_by="layers/test_patch_embeddings.py::test_each_patch_is_a_square_of_the_image"),
    PlantedFault(
        "sequence_cut_at_the_wrong_end", BOTH,
        old="dwords, dpicture = dh[:, :T], dh[:, T:]",
        new="dwords, dpicture = dh[:, -T:], dh[:, :-T]",
        wrong="The words come first in the sequence; the gradient is cut as if they came last.",
        concept="halves of a concatenation", caught_by=LOSSES),
    PlantedFault(
        "pixel_gradient_to_the_words", BOTH,
        old="d_sequence[:, T:][cache.predicted] = drows",
        new="d_sequence[:, :cache.predicted.shape[1]][cache.predicted] = drows",
        wrong="The gradient of the predicted pixels goes to the first rows, which are words.",
        concept="scatter what was gathered", caught_by=LOSSES),
    PlantedFault(
        "word_table_of_captions_without_head", BOTH,
        old='grads["embeddings"]["word"] += dword',
        new='grads["embeddings"]["word"] += 0 * dword',
        wrong="The word table keeps the gradient of the look-up and loses that of the head.",
        concept="every use adds its part", caught_by=LOSSES),
)
