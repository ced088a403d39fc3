"""The page: the Gradio chat, its reader and its panels.

chat      parts and events of the page (``build``)
labels    its words in every language, and its addresses
skeleton  what is seen until its scripts have come
theme     its looks; mounts it
"""
