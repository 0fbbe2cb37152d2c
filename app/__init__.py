"""The Gradio app: looks at a workspace through the functions the command line calls, with no logic of its own."""
