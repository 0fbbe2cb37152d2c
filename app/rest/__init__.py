"""REST under ``/v1``: one module a subject, over the functions the pages and the command line call."""
