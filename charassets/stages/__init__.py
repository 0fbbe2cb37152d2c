"""The stages of the pipeline in order, the contract they keep, and the runner that feeds them."""
