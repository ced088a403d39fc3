"""Answering: a question → events → an answer, quoted or in a language model's checked words.

assistant         ``Assistant`` and ``retrieve``: what everything else asks
found_answers     which words of the best passages answer, and how sure that is
protocols         what the page and the server need of an assistant
answer_options    what a person may choose for one question
edited            what became of a quote whose article was edited since
places            where else the words of a quote were printed
schemas           the JSON of hits, answers and events: command line, HTTP and MCP
citation_markers  ``[n]`` in a text; link_filter: what must not be in one
prompt_texts      the texts of prompts/
"""
