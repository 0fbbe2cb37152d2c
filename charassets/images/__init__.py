"""Pictures as arrays: decoding, measuring, hashing, cutting out, showing. Knows nothing of models, tables or shards."""
