"""ParsedSentence: what a passage says of a question or a claim.

claims  does what a language model says stand in the passages it was shown? (``judge``)
"""
