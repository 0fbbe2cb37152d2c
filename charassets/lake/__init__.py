"""The lake: immutable Parquet fragments, the manifests that name them, and the warehouse derived from them."""
