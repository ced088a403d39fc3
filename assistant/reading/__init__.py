"""Reading: a passage and a question or a claim → what the passage says of it.

readings     what is read and what comes of it, as types
shipped      the reader of a folder, weights and calibration: question → answers, claim → verdict
calibration  how likely an answer is right
claim_check  does what a language model says stand in the passages it was shown? (``judge``)

What the reader is made of, in the order of the data:

tokens, words, pairs         text → tokens with offsets → the encoder's input; spans → whole words
reader                       a model's logits → what the passage says
logits, compiled_model       what a model says of pairs; the model by OpenVINO
model, packing               encoder and heads in torch; a run's weights → one file
examples, own_set, corpus    question sets → examples → arrays
mixture, typing_habits       arrays → what is shown, in which order, as people type
loss, schedule, trainer, train        ``python -m assistant.reading.train``
train_questions              how questions are embedded: ``python -m …train_questions``
"""
