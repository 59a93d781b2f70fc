"""The layers of ALBERT: combined functions, each backward pass below its forward pass.

Every layer has these two functions::

    y, cache = thing_forward(params, x, ...)        # nothing is stored on an object
    dx, grads = thing_backward(params, dy, cache)   # grads: a tree with the same keys as params

The caller keeps the caches. ALBERT applies one layer L times, so L caches of the same layer exist
at the same time. Read ``embeddings``, ``attention``, ``feed_forward``, ``encoder_layer`` (one
layer), ``encoder`` (the same layer L times: gradients add up), ``pooler``, then ``heads/``.
``patch_embeddings`` takes the place of ``embeddings`` for pictures.
"""

from .attention import attention_backward, attention_forward, merge_heads, split_heads, visible_keys
from .embeddings import embeddings_backward, embeddings_forward
from .encoder import encoder_backward, encoder_forward
from .encoder_layer import (attention_block_backward, attention_block_forward,
                            encoder_layer_backward, encoder_layer_forward,
                            feed_forward_block_backward, feed_forward_block_forward)
from .feed_forward import feed_forward_backward, feed_forward_forward
from .heads.classification_head import classification_head_backward, classification_head_forward
from .heads.masked_lm_head import masked_lm_head_backward, masked_lm_head_forward
from .heads.sentence_order_head import sentence_order_head_backward, sentence_order_head_forward
from .heads.span_head import span_head_backward, span_head_forward
from .heads.squad2_answer import squad_answer_backward, squad_answer_forward
from .heads.squad2_end import squad_end_backward, squad_end_forward
from .heads.squad2_head import squad_head_backward, squad_head_forward
from .patch_embeddings import (patch_embeddings_backward, patch_embeddings_forward, patchify,
                               unpatchify)
from .pooler import pooler_backward, pooler_forward

__all__ = [
    "attention_backward", "attention_block_backward", "attention_block_forward",
    "attention_forward", "classification_head_backward", "classification_head_forward",
    "embeddings_backward", "embeddings_forward", "encoder_backward", "encoder_forward",
    "encoder_layer_backward", "encoder_layer_forward", "feed_forward_backward",
    "feed_forward_block_backward", "feed_forward_block_forward", "feed_forward_forward",
    "masked_lm_head_backward", "masked_lm_head_forward", "merge_heads", "patch_embeddings_backward",
    "patch_embeddings_forward", "patchify", "pooler_backward", "pooler_forward",
    "sentence_order_head_backward", "sentence_order_head_forward", "span_head_backward",
    "span_head_forward", "split_heads", "squad_answer_backward", "squad_answer_forward",
    "squad_end_backward", "squad_end_forward", "squad_head_backward", "squad_head_forward",
    "unpatchify", "visible_keys",
]
