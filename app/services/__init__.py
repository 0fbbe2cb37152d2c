"""Questions and deeds behind the pages: plain functions, no gradio."""
