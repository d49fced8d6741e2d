"""The member's pages: joining by an invite, the stream, pause, leave, data; all of it works without scripts."""
