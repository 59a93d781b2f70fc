"""What the files of a model are called."""

CONFIG_NAME, WEIGHTS_NAME = "config.json", "model.safetensors"
INDEX_NAME, PICKLE_NAME = "model.safetensors.index.json", "pytorch_model.bin"
QUANTIZED_NAME = "model-int8.safetensors"       # of albert-np quantize
ORIGINAL_CONFIG_NAME = "albert_config.json"
TOKENIZER_NAMES = ("spiece.model", "tokenizer_config.json")
VOCABULARY_NAMES = ("vocab.txt", "vocab_chinese.txt")       # of BERT's WordPiece
