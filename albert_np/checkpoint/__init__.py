"""Models in and out of folders, under Hugging Face's names."""

from .folder import load_model, load_pretrained, save_model, save_pretrained
from .report import LoadReport

__all__ = ["LoadReport", "load_model", "load_pretrained", "save_model", "save_pretrained"]
