"""Published models as files: settings and arrays by name, from folders and from the hub.

Read ``folders`` (which file is which), ``safetensors_file`` and ``stored_tensor``, ``settings``, then
``hub``; ``tensorflow/`` reads the original checkpoints and ``bert_names`` those of BERT. Nothing
here knows a model: folders go in, dictionaries come out.
"""
