"""The server: the page, HTTP, OpenAI's protocol, MCP and sign-in as one application.

application  all of it as one ASGI application (``app``)
serve        an application on a port
credentials  users, keys and proxies: who may come in
mcp_tools    the tools of the Model Context Protocol
"""
