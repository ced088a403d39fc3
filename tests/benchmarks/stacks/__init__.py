"""One file a stack, run by worker.py in the stack's own environment; none knows the project.

Each has three functions (``hybrid``: with the stack's own lexical searcher beside the vectors):

- ``index(articles, folder, model, hybrid)``: (id, text) pairs → (passages, seconds without
  loading the model); what is to be kept goes into ``folder``;
- ``open(folder, model, hybrid)`` → what ``search`` wants;
- ``search(opened, question, depth)`` → the article id of each of the ``depth`` best passages.
"""
