"""Reading: a passage and a question or a claim → what the passage says of it.

claims   does what a language model says stand in the passages it was shown? (``judge``)
reader   the trained model at work: question → answers and whether there are any; claim → verdict

What the reader is made of, in the order of the data:

tokens, words, pairs         text → tokens with offsets → the encoder's input; spans → whole words
model, packing               encoder and heads; their weights in one file
examples, own_set, corpus    question sets → examples → arrays
mixture, typing_habits       arrays → what is shown, in which order, as people type
loss, schedule, train        ``python -m assistant.reading.train``
measure                      ``python -m assistant.reading.measure``
"""
