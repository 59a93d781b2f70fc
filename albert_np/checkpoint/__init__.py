"""Models in and out of folders, under Hugging Face's names."""

from .folder import load_model, save_model

__all__ = ["load_model", "save_model"]
