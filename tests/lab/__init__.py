"""The lab: real name servers, web servers and mail programs in a network of their own, around our running service.

One file a server or client; `network.py` is what they all stand on. See README.md.
"""
