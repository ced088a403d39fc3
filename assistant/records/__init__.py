"""Records: answers that are kept, each with its proof.

exchange            a question and what has become of it, as JSON too
cards               answers to keep; card_rendering: as .html, .md, .json; card_verification: do
                    their quotes still hold?
feedback            what people said of answers → a question set
conversations       conversations of those who sign in
sqlite_file         the SQLite files of all that is written beside an index
"""
