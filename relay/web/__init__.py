"""HTTP and WebSocket for staff and members: parse, call the flow, answer."""
