"""The web channel: WebSocket frames, the slim socket that carries them, and the stream of a member."""
