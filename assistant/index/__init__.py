"""The index: articles → passages → vectors and terms, kept in step with one another.

encoder          a model of texts with its prefixes; text_models: model specs → models
bundled_file     the bundled multilingual-e5-small's file, unigram: its tokenizer; compiled_encoder,
                 bundled_encoder: the model itself, by OpenVINO and in torch
question_encoder its upper layers for questions; endpoint_model: one that a server embeds with
packed_weights   weights in one file; blocks: of 4 or 8 bits each
catalog          SQLite: articles, editions, passages, sentences, vectors; the one truth
lexical          BM25 over the catalog's passages (the dense index beside it is the room's own)
index            opens and updates them together (``Index``)
folder           whether there is an index in a folder, and taking it away
view             one state of all three, which is answered from
rebuilding       makes an index anew beside itself
backup           keeps it in one file, and puts it back
doctor           checks and repairs it
errands          what is left to do with files that people sent; files: written whole or not at all
watching         keeps the index in step with folders
"""
