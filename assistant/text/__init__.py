"""Text: what can be read off a string, with no article, index or model in sight.

terms            terms of a text, and their form without accents (``terms``, ``fold``)
legacy_encodings  text of the encodings before Unicode: TCVN3, VNI, VISCII, Windows-1258
letters          what looks the same is searched as the same
sentences        text → sentences with offsets; sentence_stream: the same while a text still comes
language         the language of a text
accents          restores the accents of Vietnamese typed without them
likeness         how alike texts are, and where the words of one stand in another
spans            where spans stand when a text is cut or shown on one line
dates, names     how they are written
told_days        the days that words mean: "hôm qua", read against the day of their article
term_rarity      how telling a term is in general; own_texts: the texts that this is counted on
tokens           tokens of cl100k, offline
interface_texts  the words of the page, of exported answers and of the form of the users' names
"""
