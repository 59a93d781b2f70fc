"""Published models as files: settings and arrays by name, from folders and from the hub.

Read ``file_names``, ``hub`` and ``folders`` (which file is which), then ``stored_tensor``,
``safetensors_file``, ``sharded``, ``quantized_file`` and ``pytorch_file`` (arrays), then
``settings``. ``tensorflow/`` reads the original checkpoints, ``protobuf`` their small records, and
``bert_names`` renames those of BERT. Nothing here knows a model: folders go in, dictionaries come
out.
"""
