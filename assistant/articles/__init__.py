"""Articles: files of any kind → articles.

files       files and folders → articles (``read_articles``)
document    what a file says before it is an article; tables and lists in plain text
facts       what an article's own text says of it: headline, source, day
metadata    what front matter, sidecar files, columns and records say
text_files  bytes → text
suffixes    which files hold articles
apart       the process in which a stranger's file is read, and what becomes of it
markdown, html (with layout, html_blocks), pdf, word, open_document, rich_text, tables (with
separated, content_blocks), pipe_tables, packed, mails, squad  the formats
damage      why a file cannot be read
"""
