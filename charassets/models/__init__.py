"""Adapters that put real models behind two small protocols; no other room knows which library runs a model."""
