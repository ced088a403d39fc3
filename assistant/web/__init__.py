"""The web: pages of others, read only where they are public, and only as often as is polite.

addresses   which addresses of the internet may be asked
fetch       a page, from where its name leads
feeds       what a feed, a sitemap or a list names
sync        an index follows what they name
"""
